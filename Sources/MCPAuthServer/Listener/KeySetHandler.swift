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

    private let response: RenderedResponse
    /// A request for the keys whose end has not arrived.
    private var request: HTTPRequest?

    /// - Parameter response: The key set, from ``response(with:)``.
    init(_ response: RenderedResponse) {
        self.response = response
    }

    /// The response with a key, for every connection.
    static func response(with key: SigningKey) -> RenderedResponse {
        let fields: HTTPFields = [
            .contentType: "application/jwk-set+json", .cacheControl: "public, max-age=300",
            .accessControlAllowOrigin: "*",
        ]
        let body = (["keys": [key.publicJWK]] as JSON).encoded()
        return RenderedResponse(head: HTTPResponse(status: .ok, headerFields: fields), body: body)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (request, unwrapInboundIn(data)) {
        case (nil, .head(let head)) where head.path == Self.path && [.get, .head].contains(head.method):
            request = head
            context.sendContinue(to: head)
        case (nil, let part): context.fireChannelRead(wrapInboundOut(part))
        case (_?, .head), (_?, .body): return
        case (let request?, .end):
            self.request = nil
            context.send(response, to: request)
        }
    }
}
#endif
