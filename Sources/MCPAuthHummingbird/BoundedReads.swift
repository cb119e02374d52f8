// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import NIOCore

/// Bounds what a connection reads ahead of the program that handles its requests.
///
/// NIO reads up to 64 KiB at once and Hummingbird keeps up to ten such parts of a body that nobody has asked for yet, so a
/// thousand connections can make a server hold hundreds of megabytes before their tokens were even looked at. With this
/// handler a part has at most 4 KiB. Bodies of several megabytes take more turns to read.
///
/// Give it to the server: `.http1(configuration: .init(additionalChannelHandlers: [BoundedReads()]))`.
public final class BoundedReads: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    /// What is read is handed on as it is.
    public typealias InboundIn = NIOAny

    private static let bytes = 4096

    /// A handler for one connection.
    public init() {}

    /// Bounds the reads of the connection, where it is a socket of NIO.
    ///
    /// The streams of an HTTP/2 connection and the channels of NIOTransportServices end the process when they are asked for an
    /// option that they do not have, and there is no other way to ask.
    public func handlerAdded(context: ChannelHandlerContext) {
        guard String(describing: type(of: context.channel)) == "SocketChannel" else { return }
        let options = context.channel.syncOptions
        try? options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.bytes))
        try? options?.setOption(.maxMessagesPerRead, value: 1)
    }
}
#endif
