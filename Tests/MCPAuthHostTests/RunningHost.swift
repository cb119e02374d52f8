// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import FlyingFox
import FlyingSocks
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MCPAuth
import MCPAuthTesting
import TestSupport
import MCPAuthDevIssuer
import MCPAuthFlyingFox
import MCPAuthHummingbird
import MCPAuthNIO
import NIOCore

/// The hosts that have an adapter.
enum Host: String, CaseIterable, Sendable {
    case hummingbird
    /// With the codec of MCPAuthNIO, as the next but one.
    case strictHummingbird
    case flyingFox
    case nio
    case strictNIO
    /// The same handlers over HTTP/2, behind a gateway that speaks HTTP/1.1 to clients.
    case nioHTTP2
}

/// A server on loopback, with a real issuer, whose handlers report what they see.
///
/// - `/**` answers with the caller, the resource and the number of bytes in the body.
/// - `/events` below a resource streams events, `/download` chunks; both name the caller in each part, and end after
///   the number of parts in the query, or never.
struct RunningHost: Sendable {
    let host: Host
    let port: Int
    let issuer: DevIssuer
    let mcpAuth: MCPAuth

    var base: String { "http://127.0.0.1:\(port)" }
    var notes: String { base + "/notes" }

    /// Runs a host while `body` runs.
    ///
    /// - Parameters:
    ///   - leeway: The leeway of the issuer, in seconds.
    ///   - limits: The limits of a connection, for the hosts with the codec of MCPAuthNIO.
    ///   - configure: Makes the configuration for a base URL.
    static func run(
        _ host: Host,
        leeway: Double = 60,
        limits: ConnectionLimits = ConnectionLimits(),
        _ configure: (_ base: String, AuthorizationServer) throws -> MCPAuthConfiguration,
        _ body: (RunningHost) async throws -> Void
    ) async throws {
        let issuer = DevIssuer(configuration: .init(autoConsent: true))
        try await issuer.start()
        let port = try FreePort.next()
        let server = AuthorizationServer(
            issuer: IssuerIdentifier(await issuer.issuer),
            discovery: .oauth,
            leeway: leeway
        )
        let mcpAuth = try MCPAuth(try configure("http://127.0.0.1:\(port)", server))
        let serving = Task {
            switch host {
            case .hummingbird: try await serveHummingbird(mcpAuth, port, .http1())
            case .strictHummingbird: try await serveHummingbird(mcpAuth, port, .strictHTTP1(mcpAuth, limits: limits))
            case .flyingFox: try await serveFlyingFox(mcpAuth, port)
            case .nio, .strictNIO:
                try await NIOHost.serveHTTP1(mcpAuth, port, strict: host == .strictNIO ? limits : nil)
            case .nioHTTP2:
                let inner = try FreePort.next()
                async let gateway: Void = HTTP2Gateway.run(at: port, to: inner)
                async let server: Void = NIOHost.serveHTTP2(mcpAuth, inner)
                _ = try await (gateway, server)
            }
        }
        let running = RunningHost(host: host, port: port, issuer: issuer, mcpAuth: mcpAuth)
        let result: Result<Void, any Error>
        do {
            try await running.waitUntilListening()
            result = .success(try await body(running))
        } catch {
            result = .failure(error)
        }
        serving.cancel()
        _ = await serving.result
        await issuer.stop()
        try result.get()
    }

    func token(for resource: String, subject: String = "alice", lifetime: Double = 3600) async throws -> String {
        try await issuer.mintToken(
            subject: subject,
            clientID: "c",
            scope: "s",
            resource: resource,
            lifetime: lifetime
        )
    }

