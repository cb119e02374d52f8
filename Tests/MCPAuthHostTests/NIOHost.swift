// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import HTTPTypes
import MCPAuth
import MCPAuthNIO
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOHTTPTypesHTTP2
import NIOPosix

/// The handlers of ``RunningHost``, written for a NIO server.
enum NIOHost {
    typealias Exchange = NIOAsyncChannel<AuthorizedRequestPart, HTTPResponsePart>

    static func serveHTTP1(_ mcpAuth: MCPAuth, _ port: Int, strict: ConnectionLimits? = nil) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let strict {
                        try pipeline.addStrictHTTP1(mcpAuth, isSecure: false, limits: strict)
                    } else {
                        // Without NIO's handler for pipelined requests: ours must then keep the order of answers.
                        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    }
                    try pipeline.addHandler(AuthorizationHandler(mcpAuth))
                    return try Exchange(wrappingChannelSynchronously: channel)
                }
            }
        try await serve(server) { try await answer(over: $0) }
    }

    static func serveHTTP2(_ mcpAuth: MCPAuth, _ port: Int) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.configureAsyncHTTP2Pipeline(mode: .server) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        let pipeline = stream.pipeline.syncOperations
                        try pipeline.addHandlers(HTTP2FramePayloadToHTTPServerCodec(), AuthorizationHandler(mcpAuth))
                        return try Exchange(wrappingChannelSynchronously: stream)
                    }
                }
            }
        try await serve(server) { multiplexer in
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in multiplexer.inbound {
                    group.addTask { try? await answer(over: stream) }
                }
            }
        }
    }

    static func serve<Connection: Sendable>(
        _ server: NIOAsyncChannel<Connection, Never>,
        _ answer: @escaping @Sendable (Connection) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { try? await answer(connection) }
                }
            }
        }
    }

    private static func answer(over channel: Exchange) async throws {
        try await channel.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while case .head(let request, let authInfo)? = try await parts.next() {
                var count = 0
                while case .body(let buffer)? = try await parts.next() { count += buffer.readableBytes }
                let size = count
                try await AuthInfo.$current.withValue(authInfo) { try await answer(request, size, outbound) }
            }
        }
    }

    private static func answer(
        _ request: HTTPRequest,
        _ bodyCount: Int,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) async throws {
        let target = (request.path ?? "").split(separator: "?", maxSplits: 1).map(String.init)
        let path = target.first ?? ""
        if path.hasSuffix("/conflict") {
            return try await outbound.write(contentsOf: [.head(HTTPResponse(status: .conflict)), .end(nil)])
        }
        if path.hasSuffix("/events") || path.hasSuffix("/download") {
            let count = Parts.count(in: target.dropFirst().first)
            let isEvents = path.hasSuffix("/events")
            var head = HTTPResponse(status: .ok)
            head.headerFields[.contentType] = isEvents ? "text/event-stream" : "application/octet-stream"
            if let count, !isEvents { head.headerFields[.contentLength] = String(count * Parts.size) }
            try await outbound.write(.head(head))
            for number in 0..<(count ?? Int.max) {
                if number > 0 { try await Task.sleep(for: .milliseconds(20)) }
                try await outbound.write(.body(ByteBuffer(bytes: Parts.part())))
            }
            return try await outbound.write(.end(nil))
        }
        let caller = AuthInfo.current
        let text = "\(caller?.subject ?? "nobody") \(caller?.resource.description ?? "") \(bodyCount)"
        let body = ByteBuffer(string: request.method == .head ? "" : text)
        let head = HTTPResponse(status: .ok, headerFields: [.contentLength: String(body.readableBytes)])
        try await outbound.write(contentsOf: [.head(head), .body(body), .end(nil)])
    }
}

/// Accepts HTTP/1.1 and forwards to an HTTP/2 server, with one connection for each client, as gateways do.
enum HTTP2Gateway {
    private typealias Front = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    private typealias Stream = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>
    private typealias Multiplexer = NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    static func run(at port: Int, to inner: Int) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    return try Front(wrappingChannelSynchronously: channel)
                }
            }
        try await NIOHost.serve(server) { try await forward($0, to: inner) }
    }

    private static func forward(_ front: Front, to inner: Int) async throws {
        let multiplexer = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: inner) { channel in
                channel.configureAsyncHTTP2Pipeline(mode: .client) { $0.eventLoop.makeSucceededVoidFuture() }
            }
        try await front.executeThenClose { inbound, outbound in
            let requests = Requests(inbound)
            while let head = try await requests.nextHead() {
                let stream = try await multiplexer.openStream { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTPClientCodec())
                        return try Stream(wrappingChannelSynchronously: stream)
                    }
                }
                let isInStep = try await stream.executeThenClose { responses, body in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            try await body.write(.head(head))
                            // A stream that has ended does not accept the rest.
                            while let part = try await requests.nextOfBody() { try? await body.write(part) }
                        }
                        for try await part in responses { try await outbound.write(part) }
                        try await group.waitForAll()
                        return true
                    }
                }
                guard isInStep else { return }
            }
        }
    }

    // SAFETY: used by one task at a time: the task of the connection, or the task that forwards a body, for which the
    // first one waits.
    private final class Requests: @unchecked Sendable {
        private var parts: NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator
        private var isEnded = true

        init(_ inbound: NIOAsyncChannelInboundStream<HTTPRequestPart>) {
            parts = inbound.makeAsyncIterator()
        }

        func nextHead() async throws -> HTTPRequest? {
            guard case .head(var head)? = try await parts.next() else { return nil }
            isEnded = false
            // Fields that are about one connection are not forwarded (RFC 9113 section 8.2.2).
            for name in [.connection, .transferEncoding] as [HTTPField.Name] {
                head.headerFields[name] = nil
            }
            return head
        }

        func nextOfBody() async throws -> HTTPRequestPart? {
            guard !isEnded, let part = try await parts.next() else { return nil }
            if case .end = part { isEnded = true }
            return part
        }
    }
}
#endif
