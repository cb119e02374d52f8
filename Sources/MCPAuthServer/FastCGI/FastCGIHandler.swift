// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import MCPAuthNIO
internal import NIOCore

/// Answers the FastCGI request of a connection, and closes it.
final class FastCGIHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let endpoint: FastCGIEndpoint
    private let address: String?
    private let life: ConnectionLife
    private var request = FastCGIRequest()
    private var task: Task<Void, Never>?
    private var isAsked = false

    init(_ endpoint: FastCGIEndpoint, address: String?, life: ConnectionLife) {
        self.endpoint = endpoint
        self.address = address
        self.life = life
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAsked else { return }
        do throws(FastCGIRequest.Malformed) {
            guard let parameters = try request.take(unwrapInboundIn(data).readableBytesView) else { return }
            isAsked = true
            life.enter(.answer)
            answer(parameters, context)
        } catch {
            context.close(promise: nil)
        }
    }

    private func answer(_ parameters: FastCGIRequest.Parameters, _ context: ChannelHandlerContext) {
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        task = Task { [endpoint, address] in
            let bytes = await endpoint.response(to: parameters, from: address)
            eventLoop.execute {
                let (handler, context) = bound.value
                let buffer = context.channel.allocator.buffer(bytes: bytes)
                context.writeAndFlush(handler.wrapOutboundOut(buffer)).whenComplete { _ in
                    bound.value.context.close(promise: nil)
                }
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
#endif
