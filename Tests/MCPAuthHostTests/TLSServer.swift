// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import MCPAuthConcurrency
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport

/// An HTTPS server on this machine with one of the test certificates.
final class TLSServer: Sendable {
    private let channel: any Channel
    private let answered = Lock(0)

    /// How many requests were answered.
    var count: Int { answered.withLock { $0 } }
    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameters:
    ///   - certificate: The name of a certificate and its key in `Tests/Vectors/tls`.
    ///   - clients: Whether clients need a certificate signed by the test authority.
    ///   - document: Makes the document to serve for a path.
    static func serving<Result>(
        _ certificate: String,
        clients: Bool = false,
        _ document: @escaping @Sendable (_ path: String, _ port: Int) -> [UInt8],
        _ body: (TLSServer) async throws -> Result
    ) async throws -> Result {
        let server = try await TLSServer(certificate, clients, document)
        do {
            let result = try await body(server)
            try await server.channel.close()
            return result
        } catch {
            try? await server.channel.close()
            throw error
        }
    }

    private init(
        _ certificate: String,
        _ needsClientCertificate: Bool,
        _ document: @escaping @Sendable (String, Int) -> [UInt8]
    ) async throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(try Vectors.text("tls/\(certificate).pem").utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(try Vectors.text("tls/\(certificate).key").utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        if needsClientCertificate {
            let authorities = try NIOSSLCertificate.fromPEMBytes(Array(try Vectors.text("tls/ca.pem").utf8))
            configuration.trustRoots = .certificates(authorities)
            configuration.certificateVerification = .noHostnameVerification
        }
        let context = try NIOSSLContext(configuration: configuration)
        let answered = answered
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Answering(answered, document))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answered: Lock<Int>
        private let document: @Sendable (String, Int) -> [UInt8]
        private var path = ""

        init(_ answered: Lock<Int>, _ document: @escaping @Sendable (String, Int) -> [UInt8]) {
            self.answered = answered
            self.document = document
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): path = head.uri
            case .body: break
            case .end:
                answered.withLock { $0 += 1 }
                let body = document(path, context.localAddress?.port ?? 0)
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: .ok,
                    headers: ["content-type": "application/json", "content-length": "\(body.count)"]
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
#endif
