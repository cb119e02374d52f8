// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import NIOCore

/// Closes a connection on which nothing happens for too long, or something takes too long, and one that is to end when it
/// has answered its request.
///
/// The first handler of a connection. It has one timer, not one for each request: at its end the phase that the connection
/// is in decides. HTTP/1.1 connections end here and not in NIO's pipeline handler, which fails an assertion when a
/// connection that is to end has half a head.
final class ConnectionLife: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    /// What a connection waits for.
    enum Phase {
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
    /// Whether the connection ends after the request that it has begun.
    private(set) var isEnding = false

    /// - Parameter first: What a new connection waits for.
    init(_ limits: ConnectionLimits, first: Phase = .idle) {
        self.limits = limits
        self.first = first
    }

    /// Notes that the connection waits for something else now.
    func enter(_ phase: Phase) {
        self.phase = phase
        end = (readTime ?? .now()) + time(of: phase)
    }

    private func time(of phase: Phase) -> TimeAmount {
        switch phase {
        case .idle, .frames: .of(limits.idleSeconds)
        case .head, .preface: .of(limits.headSeconds)
        case .body: .of(limits.bodySeconds)
        case .answer: .of(limits.answerSeconds)
        }
    }

    /// The time after which the phase is looked at: not later than the end of the shortest one, which may begin meanwhile.
    private var interval: TimeAmount { min(.of(limits.idleSeconds), .of(limits.headSeconds)) }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        enter(first)
        schedule(context, after: interval)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        isEnding = true
        switch phase {
        case .idle, .head, .preface: context.close(promise: nil)
        case .body, .answer: break
        case .frames: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        readTime = .now()
        switch phase {
        case .idle: enter(.head)
        case .preface, .frames: enter(.frames)
        case .head, .body, .answer: break
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
    static func of(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
}
#endif
