// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthNIO
internal import NIOCore
internal import NIOHTTPTypes

/// Answers authorized requests with the caller; it takes their bodies and drops them.
final class CallerHandler: ChannelInboundHandler {
    typealias InboundIn = AuthorizedRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let answer: WhoIsCalling
    private var request: (head: HTTPRequest, caller: AuthInfo?)?

    init(_ answer: WhoIsCalling) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head, let caller):
            request = (head, caller)
            context.sendContinue(to: head)
        case .body: return
        case .end:
            guard let (head, caller) = request else { return }
            request = nil
            context.send(answer.response(to: head, of: caller), to: head)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
#endif
