// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthNIO
internal import NIOCore
internal import NIOHTTPTypes

/// Answers each request of a connection with one finished response, one after the other.
///
/// Needs a handler in front that passes on one request at a time, as ``HTTP1Codec`` does.
final class EndpointHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// How requests are answered.
    struct Answer: Sendable {
        /// Answers a request with its whole body.
        let response: @Sendable (HTTPRequest, [UInt8]) async -> RenderedResponse
        /// Answers a request for which nothing must be waited for; `nil` for every other, which ``response`` answers.
        let responseAtOnce: @Sendable (HTTPRequest) -> RenderedResponse?

        init(
            response: @escaping @Sendable (HTTPRequest, [UInt8]) async -> RenderedResponse,
            responseAtOnce: @escaping @Sendable (HTTPRequest) -> RenderedResponse? = { _ in nil }
        ) {
            self.response = response
            self.responseAtOnce = responseAtOnce
        }
    }

    private enum State {
        case idle
        case receiving(HTTPRequest, [UInt8])
        case answering(Task<Void, Never>?)
        /// The connection is about to be closed.
        case refused
    }

    private let mostBytes: Int
    private let report: HTTP1Codec.RefusalReport
    private let answer: Answer
    private var state = State.idle
    /// The requests that have begun to be answered.
    private var requestNumber = 0

    /// - Parameters:
    ///   - mostBytes: The maximum size of a body, in bytes; a longer one gets status 413.
    ///   - report: Reports such a request.
    init(mostBytes: Int, report: @escaping HTTP1Codec.RefusalReport, answer: Answer) {
        self.mostBytes = mostBytes
        self.report = report
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let request)):
            state = .receiving(request, [])
            context.sendContinue(to: request)
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
        if let response = answer.responseAtOnce(request) {
            state = .idle
            return context.send(response, to: request)
        }
        state = .answering(nil)
        requestNumber += 1
        let number = requestNumber
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        let task = Self.startTask { [answer] in
            let response = await answer.response(request, body)
            let send: @Sendable () -> Void = {
                let (handler, context) = bound.value
                guard case .answering = handler.state else { return }
                handler.state = .idle
                context.send(response, to: request)
            }
            if eventLoop.inEventLoop { send() } else { eventLoop.execute(send) }
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
        let response = ResponseWriting.bodyTooLarge.naming(id)
        var head = response.head
        // The codec closes the connection.
        head.headerFields[.connection] = "close"
        context.send(RenderedResponse(head: head, body: response.body), to: request)
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
    /// Asks for the body of a request whose client waits for that (RFC 9110 section 10.1.1).
    func sendContinue(to request: HTTPRequest) {
        guard request.headerFields.contains(.expect) else { return }
        writeAndFlush(NIOAny(HTTPResponsePart.head(HTTPResponse(status: .continue))), promise: nil)
    }

    /// Sends a finished response, without its body for HEAD.
    func send(_ response: RenderedResponse, to request: HTTPRequest) {
        write(NIOAny(HTTPResponsePart.head(response.headWithLength)), promise: nil)
        if !response.body.isEmpty, request.method != .head {
            let body = channel.allocator.buffer(bytes: response.body)
            write(NIOAny(HTTPResponsePart.body(body)), promise: nil)
        }
        writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: nil)
    }
}
#endif
