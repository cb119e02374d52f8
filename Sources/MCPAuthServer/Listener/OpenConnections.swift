// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import NIOCore
internal import Synchronization

/// The number of open connections of a listener, for every thread.
final class ConnectionCount: Sendable {
    fileprivate let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .relaxed) }
}

/// The open connections of a listener: accepts no further one while their number is at its maximum, and ends them.
///
/// Used on the event loop of the server socket only. NIO's `ServerQuiescingHelper` cannot end connections that go on for
/// too long.
final class OpenConnections: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let most: Int
    private let count: ConnectionCount
    private var channels: [ObjectIdentifier: any Channel] = [:]
    private var isReadHeld = false
    private var isDraining = false
    /// Fulfilled when no connection is open any more.
    private var drained: EventLoopPromise<Void>?

    init(most: Int, count: ConnectionCount) {
        self.most = most
        self.count = count
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        let id = ObjectIdentifier(channel)
        channels[id] = channel
        count.number.store(channels.count, ordering: .relaxed)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        channel.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            let (connections, context) = bound.value
            connections.channels[id] = nil
            connections.count.number.store(connections.channels.count, ordering: .relaxed)
            connections.finish()
            guard connections.isReadHeld, !connections.isDraining else { return }
            connections.isReadHeld = false
            context.read()
        }
        context.fireChannelRead(data)
        if isDraining { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    func read(context: ChannelHandlerContext) {
        guard channels.count < most else {
            isReadHeld = true
            return
        }
        context.read()
    }

    /// Lets each connection end after the request that it has begun; `drained` is fulfilled after the last one.
    func drain(_ drained: EventLoopPromise<Void>) {
        isDraining = true
        self.drained = drained
        for channel in channels.values { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        finish()
    }

    /// Ends each connection at once.
    func closeAll() {
        for channel in channels.values { channel.close(promise: nil) }
    }

    private func finish() {
        guard channels.isEmpty else { return }
        drained?.succeed()
        drained = nil
    }
}
#endif
