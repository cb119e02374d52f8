// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
package import MCPAuthCore
internal import MCPAuthHTTP
package import NIOCore
package import NIOHTTP1
package import NIOHTTPTypes

/// The server side of an HTTP/1.1 connection behind NIO's parser: passes on one request at a time, writes its response,
/// and refuses what can be read in two ways.
///
/// The parts of the next request wait until the response before is written, and until the client has taken enough of the
/// responses before; while some wait, nothing more is read. A refused request gets status 400, and the connection is closed. It is
/// also closed after a response where the client asks for that (RFC 9112 section 9.3). A body without a length is sent in
/// chunks, so that a client sees when it is cut off. A response to HEAD has no body. Trailers are dropped.
///
/// It takes the place of the handlers of NIO's server pipeline and of its encoder: each part of a response would pass six
/// handlers, which takes longer than most decisions. Fields of swift-http-types need no check before they are written.
package final class HTTP1Codec: ChannelDuplexHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = IOData

    /// Reports a request that is refused before any other handler sees it; returns the id under which it is kept, if it is.
    package typealias RefusalReport = @Sendable (Denial) -> DecisionID?

    private let life: ConnectionLife
    private let report: RefusalReport
    private var reader: RequestHeadReader
    private var output = ResponseBytes()
    /// Parts of the requests after the one that is being answered.
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var isPassing = false
    /// Whether a read was asked for and not passed on.
    private var isReadHeld = false
    /// Whether the client sends nothing more, which was not passed on yet.
    private var isEndHeld = false
    /// Whether the end of the request that was passed on is still to come.
    private var isRequestOpen = false
    /// Whether the end of its response is still to come.
    private var isResponseOpen = false
    private var hasBegunResponse = false
    private var keepsAlive = true
    private var form = RequestForm()
    /// How the end of the response that has begun is shown.
    private var framing = BodyFraming.none
    /// Whether the connection is closed after this request.
    ///
    /// That is when its response has left and its end has come, or more of it than is worth waiting for: a client that is
    /// still sending would else be cut off before it reads the response.
    private var isLast = false
    /// The bytes of the body that came after the end of the response.
    private var unwantedBytes = 0
    /// The responses that are written and have not left.
    private var unsentResponses = 0
    /// What NIO's parser found wrong behind the last part.
    private var invalidity: Diagnosis?
    /// Whether a request was refused here: nothing more of the client counts.
    private var isRefused = false

    private static let mostUnwantedBytes = 2 * 1024 * 1024
    /// The maximum number of parts that wait.
    private static let mostParts = 4096
    /// The parts for which there is always room; room for more is given back.
    private static let keptParts = 64

    package init(scheme: String, life: ConnectionLife, report: @escaping RefusalReport) {
        reader = RequestHeadReader(scheme: scheme)
        self.life = life
        self.report = report
    }

    // MARK: Requests

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let part = unwrapInboundIn(data)
        if waiting.isEmpty, canPass(part, context) { return pass(part, context) }
        // When a client has closed its side, NIO reads what is left without being asked.
        guard waiting.count < Self.mostParts else { return context.close(promise: nil) }
        waiting.append(part)
    }

    /// Passes on that the client sends nothing more: after the requests that wait.
    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent, !waiting.isEmpty {
            isEndHeld = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Whether nothing more of the client counts.
    private var isOver: Bool { isRefused || isLast && !isRequestOpen }

    /// Whether a part is taken now: no further request of a client that does not take the responses before.
    private func canPass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
        guard case .head = part else { return true }
        return !isRequestOpen && !isResponseOpen && context.channel.isWritable
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        passWaiting(context)
        context.fireChannelWritabilityChanged()
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        switch part {
        case .head(let head):
            life.enter(.body)
            (isRequestOpen, isResponseOpen, unwantedBytes) = (true, true, 0)
            guard let read = reader.read(head) else {
                let expected = "one `Host`, and a path or an absolute URL as target"
                let diagnosis = Diagnosis("the head of the request", expected: expected, found: "another head")
                return refuse("the request target or the Host field is ambiguous", diagnosis, context)
            }
            (form, keepsAlive) = (read.form, read.keepsAlive)
            context.fireChannelRead(wrapInboundOut(.head(read.request)))
        case .body(let buffer):
            if !isResponseOpen { unwantedBytes += buffer.readableBytes }
            guard unwantedBytes <= Self.mostUnwantedBytes else { return context.close(promise: nil) }
            context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end:
            isRequestOpen = false
            let isAnswered = isAnswered
            life.enter(isAnswered ? .idle : isResponseOpen ? .answer : .delivery)
            context.fireChannelRead(wrapInboundOut(.end(nil)))
            if isAnswered, isLast || life.isEnding { context.close(promise: nil) }
        }
    }

    /// Whether the response to the last request has left, which may be before the end of the request.
    private var isAnswered: Bool { !isResponseOpen && unsentResponses == 0 }

    /// Passes on the parts that waited, up to the head of a request that must go on waiting.
    private func passWaiting(_ context: ChannelHandlerContext) {
        // One after the other: many requests that arrive together would fill the stack.
        guard !isPassing else { return }
        isPassing = true
        while let first = waiting.first, canPass(first, context) {
            while let part = waiting.first, canPass(part, context) {
                waiting.removeFirst()
                pass(part, context)
            }
            // The next handler may wait for this before it looks at the parts, and answer at once.
            context.fireChannelReadComplete()
        }
        isPassing = false
        if waiting.isEmpty, waiting.capacity > Self.keptParts { waiting = CircularBuffer() }
        refuseIfInvalid(context)
        if waiting.isEmpty, isEndHeld {
            isEndHeld = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        guard isReadHeld, isReadUseful else { return }
        isReadHeld = false
        context.read()
    }

    /// Holds back reads that would only fill the memory: while parts wait, and behind the last request of a connection,
    /// where the parser may keep what it does not parse.
    ///
    /// Not while a response is awaited and nothing waits: that would take two calls of the system for each request.
    package func read(context: ChannelHandlerContext) {
        if isReadUseful { context.read() } else { isReadHeld = true }
    }

    private var isReadUseful: Bool {
        waiting.isEmpty && !isOver && invalidity == nil && (isRequestOpen || keepsAlive)
    }

    // MARK: Refusals

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        invalidity = Diagnosis("the request", expected: "a valid one (RFC 9112)", found: "\(error)".printable)
        refuseIfInvalid(context)
    }

    /// Refuses what the parser did not accept, after the requests before it.
    private func refuseIfInvalid(_ context: ChannelHandlerContext) {
        guard let invalidity, waiting.isEmpty, isRequestOpen || !isResponseOpen, !isOver else { return }
        // This request has its response already.
        if isRequestOpen, !isResponseOpen { return context.close(promise: nil) }
        refuse("the request is not valid", invalidity, context)
    }

    private func refuse(_ description: String, _ diagnosis: Diagnosis, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isRefused = true
        let id = report(Denial(.malformedRequest, status: 400, diagnosis: diagnosis))
        // A response that has begun cannot become another one.
        guard !hasBegunResponse else { return context.close(promise: nil) }
        let response = ResponseWriting.error(.badRequest, "invalid_request", description).naming(id)
        let (_, framing) = output.append(response.headWithLength, to: RequestForm(), closesConnection: true)
        output.append(ByteBuffer(bytes: response.body), framing)
        life.enter(.delivery)
        let sent = context.eventLoop.makePromise(of: Void.self)
        send(sent, context)
        context.flush()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    }

    // MARK: Responses

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isResponseOpen, !isRefused else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            let isFinal = head.status.kind != .informational
            let closesConnection = isFinal && (!keepsAlive || life.isEnding)
            let written = output.append(head, to: form, closesConnection: closesConnection)
            if written.closesConnection { keepsAlive = false }
            if isFinal { (hasBegunResponse, framing) = (true, written.framing) }
            if let promise { send(promise, context) }
        case .body(let buffer):
            output.append(buffer, framing)
            if let promise { send(promise, context) }
        case .end:
            output.appendEnd(framing)
            (isResponseOpen, hasBegunResponse, framing) = (false, false, .none)
            isLast = !keepsAlive || life.isEnding
            let sent = promise ?? context.eventLoop.makePromise()
            unsentResponses += 1
            sent.futureResult.assumeIsolated().whenComplete { _ in self.noteAnswer(context) }
            send(sent, context)
        }
    }

    /// Notes that the response to the last request has left.
    private func noteAnswer(_ context: ChannelHandlerContext) {
        unsentResponses -= 1
        // The next request may have begun, or the rest of this one may be on its way.
        guard isAnswered, !isRequestOpen else { return }
        if isLast || life.isEnding { return context.close(promise: nil) }
        life.enter(.idle)
    }

    /// Sends what was written since the last time.
    private func send(_ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.byteBuffer(output.take())), promise: promise)
    }

    package func flush(context: ChannelHandlerContext) {
        if !output.isEmpty { send(nil, context) }
        context.flush()
        // Nearly every response has left by now.
        if unsentResponses > 0, !isResponseOpen, !isRequestOpen { life.enter(.delivery) }
        passWaiting(context)
    }
}
#endif
