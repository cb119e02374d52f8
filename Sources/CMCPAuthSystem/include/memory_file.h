// A file that is only in memory: `memfd_create` is a GNU extension, which Swift does not import.
#ifndef MCP_AUTH_MEMORY_FILE_H
#define MCP_AUTH_MEMORY_FILE_H

#include <stddef.h>

/// Creates a file in memory with these bytes, sealed so that no process can change it, not even this one.
///
/// Returns a file descriptor that the caller owns, or -1 with `errno`; always -1 on systems other than Linux.
int mcp_memory_file(const char *name, const void *bytes, size_t count);

/// Whether an open file is a regular one: 1 or 0.
///
/// In a Swift file that imports Foundation, the members of `struct stat` are not always visible.
int mcp_is_regular_file(int descriptor);

/// Whether an open file belongs to this user, and nobody else may read or write it: 1 or 0.
int mcp_is_private_file(int descriptor);

/// Whether an open file is still the one at a path: 1 or 0; 0 also if the path has no file.
int mcp_is_file_at(int descriptor, const char *path);

#endif
