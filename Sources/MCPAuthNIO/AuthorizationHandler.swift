// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
public import MCPAuth
public import MCPAuthHTTP
public import NIOCore
public import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// Lets only authorized requests of a channel reach the handlers after it; it answers every other request itself.
///
/// It takes the HTTP types of swift-nio-extras, so it protects an HTTP/1.1 connection (after
/// `addStrictHTTP1(_:isSecure:limits:)` or `HTTP1ToHTTPServerCodec`) and each stream of an HTTP/2 connection (after
/// `HTTP2FramePayloadToHTTPServerCodec`):
///
/// ```swift
/// try channel.pipeline.syncOperations.addStrictHTTP1(mcpAuth, isSecure: true)
/// try channel.pipeline.syncOperations.addHandler(AuthorizationHandler(mcpAuth))
/// let connection = try NIOAsyncChannel<AuthorizedRequestPart, HTTPResponsePart>(wrappingChannelSynchronously: channel)
/// ```
///
/// It serves the metadata of resources and answers preflights. It reads the body of an MCP request up to a bound and passes it
/// on unchanged. The body of a refused request is discarded up to 2 MiB and 5 seconds; then the channel is closed. One
/// request is answered at a time: parts of the next one wait, and while some wait, nothing more is read.
///
/// A response ends when the token of its caller is no longer accepted: an event stream is ended, every other response is
/// broken off, and the channel is closed. A revocation does not end a response; the next request of that caller is refused.
///
/// Needs: a codec that refuses unclear lengths, as NIO's does, and handlers that answer each request they are given. At a
/// resource that does not speak MCP, they also send `100 Continue`. A pipeline with `withServerUpgrade` is not protected: an
/// upgrader answers before this handler sees the request. Not checked: how fast a client sends header fields, for which
/// `addStrictHTTP1` has a deadline.
public final class AuthorizationHandler: ChannelDuplexHandler {
    /// The parts of a request, from a codec.
    public typealias InboundIn = HTTPRequestPart
    /// The parts of an authorized request.
    public typealias InboundOut = AuthorizedRequestPart
    /// The parts of a response.
    public typealias OutboundIn = HTTPResponsePart
    /// The same parts, with the fields that let web pages read them.
    public typealias OutboundOut = HTTPResponsePart

    enum State {
        case idle
        /// The guard has not answered yet.
        case deciding(UndecidedRequest)
        /// The handlers after this one answer.
        case authorized(AuthorizedExchange)
        /// The response is written; the rest of the request is discarded.
        case refused(RefusedRequest)
        case closed
    }

    let mcpAuth: MCPAuth
    let requestGuard: RequestGuard
    var state = State.idle
    /// Parts of the requests after the one that is being answered.
    private var queue = CircularBuffer<HTTPRequestPart>()
    private var isDraining = false
    /// Whether parts were passed on since the last `channelReadComplete` of this handler.
    private var hasPassedParts = false
    /// Whether a read was asked for and not passed on.
    private var isReadHeld = false
    /// Whether the client sends nothing more, which was not passed on yet.
    private var isEndHeld = false
    var isHTTP1 = false

    /// Protects a channel.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine.
    ///   - requestGuard: The guard of one resource, from `MCPAuth.requestGuard(resource:audience:requiredScopes:)`. Without
    ///     one every resource is protected, and each request is routed by its authority and path.
    public init(_ mcpAuth: MCPAuth, requestGuard: RequestGuard? = nil) {
        self.mcpAuth = mcpAuth
        self.requestGuard = requestGuard ?? mcpAuth.requestGuard()
    }

    /// Protects every resource on a channel whose codec is another one.
    package init(_ mcpAuth: MCPAuth, requestGuard: RequestGuard, isHTTP1: Bool) {
        self.mcpAuth = mcpAuth
        self.requestGuard = requestGuard
        self.isHTTP1 = isHTTP1
    }

