// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import CMCPAuthSystem
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import NIOCore
internal import NIOPosix

extension ConfigurationFile.Listener {
    /// Binds a server socket to this address, or takes the one that the service manager has bound to it.
    ///
    /// - Parameter isPrivate: Whether only this user may connect to a unix socket.
    /// - Throws: `ConfigurationError` that says why it is not possible.
    func bind(_ bootstrap: ServerBootstrap, isPrivate: Bool, _ manager: ServiceManager?) async throws -> any Channel {
        do {
            if let socket = manager?.socket(for: description) {
                if isPrivate, let socketPath, unsafe mcp_is_private_socket(socketPath) != 1 {
                    let message =
                        "`\(socketPath.printable)` is open to others, expected a socket with mode 0600 of this user"
                    throw ConfigurationError(.cannotListen, message)
                }
                return try await bootstrap.withBoundSocket(socket).get()
            }
            if isPrivate, let socketPath {
                let socket = unsafe mcp_listen_privately(socketPath)
                guard socket >= 0 else { throw IOError(errnoCode: errno, reason: "listen") }
                return try await bootstrap.withBoundSocket(socket).get()
            }
            guard let socketPath else { return try await bootstrap.bind(host: host, port: port).get() }
            let channel = bootstrap.bind(unixDomainSocketPath: socketPath, cleanupExistingSocketFile: true)
            return try await channel.get()
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(.cannotListen, "cannot serve on \(self): \(Self.reason(error))")
        }
    }

    /// Why the server cannot listen on the address, in words.
    private static func reason(_ error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "the address is in use by another program"
        case EADDRNOTAVAIL: "this machine has no such address"
        case EACCES: "ports below 1024, and files of others, need more rights than this program has"
        case ENOENT, ENOTDIR: "there is no such directory"
        default: "\(error)"
        }
    }
}
#endif
