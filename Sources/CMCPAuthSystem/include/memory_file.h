// A file that is only in memory: `memfd_create` is a GNU extension, which Swift does not import.
#ifndef MCP_AUTH_MEMORY_FILE_H
#define MCP_AUTH_MEMORY_FILE_H

#include <stddef.h>

/// Creates a file in memory with these bytes, sealed so that no process can change it, not even this one.
///
/// Returns a file descriptor that the caller owns, or -1 with `errno`; always -1 on systems other than Linux.
int mcp_memory_file(const char *name, const void *bytes, size_t count);

#endif
