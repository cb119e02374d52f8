// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import NIOCore

/// Limits how much of a request body is read before the handler of the request asks for it.
///
/// NIO reads up to 64 KiB at once, and Hummingbird buffers up to ten such parts of a body that the handler has not
/// asked for. So a thousand connections can use hundreds of megabytes before their tokens are checked. With this
/// handler a part has at most 4 KiB. Bodies of several megabytes then take more reads.
///
/// Add it to the server: `.http1(configuration: .init(additionalChannelHandlers: [BoundedReads()]))`.
public final class BoundedReads: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    /// Everything is passed on unchanged.
    public typealias InboundIn = NIOAny

    private static let bytes = 4096

    /// Creates a handler.
    public init() {}

    /// Limits the reads of the connection, if it is a socket of NIO.
    ///
    /// HTTP/2 streams and the channels of NIOTransportServices crash the process when an option that they do not
    /// support is set, and there is no way to find out which they support.
    public func handlerAdded(context: ChannelHandlerContext) {
        guard String(describing: type(of: context.channel)) == "SocketChannel" else { return }
        let options = context.channel.syncOptions
        try? options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.bytes))
        try? options?.setOption(.maxMessagesPerRead, value: 1)
    }
}
#endif
