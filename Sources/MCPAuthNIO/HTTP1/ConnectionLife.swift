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
        /// Its response, until that is written.
        case answer
        /// The client, which has not taken the whole response yet.
        case delivery
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
    /// The bytes that the client had not taken at the last look.
    private var untaken = Int.max
    /// Whether a read during the response had bytes that no request has begun with yet.
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
        if phase != .delivery { untaken = .max }
        end = time(of: phase).map { (readTime ?? .now()) + $0 } ?? .distantFuture
    }

    /// `nil` for no limit.
    private func time(of phase: Phase) -> TimeAmount? {
        switch phase {
        case .idle, .frames: .of(limits.idleSeconds)
        case .head, .preface: .of(limits.headSeconds)
        case .body: .of(limits.bodySeconds)
        case .answer: limits.answerSeconds.map(TimeAmount.of)
        case .delivery: .of(limits.answerSeconds ?? limits.idleSeconds)
        }
    }

    /// The time after which the phase is looked at: not later than the end of the shortest one, which may begin meanwhile.
    private var interval: TimeAmount {
        let times = [limits.idleSeconds, limits.headSeconds, limits.bodySeconds, limits.answerSeconds ?? .infinity]
        return .of(max(times.min() ?? 0, 0.01))
    }

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
        case .body, .answer, .delivery: break
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
        case .answer, .delivery: hasReadAhead = true
        case .head, .body: break
        }
        context.fireChannelRead(data)
        readTime = nil
    }

    /// Gives a client that took a part of the response since the last look more time.
    private func extendsDelivery(of channel: any Channel) -> Bool {
        guard phase == .delivery, let bytes = try? channel.syncOptions?.getOption(.bufferedWritableBytes) else {
            return false
        }
        defer { untaken = bytes }
        guard bytes < untaken else { return false }
        enter(.delivery)
        return true
    }

    private func schedule(_ context: ChannelHandlerContext, after time: TimeAmount) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (life, context) = bound.value
            let now = NIODeadline.now()
            if now >= life.end, !life.extendsDelivery(of: context.channel) { return context.close(promise: nil) }
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
