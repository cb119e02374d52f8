// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthNIO
internal import NIOCore
internal import NIOHTTP2
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP2
internal import NIOSSL

/// Connections of HTTP/1.1, and with TLS also of HTTP/2.
struct HTTPConnections: Sendable {
    /// Adds the handlers that answer the requests of a connection, or of a stream of HTTP/2.
    typealias AddHandlers = @Sendable (_ channel: any Channel, _ peer: Peer) throws -> Void

    /// The other side.
    struct Peer: Sendable {
        /// Its address; empty if that is not known, `nil` for a unix socket.
        let address: String?
        /// Whether the channel is a connection, and not a stream of HTTP/2.
        let isHTTP1: Bool
    }

    /// The TLS context for the next connection; `nil` for plain HTTP.
    var tls: (@Sendable () -> NIOSSLContext)?
    var limits = ConnectionLimits()
    /// Reports a request that is refused before any handler sees it.
    let report: HTTP1Codec.RefusalReport
    let addHandlers: AddHandlers

    func configure(_ channel: any Channel, _ life: ConnectionLife) throws -> EventLoopFuture<Void> {
        guard let tls else {
            try addHTTP1(channel, life)
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls()))
        let bound = NIOLoopBound(life, eventLoop: channel.eventLoop)
        return channel.configureHTTP2SecureUpgrade(
            h2ChannelConfigurator: { channel in addHTTP2(channel, bound.value) },
            http1ChannelConfigurator: { channel in
                channel.eventLoop.makeCompletedFuture { try addHTTP1(channel, bound.value) }
            }
        )
    }

    private func addHTTP1(_ channel: any Channel, _ life: ConnectionLife) throws {
        try channel.pipeline.syncOperations.addHTTP1Codec(isSecure: tls != nil, life, limits, report: report)
        try addHandlers(channel, Peer(address: channel.peerAddress, isHTTP1: true))
    }

    private func addHTTP2(_ channel: any Channel, _ life: ConnectionLife) -> EventLoopFuture<Void> {
        life.enter(.frames)
        let peer = Peer(address: channel.peerAddress, isHTTP1: false)
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: .of(limits.idleSeconds),
                maxAge: nil,
                maxGraceTime: limits.answerSeconds.map(TimeAmount.of),
                keepalive: nil
            )
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
                    try addHandlers(stream, peer)
                }
            }
            try channel.pipeline.syncOperations.addHandler(management)
        }
    }
}

extension Channel {
    /// The address of the other side; empty if it is not known, `nil` for a unix socket.
    var peerAddress: String? {
        if case .unixDomainSocket? = localAddress { return nil }
        return remoteAddress?.ipAddress ?? ""
    }
}
#endif
