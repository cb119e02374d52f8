// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP2
internal import NIOPosix
internal import NIOSSL

/// One server socket, and how the requests on its connections are answered.
struct HTTPListener: Sendable {
    /// Adds the handlers that answer the requests of a connection, or of a stream of HTTP/2.
    ///
    /// - Parameter address: The address of the other side; `nil` for a unix socket.
    typealias AddHandlers = @Sendable (_ channel: any Channel, _ address: String?) throws -> Void

    let listener: ConfigurationFile.Listener
    /// The TLS context for the next connection; `nil` for plain HTTP.
    var tls: (@Sendable () -> NIOSSLContext)?
    var limits = ConnectionLife.Limits()
    /// The maximum number of open connections.
    var mostConnections = 10_000
    /// The maximum length of the head of a request, in bytes.
    var longestHead = 96 * 1024
    let addHandlers: AddHandlers

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
    func bind(on group: any EventLoopGroup) async throws -> Bound {
        let listener = self
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OpenConnections(most: listener.mostConnections))
                }
            }
            .childChannelInitializer { channel in listener.configure(channel) }
        let isTCP = self.listener.socketPath == nil
        let configured =
            isTCP
            ? bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1) : bootstrap
        return try await Bound(self.listener.bind(configured))
    }

    private func configure(_ channel: any Channel) -> EventLoopFuture<Void> {
        let life = ConnectionLife(limits)
        do {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(life)
            guard let tls else {
                try addHTTP1(channel, life)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            try pipeline.addHandler(NIOSSLServerHandler(context: tls()))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        let bound = NIOLoopBound(life, eventLoop: channel.eventLoop)
        return channel.configureHTTP2SecureUpgrade(
            h2ChannelConfigurator: { channel in addHTTP2(channel, bound.value) },
            http1ChannelConfigurator: { channel in
                channel.eventLoop.makeCompletedFuture { try addHTTP1(channel, bound.value) }
            }
        )
    }

    private func addHTTP1(_ channel: any Channel, _ life: ConnectionLife) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = longestHead
        decoderLimits.maxHeaderListSize = longestHead
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(
            withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoderLimits
        )
        try pipeline.addHandler(StrictHTTP1Codec(scheme: tls == nil ? "http" : "https", life: life))
        try addHandlers(channel, Self.address(of: channel))
    }

    private func addHTTP2(_ channel: any Channel, _ life: ConnectionLife) -> EventLoopFuture<Void> {
        life.enter(.frames)
        let address = Self.address(of: channel)
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(maxIdleTime: limits.idle, maxAge: nil, maxGraceTime: limits.answer, keepalive: nil)
        )
        return channel.eventLoop.makeCompletedFuture {
            _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .server,
                connectionConfiguration: .init(),
                streamConfiguration: .init(),
                streamDelegate: management.http2StreamDelegate
            ) { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPServerCodec())
                    try addHandlers(stream, address)
                }
            }
            try channel.pipeline.syncOperations.addHandler(management)
        }
    }

    private static func address(of channel: any Channel) -> String? {
        channel.remoteAddress?.ipAddress
    }
}
#endif