    /// Looks for the codec of HTTP/1.1, in which a response can say that the connection ends.
    public func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        isHTTP1 =
            isHTTP1 || (try? pipeline.handler(type: HTTP1Codec.self)) != nil
            || (try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self)) != nil
    }

    /// Cancels what is under way.
    public func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    /// Cancels what is under way, and passes the event on.
    public func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    /// Closes the channel when the codec finds an error in a request that is not answered yet; the handlers after this one
    /// deal with others.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        switch state {
        case .authorized, .closed: break
        case .idle, .deciding, .refused: close(context)
        }
    }

    /// Asks for more while this handler itself waits for parts of a request.
    public func channelReadComplete(context: ChannelHandlerContext) {
        hasPassedParts = false
        context.fireChannelReadComplete()
        switch state {
        case .deciding(let undecided) where undecided.isBodyAwaited: context.read()
        case .refused(let refused) where !refused.isRequestEnded: context.read()
        default: break
        }
    }

    /// Passes on that the client sends nothing more: after the requests that wait.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent, mustHoldEnd {
            isEndHeld = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private var mustHoldEnd: Bool {
        if case .deciding = state { return true }
        return !queue.isEmpty
    }

    // MARK: Requests

    /// Takes a part of a request.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        guard queue.isEmpty else { return queue.append(part) }
        take(part, context)
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.idle, .head(let request)): begin(request, context)
        case (.idle, _), (.closed, _): return
        case (_, .head): queue.append(part)
        case (.deciding(let undecided), _): undecided.receive(part)
        case (.authorized(let exchange), _): pass(part, of: exchange, context)
        case (.refused(let refused), .body(let buffer)):
            if !refused.discard(buffer) { close(context) }
        case (.refused(let refused), .end):
            refused.isRequestEnded = true
            finish(refused, context)
        }
    }

    private func pass(_ part: HTTPRequestPart, of exchange: AuthorizedExchange, _ context: ChannelHandlerContext) {
        switch part {
        case .head: return
        case .body(let buffer):
            hasPassedParts = true
            context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end(let trailers):
            hasPassedParts = true
            exchange.isRequestEnded = true
            context.fireChannelRead(wrapInboundOut(.end(trailers)))
            finish(exchange, context)
        }
    }

    /// Takes the parts that waited, up to the head of a request that must go on waiting.
    func drain(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        repeat {
            while let part = queue.first, canTake(part) {
                queue.removeFirst()
                take(part, context)
            }
            // The next handler may wait for this before it looks at the parts. Inside the loop, so that one that answers
            // at once does not make the stack deeper with each request.
            if hasPassedParts {
                hasPassedParts = false
                context.fireChannelReadComplete()
            }
        } while queue.first.map(canTake) ?? false
        if isEndHeld, !mustHoldEnd {
            isEndHeld = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        readHeld(context)
    }

    private func canTake(_ part: HTTPRequestPart) -> Bool {
        guard case .head = part else { return true }
        if case .idle = state { return true }
        return false
    }

    /// Holds back reads that would only fill the memory.
    public func read(context: ChannelHandlerContext) {
        let isUseful =
            switch state {
            case .deciding(let undecided): undecided.isBodyAwaited
            case .authorized(let exchange): queue.isEmpty && !(exchange.isRequestEnded && exchange.isLast)
            case .idle, .refused, .closed: queue.isEmpty
            }
        guard isUseful else {
            isReadHeld = true
            return
        }
        context.read()
    }

    private func readHeld(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        read(context: context)
    }

    // MARK: Decisions

    private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        let openResponse = mcpAuth.openResponse(to: request)
        let action = openResponse == nil ? requestGuard.checkAtOnce(request) : nil
        if case .proceed(let authInfo)? = action { return pass(request, of: authInfo, context) }
        let undecided = UndecidedRequest(request)
        state = .deciding(undecided)
        if let openResponse { return respond(openResponse, to: undecided, context) }
        if let action { return decided(action, undecided, context) }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context, undecided: undecided), eventLoop: eventLoop)
        undecided.task = Self.startTask { [requestGuard] in
            let action = try? await requestGuard.check(request) { mostBytes in
                let body = eventLoop.makePromise(of: CollectedBody.self)
                eventLoop.runSoon {
                    let (handler, context, undecided) = bound.value
                    handler.awaitBody(of: undecided, upTo: mostBytes, body, context)
                }
                return try await body.futureResult.get()
            }
            eventLoop.runSoon {
                let (handler, context, undecided) = bound.value
                handler.decided(action, undecided, context)
            }
        }
    }

    /// Starts on the event loop, so that what can be decided at once is decided before anything else happens there.
    private static func startTask(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        if #available(macOS 26, *) { Task.immediate { await work() } } else { Task { await work() } }
    }

    private func awaitBody(
        of undecided: UndecidedRequest,
        upTo mostBytes: Int,
        _ body: EventLoopPromise<CollectedBody>,
        _ context: ChannelHandlerContext
    ) {
        guard isDeciding(undecided) else { return body.fail(ChannelError.eof) }
        undecided.awaitBody(upTo: mostBytes, body, for: requestGuard.bodySeconds, on: context.eventLoop)
        guard undecided.isBodyAwaited else { return }
        if undecided.awaitsContinue {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.read()
    }

    private func isDeciding(_ undecided: UndecidedRequest) -> Bool {
        guard case .deciding(let current) = state else { return false }
        return current === undecided
    }

    /// - Parameter action: `nil` when the body cannot be read any more.
    private func decided(
        _ action: RequestGuard.Action?,
        _ undecided: UndecidedRequest,
        _ context: ChannelHandlerContext
    ) {
        guard isDeciding(undecided) else { return }
        switch action {
        case .proceed(let authInfo):
            // In front of later requests, and before the head is passed on: a read by the next handler then waits for them.
            for part in undecided.parts.reversed() { queue.prepend(part) }
            pass(undecided.request, of: authInfo, context)
            drain(context)
        case .respond(let response, _):
            respond(mcpAuth.notFoundResponse(to: undecided.request) ?? response, to: undecided, context)
        case nil:
            close(context)
        }
    }

    /// Passes on the head of an allowed request.
    private func pass(_ request: HTTPRequest, of authInfo: AuthInfo?, _ context: ChannelHandlerContext) {
        state = .authorized(AuthorizedExchange(request, authInfo))
        hasPassedParts = true
        context.fireChannelRead(wrapInboundOut(.head(request, authInfo)))
    }

    func isAnswering(_ exchange: AuthorizedExchange) -> Bool {
        guard case .authorized(let current) = state else { return false }
        return current === exchange
    }

    // MARK: End

    func close(_ context: ChannelHandlerContext) {
        end()
        context.close(promise: nil)
    }

    func end() {
        switch state {
        case .deciding(let undecided): undecided.cancel()
        case .authorized(let exchange): exchange.endResponse()
        case .refused(let refused): refused.closing?.cancel()
        case .idle, .closed: break
        }
        state = .closed
        queue.removeAll()
    }
}

extension EventLoop {
    /// Runs `work` now when called on the event loop, and otherwise on it as soon as possible.
    fileprivate func runSoon(_ work: @escaping @Sendable () -> Void) {
        if inEventLoop { work() } else { execute(work) }
    }
}
#endif
