// A process with one connection to this one. It is in C because Swift does not import all that is needed.
#ifndef MCP_AUTH_CHILD_PROCESS_H
#define MCP_AUTH_CHILD_PROCESS_H

#include <sys/types.h>

/// Starts a program as a child in a process group of its own, with a stream socket to this process as its descriptor 3.
///
/// Its standard input is empty, its standard output is the standard error of this process, and it inherits no other
/// descriptor. `environment` is a list of `NAME=value` that a null pointer ends. Returns 0 and sets the process and this
/// end of the socket, which the caller owns, or returns an error number.
int mcp_start_child(const char *path, char *const environment[], pid_t *process, int *socket);

/// Waits until a child has ended, without removing its entry, so that its number cannot be used for another process.
///
/// Returns 0, or an error number if there is no such child.
int mcp_wait_for_child(pid_t process);

/// Removes the entry of a child that has ended. Returns the number of the signal that ended it, or 0 and sets `code`.
int mcp_reap_child(pid_t process, int *code);

/// Removes the entries of other processes of a group whose processes were ended, for at most two seconds.
///
/// They are children of this process if it adopts orphans, as process 1 of a container does.
void mcp_reap_group(pid_t process);

/// Closes a descriptor when this process becomes another program; returns an error number if it is not open.
int mcp_close_on_exec(int descriptor);

#endif
