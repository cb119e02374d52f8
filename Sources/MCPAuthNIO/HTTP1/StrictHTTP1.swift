// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
public import MCPAuth
public import NIOCore
internal import NIOHTTP1

extension ChannelPipeline.SynchronousOperations {
    /// Adds the handlers of an HTTP/1.1 server that refuses what can be read in two ways and ends slow connections.
    ///
    /// In place of NIO's `configureHTTPServerPipeline` and `HTTP1ToHTTPServerCodec`, and faster than these:
    ///
    /// ```swift
    /// try channel.pipeline.syncOperations.addStrictHTTP1(mcpAuth, isSecure: true)
    /// try channel.pipeline.syncOperations.addHandler(AuthorizationHandler(mcpAuth))
    /// ```
    ///
    /// A request without `Host` or with two is answered with 400, and the authority of an absolute target counts (RFC 9112
    /// section 3.2). Each refusal is reported as an event and a decision. The handlers after it receive one request at a
    /// time; while another one waits, nothing more is read. At a `ChannelShouldQuiesceEvent` the connection is closed after the request
    /// that it has begun. Trailers are dropped, and there are no upgrades.
    ///
    /// Needs handlers that answer each request they are given. Not checked: how many connections a server has.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine to which refused requests are reported.
    ///   - isSecure: Whether the connection has TLS: the scheme of its requests is `https` then.
    ///   - limits: What a client may take.
    public func addStrictHTTP1(
        _ mcpAuth: MCPAuth,
        isSecure: Bool,
        limits: ConnectionLimits = ConnectionLimits()
    ) throws {
        let life = ConnectionLife(limits)
        try addHandler(life)
        try addHTTP1Codec(isSecure: isSecure, life, limits) { mcpAuth.report($0) }
    }

    /// Adds NIO's parser, and the codec behind it.
    package func addHTTP1Codec(
        isSecure: Bool,
        _ life: ConnectionLife,
        _ limits: ConnectionLimits,
        report: @escaping HTTP1Codec.RefusalReport
    ) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headBytes
        decoderLimits.maxHeaderListSize = limits.headBytes
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try addHandler(ByteToMessageHandler(decoder))
        try addHandler(HTTP1Codec(scheme: isSecure ? "https" : "http", life: life, report: report))
    }
}
#endif
