// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import NIOCore
internal import NIOHTTPTypes

/// Answers each request of a connection with one finished response, one after the other.
///
/// Needs a handler in front that passes on one request at a time, as NIO's `HTTPServerPipelineHandler` does.
final class EndpointHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// Answers a request with its whole body.
    typealias Answer = @Sendable (HTTPRequest, [UInt8]) async -> RenderedResponse

    private enum State {
        case idle
        case receiving(HTTPRequest, [UInt8])
        case answering(Task<Void, Never>?)
        /// The connection is about to be closed.
        case refused
    }

    private let mostBytes: Int
    private let report: HTTPConnections.RefusalReport
    private let answer: Answer
    private var state = State.idle
    /// The requests that have begun to be answered.
    private var requestNumber = 0
    /// How many responses are being sent inside each other: the end of one makes the handler in front pass on the next
    /// request, whose response may be known at once.
    private var depth = 0

    /// Enough to be fast with a few requests in one read, few enough for the stack.
    private static let mostDepth = 8

    /// - Parameters:
    ///   - mostBytes: The maximum size of a body, in bytes; a longer one gets status 413.
    ///   - report: Reports such a request.
    init(mostBytes: Int, report: @escaping HTTPConnections.RefusalReport, answer: @escaping Answer) {
        self.mostBytes = mostBytes
        self.report = report
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let request)):
            state = .receiving(request, [])
            if request.headerFields[.expect] != nil {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case (.receiving(let request, var body), .body(let buffer)):
            guard body.count + buffer.readableBytes <= mostBytes else { return refuse(request, context) }
            // Without a second reference to the bytes.
            state = .idle
            body.append(contentsOf: buffer.readableBytesView)
            state = .receiving(request, body)
        case (.receiving(let request, let body), .end):
            begin(request, body, context)
        case (.idle, _), (.answering, _), (.receiving, .head), (.refused, _):
            return
        }
    }

    private func begin(_ request: HTTPRequest, _ body: [UInt8], _ context: ChannelHandlerContext) {
        state = .answering(nil)
        requestNumber += 1
        let number = requestNumber
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        let task = Self.startTask { [answer] in
            let response = await answer(request, body)
            let send: @Sendable () -> Void = {
                let (handler, context) = bound.value
                guard case .answering = handler.state else { return }
                handler.state = .idle
                handler.depth += 1
                context.send(response, to: request)
                handler.depth -= 1
            }
            if eventLoop.inEventLoop, bound.value.handler.depth < Self.mostDepth {
                send()
            } else {
                eventLoop.execute(send)
            }
        }
        // It may have been answered already, and so may the next request be under way.
        if number == requestNumber, case .answering = state { state = .answering(task) }
    }

    /// Starts on the event loop, so that what can be decided at once is answered without a change of threads.
    private static func startTask(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, *) { Task.immediate { await work() } } else { Task { await work() } }
    }

    private func refuse(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        state = .refused
        let id = report(Denial(.bodyTooLarge, status: 413))
        var response = ResponseWriting.bodyTooLarge.naming(id)
        if request.method == .head { response = RenderedResponse(head: response.head, body: []) }
        context.send(response, to: request).whenComplete {
            [bound = NIOLoopBound(context, eventLoop: context.eventLoop)] _ in
            bound.value.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .answering(let task) = state { task?.cancel() }
        state = .refused
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

extension ChannelHandlerContext {
    /// Sends a finished response, without its body for HEAD; the result is known when it is written.
    @discardableResult
    func send(_ response: RenderedResponse, to request: HTTPRequest) -> EventLoopFuture<Void> {
        var head = response.head
        if head.status != .noContent, head.status != .notModified, head.headerFields[.contentLength] == nil {
            head.headerFields[.contentLength] = String(response.body.count)
        }
        write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
        if !response.body.isEmpty, request.method != .head {
            let body = channel.allocator.buffer(bytes: response.body)
            write(NIOAny(HTTPResponsePart.body(body)), promise: nil)
        }
        let written = eventLoop.makePromise(of: Void.self)
        writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: written)
        return written.futureResult
    }
}
#endif
