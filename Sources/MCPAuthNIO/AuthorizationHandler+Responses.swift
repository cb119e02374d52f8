// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthHTTP
public import NIOCore
internal import NIOHTTPTypes

/// The responses of a channel: those of the handler itself, those of the handlers after it, and their end.
extension AuthorizationHandler {
    // MARK: Responses of this handler

    func respond(_ response: RenderedResponse, to undecided: UndecidedRequest, _ context: ChannelHandlerContext) {
        let refused = RefusedRequest(
            undecided,
            mustClose: response.closesConnection || undecided.request.stopsTheDecoder
        )
        state = .refused(refused)
        var head = response.headWithLength
        if refused.mustClose, isHTTP1 { head.headerFields[.connection] = "close" }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !response.body.isEmpty {
            context.write(wrapOutboundOut(.body(context.channel.allocator.buffer(bytes: response.body))), promise: nil)
        }
        let bound = NIOLoopBound((handler: self, context: context, refused: refused), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            let (handler, context, refused) = bound.value
            refused.isResponseWritten = true
            handler.finish(refused, context)
        }
        guard isDiscarding(refused) else { return }
        refused.closing = context.eventLoop.scheduleTask(in: RefusedRequest.longestWait) {
            let (handler, context, refused) = bound.value
            if handler.isDiscarding(refused) { handler.close(context) }
        }
        // What is left of the request is wanted, also where nobody else asks for it.
        if !refused.isRequestEnded { context.read() }
    }

    private func isDiscarding(_ refused: RefusedRequest) -> Bool {
        guard case .refused(let current) = state else { return false }
        return current === refused
    }

    func finish(_ refused: RefusedRequest, _ context: ChannelHandlerContext) {
        guard isDiscarding(refused), refused.isResponseWritten else { return }
        if refused.isRequestEnded || refused.awaitsContinue {
            if refused.mustClose { return close(context) }
            refused.closing?.cancel()
            state = .idle
            drain(context)
            if case .idle = state { context.read() }
        }
    }

    // MARK: Responses of the handlers after this one

    /// Takes a part of a response to an authorized request; fails the promise for any other.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .authorized(let exchange) = state, !exchange.isResponseEnded else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if head.status.kind != .informational {
                requestGuard.complete(&head.headerFields, answering: exchange.request)
                if isHTTP1, exchange.isLast { head.headerFields[.connection] = "close" }
                exchange.beginResponse(head)
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            guard !exchange.life.isOver else {
                promise?.fail(ResponseLife.Expired())
                return expire(exchange, context)
            }
            context.write(data, promise: promise)
        case .end(let trailers):
            exchange.endResponse()
            if exchange.isLast {
                end()
                return closeAfter(.end(trailers), promise, context)
            }
            context.write(data, promise: promise)
            finish(exchange, context)
        }
    }

    /// Starts to watch the token when a response is not written in one piece.
    public func flush(context: ChannelHandlerContext) {
        context.flush()
        guard case .authorized(let exchange) = state, exchange.mustBeWatched else { return }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context, exchange: exchange), eventLoop: eventLoop)
        exchange.watch = Task { [life = exchange.life] in
            guard await life.waitUntilOver() else { return }
            eventLoop.execute {
                let (handler, context, exchange) = bound.value
                handler.expire(exchange, context)
            }
        }
    }

    func finish(_ exchange: AuthorizedExchange, _ context: ChannelHandlerContext) {
        guard isAnswering(exchange), exchange.isRequestEnded, exchange.isResponseEnded else { return }
        state = .idle
        drain(context)
    }

    /// Ends the response to a caller whose token is no longer accepted.
    private func expire(_ exchange: AuthorizedExchange, _ context: ChannelHandlerContext) {
        guard isAnswering(exchange), !exchange.isResponseEnded else { return }
        guard exchange.canEndEarly else { return close(context) }
        end()
        closeAfter(.end(nil), nil, context)
        context.flush()
    }

    /// Writes the last part, and closes the channel when it is written or the client does not take it.
    private func closeAfter(
        _ part: HTTPResponsePart,
        _ promise: EventLoopPromise<Void>?,
        _ context: ChannelHandlerContext
    ) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let closing = context.eventLoop.scheduleTask(in: RefusedRequest.longestWait) {
            bound.value.close(promise: nil)
        }
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in
            closing.cancel()
            bound.value.close(promise: nil)
        }
        context.write(wrapOutboundOut(part), promise: written)
    }
}

extension HTTPRequest {
    /// Whether NIO's HTTP/1.1 decoder parses nothing after this request, so that bytes would only accumulate in it.
    var stopsTheDecoder: Bool { method == .connect || headerFields.contains(.upgrade) }
}
#endif
