// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// The server behind a proxy: it answers with what it got.
final class EchoServer: Sendable {
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    init() async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() { channel.close(promise: nil) }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var head: HTTPRequestHead?
    private var byteCount = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, byteCount) = (head, 0)
        case .body(let buffer): byteCount += buffer.readableBytes
        case .end:
            guard let head else { return }
            var lines = ["\(head.method) \(head.uri)", "bytes \(byteCount)"]
            for (name, value) in head.headers { lines.append("\(name.lowercased()): \(value)") }
            let body = context.channel.allocator.buffer(string: lines.joined(separator: "\n"))
            var response = HTTPResponseHead(version: .http1_1, status: .ok)
            response.headers = ["content-type": "text/plain", "content-length": "\(body.readableBytes)"]
            if !head.isKeepAlive { response.headers.add(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let keepsAlive = head.isKeepAlive
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
                if !keepsAlive { bound.value.close(promise: nil) }
            }
        }
    }
}
#endif
