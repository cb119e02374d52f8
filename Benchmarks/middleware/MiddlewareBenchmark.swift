// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && NIO
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import MCPAuth
internal import MCPAuthHummingbird
internal import MCPAuthNIO
internal import MCPAuthTesting
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOPosix

/// A server that `Benchmarks/middleware/measure.py` sends requests to: with or without authorization, on Hummingbird or
/// on NIO alone.
///
/// It prints a token and serves `/notes` until it is ended. Without authorization the handler is the same, and the
/// request too.
@main
struct MiddlewareBenchmark {
    private enum Variant: String {
        case bare
        /// With authorization, and the codec of the host.
        case guarded
        /// With authorization, and the codec of MCPAuthNIO.
        case strict
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[3]), let variant = Variant(rawValue: arguments[2]) else {
            return print("usage: middleware-benchmark hummingbird|nio bare|guarded|strict PORT")
        }
        let resource = "http://127.0.0.1:\(port)/notes"
        let issuer = try TestIssuer(audience: resource)
        let notes = try ResourceConfiguration(resource, authorizationServers: [issuer.server], speaksMCP: false)
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [notes]), fetcher: TestFetcher(issuer))
        // Not with `print`, which keeps what it writes to a pipe.
        try FileHandle.standardOutput.write(contentsOf: Data("\(issuer.token(lifetime: 3600))\n".utf8))
        if arguments[1] == "hummingbird" {
            try await serveHummingbird(mcpAuth, port, variant)
        } else {
            try await serveNIO(mcpAuth, port, variant)
        }
    }

    private static func serveHummingbird(_ mcpAuth: MCPAuth, _ port: Int, _ variant: Variant) async throws {
        let router = Router(context: BasicMCPAuthRequestContext.self)
        if variant != .bare {
            router.group().add(middleware: BearerAuthMiddleware(mcpAuth)).get("notes") { _, _ in "ok" }
        } else {
            router.get("notes") { _, _ in "ok" }
        }
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        let application = Application(
            router: router,
            server: variant == .strict ? .strictHTTP1(mcpAuth) : .http1(),
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        )
        try await application.run()
    }

    private static func serveNIO(_ mcpAuth: MCPAuth, _ port: Int, _ variant: Variant) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if variant == .strict {
                        try pipeline.addStrictHTTP1(mcpAuth, isSecure: false)
                    } else {
                        try pipeline.configureHTTPServerPipeline()
                        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    }
                    if variant != .bare {
                        try pipeline.addHandlers(AuthorizationHandler(mcpAuth), NotesHandler(isEnd: isEndOfAuthorized))
                    } else {
                        try pipeline.addHandler(NotesHandler(isEnd: isEndOfBare))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        try await server.closeFuture.get()
    }
}

/// Answers each request at its end.
private final class NotesHandler<Part>: ChannelInboundHandler {
    typealias InboundIn = Part
    typealias OutboundOut = HTTPResponsePart

    private let isEnd: (Part) -> Bool

    init(isEnd: @escaping (Part) -> Bool) {
        self.isEnd = isEnd
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isEnd(unwrapInboundIn(data)) else { return }
        for part in Notes.parts(context.channel.allocator) { context.write(wrapOutboundOut(part), promise: nil) }
        context.flush()
    }
}

@Sendable private func isEndOfBare(_ part: HTTPRequestPart) -> Bool {
    if case .end = part { true } else { false }
}

@Sendable private func isEndOfAuthorized(_ part: AuthorizedRequestPart) -> Bool {
    if case .end = part { true } else { false }
}

private enum Notes {
    static func parts(_ allocator: ByteBufferAllocator) -> [HTTPResponsePart] {
        let head = HTTPResponse(status: .ok, headerFields: [.contentType: "text/plain", .contentLength: "2"])
        return [.head(head), .body(allocator.buffer(string: "ok")), .end(nil)]
    }
}
#else
@main
struct MiddlewareBenchmark {
    static func main() {
        print("build it with the traits Hummingbird and NIO")
    }
}
#endif
