// A file that is only in memory; the C library offers it as an extension that Swift does not import.
#ifndef MCP_AUTH_MEMORY_FILE_H
#define MCP_AUTH_MEMORY_FILE_H

#include <stddef.h>

/// Makes a file in memory that has these bytes and that nobody can change any more, this process included.
///
/// Returns a file descriptor that the caller owns, or -1 with `errno`; always -1 on systems other than Linux.
int mcp_memory_file(const char *name, const void *bytes, size_t count);

#endif
