// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
package import NIOCore

/// Closes a connection on which nothing happens for too long, or something takes too long, and one that is to end when it
/// has answered its request.
///
/// The first handler of a connection. It has one timer, not one for each request: at its end the phase that the connection
/// is in decides. HTTP/1.1 connections end here and not in NIO's pipeline handler, which fails an assertion when a
/// connection that is to end has half a head.
package final class ConnectionLife: ChannelInboundHandler {
    package typealias InboundIn = NIOAny

    /// What a connection waits for.
    package enum Phase {
        /// The next request.
        case idle
        /// The rest of the head of a request.
        case head
        /// The rest of its body.
        case body
        /// Its response, until the client has taken it.
        case answer
        /// The first bytes of a connection that speaks HTTP/2 from its beginning.
        case preface
        /// Frames of HTTP/2, whose streams have deadlines of their own.
        case frames
    }

    private let limits: ConnectionLimits
    private let first: Phase
    private var phase = Phase.idle
    private var end = NIODeadline.distantFuture
    /// The time of the read that is under way, so that the clock is read once for all phases of a request.
    private var readTime: NIODeadline?
    private var timer: Scheduled<Void>?
    /// Whether bytes came during the response that no request has begun with yet.
    private var hasReadAhead = false
    /// Whether the connection ends after the request that it has begun.
    package private(set) var isEnding = false

    /// - Parameter first: What a new connection waits for.
    package init(_ limits: ConnectionLimits, first: Phase = .idle) {
        self.limits = limits
        self.first = first
    }

    /// Notes that the connection waits for something else now.
    package func enter(_ next: Phase) {
        if next == .body { hasReadAhead = false }
        phase = next == .idle && hasReadAhead ? .head : next
        end = time(of: phase).map { (readTime ?? .now()) + $0 } ?? .distantFuture
    }

    /// `nil` for no limit.
    private func time(of phase: Phase) -> TimeAmount? {
        switch phase {
        case .idle, .frames: .of(limits.idleSeconds)
        case .head, .preface: .of(limits.headSeconds)
        case .body: .of(limits.bodySeconds)
        case .answer: limits.answerSeconds.map(TimeAmount.of)
        }
    }

    /// The time after which the phase is looked at: not later than the end of the shortest one, which may begin meanwhile.
    private var interval: TimeAmount { min(.of(limits.idleSeconds), .of(limits.headSeconds)) }

    package func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        enter(first)
        schedule(context, after: interval)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        isEnding = true
        switch phase {
        case .idle, .head, .preface: context.close(promise: nil)
        case .body, .answer: break
        case .frames: context.fireUserInboundEventTriggered(event)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        readTime = .now()
        switch phase {
        case .idle: enter(.head)
        case .preface, .frames: enter(.frames)
        case .answer: hasReadAhead = true
        case .head, .body: break
        }
        context.fireChannelRead(data)
        readTime = nil
    }

    private func schedule(_ context: ChannelHandlerContext, after time: TimeAmount) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (life, context) = bound.value
            let now = NIODeadline.now()
            guard now < life.end else { return context.close(promise: nil) }
            life.schedule(context, after: min(life.end - now, life.interval))
        }
    }
}

extension TimeAmount {
    /// At least 0 and at most 30 years.
    package static func of(_ seconds: Double) -> TimeAmount {
        .nanoseconds(seconds > 0 ? Int64(min(seconds, 1e9) * 1e9) : 0)
    }
}
#endif
