// The protocol of service managers such as systemd: sockets that they pass on, and messages to them. It is in C because
// Swift does not import the macros and unions of socket addresses.
#ifndef MCP_AUTH_SERVICE_MANAGER_H
#define MCP_AUTH_SERVICE_MANAGER_H

#include <stddef.h>

/// Writes the address of a listening stream socket: `127.0.0.1:9000`, `[::1]:9000` or `unix:/path`, with a NUL.
///
/// Returns 0, or -1 if the descriptor is not such a socket or the text does not fit.
int mcp_listening_address(int descriptor, char *text, size_t count);

/// Sends a message to the socket at a path, or with an abstract name after `@`; does not wait.
///
/// Returns 0, or -1 with `errno`.
int mcp_notify(const char *socket_name, const char *message);

/// Creates a stream socket at a path that only this user may connect to from its first moment, and listens.
///
/// A socket that is there already is replaced; any other file is not. Returns a descriptor that the caller owns, or -1 with
/// `errno`.
int mcp_listen_privately(const char *path);

/// Whether the file at a path is a socket of this user that nobody else may connect to: 1 or 0.
int mcp_is_private_socket(const char *path);

#endif
