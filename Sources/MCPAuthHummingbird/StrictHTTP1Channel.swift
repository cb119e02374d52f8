// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import HummingbirdCore
public import Logging
public import MCPAuth
public import MCPAuthNIO
public import NIOCore
public import NIOHTTPTypes

/// A connection of a Hummingbird server with the codec of MCPAuthNIO: what `.strictHTTP1(mcpAuth)` builds.
public struct StrictHTTP1Channel: ServerChildChannel, HTTPChannelHandler {
    /// The parts of requests and responses.
    public typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    /// Answers the requests.
    public let responder: HTTPChannelHandler.Responder
    fileprivate let mcpAuth: MCPAuth
    fileprivate let isSecure: Bool
    fileprivate let limits: ConnectionLimits
    fileprivate let additionalHandlers: @Sendable () -> [any RemovableChannelHandler]

    /// Adds the handlers of a connection.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addStrictHTTP1(mcpAuth, isSecure: isSecure, limits: limits)
            try channel.pipeline.syncOperations.addHandlers(additionalHandlers())
            return try Value(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    /// Answers the requests of a connection until it ends.
    public func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// A server for HTTP/1.1 that refuses what can be read in two ways and ends slow connections.
    ///
    /// In place of Hummingbird's `.http1()`, and faster:
    ///
    /// ```swift
    /// let application = Application(router: router, server: .strictHTTP1(mcpAuth))
    /// ```
    ///
    /// A request without `Host` or with two is answered with 400, and the authority of an absolute target counts (RFC 9112
    /// section 3.2). Connections have deadlines for the head and the body of a request and between two requests. Trailers
    /// are dropped, and there are no upgrades.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine to which refused requests are reported.
    ///   - isSecure: Whether it is the base of a server with TLS: the scheme of requests is `https` then.
    ///   - limits: What a client may take.
    ///   - additionalChannelHandlers: Handlers behind the codec, such as ``MCPAuthHummingbird/BoundedReads``.
    public static func strictHTTP1(
        _ mcpAuth: MCPAuth,
        isSecure: Bool = false,
        limits: ConnectionLimits = ConnectionLimits(),
        additionalChannelHandlers: @autoclosure @escaping @Sendable () -> [any RemovableChannelHandler] = []
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            StrictHTTP1Channel(
                responder: responder,
                mcpAuth: mcpAuth,
                isSecure: isSecure,
                limits: limits,
                additionalHandlers: additionalChannelHandlers
            )
        }
    }
}
#endif
