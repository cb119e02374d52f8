// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import MCPAuth
internal import MCPAuthNIO
internal import NIOCore
internal import NIOPosix

/// One server socket, and what is done with its connections.
struct ServerListener: Sendable {
    /// Adds the handlers of a connection behind its ``ConnectionLife``.
    typealias Configure = @Sendable (any Channel, ConnectionLife) throws -> EventLoopFuture<Void>

    let address: ConfigurationFile.Listener
    var limits = ListenerLimits()
    /// Whether only this user may connect to it, if it is a unix socket.
    var isPrivate = false
    let count = ConnectionCount()
    let configure: Configure

    /// A server socket that listens.
    struct Bound: Sendable {
        let channel: any Channel
        private let connections: NIOLoopBound<OpenConnections>

        fileprivate init(_ channel: any Channel) async throws {
            self.channel = channel
            connections = try await channel.eventLoop.submit {
                let connections = try channel.pipeline.syncOperations.handler(type: OpenConnections.self)
                return NIOLoopBound(connections, eventLoop: channel.eventLoop)
            }.get()
        }

        /// Accepts no more connections, and waits until each has ended after the request that it has begun.
        func drain() async {
            let drained = channel.eventLoop.makePromise(of: Void.self)
            channel.close(promise: nil)
            channel.eventLoop.execute { connections.value.drain(drained) }
            try? await drained.futureResult.get()
        }

        /// Ends everything at once.
        func close() {
            channel.close(promise: nil)
            channel.eventLoop.execute { connections.value.closeAll() }
        }
    }

    /// Listens.
    func bind(on group: any EventLoopGroup, _ manager: ServiceManager?) async throws -> Bound {
        let listener = self
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        OpenConnections(most: listener.limits.connections, count: listener.count)
                    )
                }
            }
            .childChannelInitializer { channel in
                let life = ConnectionLife(listener.limits.connection)
                do {
                    try channel.pipeline.syncOperations.addHandler(life)
                    return try listener.configure(channel, life)
                } catch {
                    return channel.eventLoop.makeFailedFuture(error)
                }
            }
        let isTCP = address.socketPath == nil
        let configured =
            isTCP
            ? bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1) : bootstrap
        return try await Bound(address.bind(configured, isPrivate: isPrivate, manager))
    }
}
#endif
