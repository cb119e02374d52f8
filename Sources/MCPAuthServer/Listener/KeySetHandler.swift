// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthHTTP
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import NIOCore
internal import NIOHTTPTypes

/// Serves the public keys with which ``IdentityAssertion`` is verified, at ``path``; passes every other request on.
final class KeySetHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// Where the keys are.
    static let path = "/.well-known/jwks.json"

    private let body: [UInt8]
    /// A request for the keys whose end has not arrived.
    private var request: HTTPRequest?

    init(_ key: SigningKey) {
        body = (["keys": [key.publicJWK]] as JSON).encoded()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (request, unwrapInboundIn(data)) {
        case (nil, .head(let head)) where head.path == Self.path && [.get, .head].contains(head.method):
            request = head
        case (nil, let part): context.fireChannelRead(wrapInboundOut(part))
        case (_?, .head), (_?, .body): return
        case (let request?, .end):
            self.request = nil
            send(to: request, context)
        }
    }

    private func send(to request: HTTPRequest, _ context: ChannelHandlerContext) {
        var head = HTTPResponse(status: .ok)
        head.headerFields = [
            .contentType: "application/jwk-set+json", .cacheControl: "public, max-age=300",
            .contentLength: String(body.count), .accessControlAllowOrigin: "*",
        ]
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method == .get {
            context.write(wrapOutboundOut(.body(context.channel.allocator.buffer(bytes: body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
#endif