    private func waitUntilListening() async throws {
        for _ in 0..<400 {
            if let answers = try? await RawClient.exchange(
                [Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)],
                port: port
            ),
                !answers.isEmpty
            {
                return
            }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    // MARK: Hummingbird

    private static func serveHummingbird(
        _ mcpAuth: MCPAuth,
        _ port: Int,
        _ server: HTTPServerBuilder
    ) async throws {
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let group = router.group().add(middleware: BearerAuthMiddleware(mcpAuth))
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .head] {
            // Hummingbird does not fall back to `/**` once a path begins like a route of `/calendar`.
            for path in ["/", "/**", "/calendar", "/calendar/**"] as [RouterPath] {
                group.on(path, method: method) { request, context in try await answer(request, context) }
            }
        }
        // A route with its own OPTIONS, unlike the others.
        group.on("/calendar/open", method: .options) { _, _ in "options" }
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .head] {
            group.on("/calendar/open", method: method) { request, context in try await answer(request, context) }
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            server: server,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        )
        try await application.run()
    }

    private static func answer(_ request: Request, _ context: BasicMCPAuthRequestContext) async throws -> Response {
        let path = request.uri.path
        if path.hasSuffix("/conflict") { throw HTTPError(.conflict) }
        if path.hasSuffix("/collect") { _ = try await request.body.collect(upTo: 1000) }
        if path.hasSuffix("/events") || path.hasSuffix("/download") {
            let count = Parts.count(in: request.uri.query)
            let type = path.hasSuffix("/events") ? "text/event-stream" : "application/octet-stream"
            let length = path.hasSuffix("/download") && count != nil ? (count ?? 0) * Parts.size : nil
            let body = ResponseBody(contentLength: length) { writer in
                for number in 0..<(count ?? Int.max) {
                    if number > 0 { try await Task.sleep(for: .milliseconds(20)) }
                    try await writer.write(ByteBuffer(bytes: Parts.part()))
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: type], body: body)
        }
        let bytes = try await request.body.collect(upTo: 4 * 1024 * 1024).readableBytes
        let seen = "\(context.authInfo?.subject ?? "nobody") \(context.authInfo?.resource.description ?? "") \(bytes)"
        guard AuthInfo.current?.subject == context.authInfo?.subject else {
            return Response(status: .internalServerError)
        }
        let text = request.method == .head ? "" : seen
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    // MARK: FlyingFox

    private static func serveFlyingFox(_ mcpAuth: MCPAuth, _ port: Int) async throws {
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: UInt16(port)), logger: .disabled)
        await server.addProtectedResourceMetadata(mcpAuth)
        let handler = ClosureHTTPHandler { request in try await answer(request) }
        await server.appendRoute("*", to: BearerAuthHandler(mcpAuth, protecting: handler))
        try await server.run()
    }

    private static func answer(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        if request.path.hasSuffix("/conflict") {
            return FlyingFox.HTTPResponse(statusCode: HTTPStatusCode(409, phrase: "Conflict"))
        }
        if request.path.hasSuffix("/events") || request.path.hasSuffix("/download") {
            let count = Parts.count(in: request.query.first { $0.name == "parts" }.map { "parts=\($0.value)" })
            let isEvents = request.path.hasSuffix("/events")
            let type = isEvents ? "text/event-stream" : "application/octet-stream"
            let body =
                if let count, !isEvents {
                    HTTPBodySequence(from: PartSequence(count: count), count: count * Parts.size)
                } else {
                    HTTPBodySequence(from: PartSequence(count: count ?? Int.max))
                }
            return FlyingFox.HTTPResponse(statusCode: .ok, headers: [.contentType: type], body: body)
        }
        let info = AuthInfo.current
        let bytes = try await request.bodyData.count
        let text = "\(info?.subject ?? "nobody") \(info?.resource.description ?? "") \(bytes)"
        let isEmpty = request.method == .HEAD || request.method == .OPTIONS
        return FlyingFox.HTTPResponse(statusCode: .ok, body: Data((isEmpty ? "" : text).utf8))
    }
}

/// The parts that are streamed: all of one size, each with the name of the caller.
enum Parts {
    static let size = 8192

    static func part() -> [UInt8] {
        let name = "data: \(AuthInfo.current?.subject ?? "nobody")\n\n"
        return Array((name + String(repeating: " ", count: size - name.utf8.count - 1) + "\n").utf8)
    }

    static func count(in query: String?) -> Int? {
        query.flatMap { $0.hasPrefix("parts=") ? Int($0.dropFirst(6)) : nil }
    }
}

private struct PartSequence: AsyncBufferedSequence {
    typealias Element = UInt8

    let count: Int

    func makeAsyncIterator() -> Iterator { Iterator(count: count) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        private var rest: Int
        private var isFirst = true

        init(count: Int) {
            rest = count
        }

        mutating func next() async throws -> UInt8? { nil }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            guard rest > 0 else { return nil }
            rest -= 1
            if !isFirst { try await Task.sleep(for: .milliseconds(20)) }
            isFirst = false
            return Parts.part()
        }
    }
}
#endif
