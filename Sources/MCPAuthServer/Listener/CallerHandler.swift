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
            if head.headerFields[.expect] != nil {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: return
        case .end:
            guard let (head, caller) = request else { return }
            request = nil
            send(answer.response(to: head, of: caller), to: head, context)
        }
    }

    private func send(_ response: RenderedResponse, to request: HTTPRequest, _ context: ChannelHandlerContext) {
        var head = response.head
        head.headerFields[.contentLength] = String(response.body.count)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .head {
            context.write(wrapOutboundOut(.body(context.channel.allocator.buffer(bytes: response.body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
#endif
