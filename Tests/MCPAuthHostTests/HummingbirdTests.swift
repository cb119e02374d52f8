// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
import Hummingbird
import Logging
import MCPAuth
import MCPAuthHummingbird
import NIOCore
import MCPAuthTesting
import TestSupport
import Testing

/// What is specific to Hummingbird: groups of routes, errors that handlers throw, and bodies that nobody reads.
@Suite struct HummingbirdTests {
    private static let good = "Authorization: Bearer good\r\n"
    private static let page = "Origin: https://app.example\r\n"

    @Test func `a preflight is answered for a route of a protected group, and not for other routes`()
        async throws
    {
        try await Self.run { port in
            let preflight = Self.page + "Access-Control-Request-Method: GET\r\n"
            for (path, status) in [
                ("/notes/whoami", 204), ("/notes", 204), ("/notes/nothing", 204), ("/open", 404), ("/notesx", 404),
            ] {
                let answer = try await Self.send("OPTIONS \(path)", preflight, port)
                #expect(answer.status == status, "\(path)")
                #expect((answer["access-control-allow-methods"] != nil) == (status == 204), "\(path)")
            }
            #expect(try await Self.send("OPTIONS /notes/whoami", Self.page, port).status == 404)
            #expect(try await Self.send("GET /open", "", port).text == "open")
        }
    }

    @Test func `an error thrown by a handler keeps its status, and a web page can read it`() async throws {
        try await Self.run { port in
            let conflict = try await Self.send("GET /notes/conflict", Self.good + Self.page, port)
            #expect(conflict.status == 409 && conflict.text.contains("twice"))
            #expect(conflict["access-control-allow-origin"] == "*" && conflict["etag"] == "1")
            let bug = try await Self.send("GET /notes/bug", Self.good, port)
            #expect(bug.status == 500 && !bug.text.contains("secret"))
        }
    }

    @Test func `a body that is too large for a handler gets our own 413 answer`() async throws {
        try await Self.run { port in
            let body = String(repeating: "x", count: 5000)
            let answer = try await Self.send("POST /notes/small", Self.good, port, body: body)
            #expect(answer.status == 413)
            #expect(answer["access-control-allow-origin"] == "*" && answer["content-type"] == "application/json")
            #expect(answer.text.hasPrefix(#"{"error":"request_too_large""#))
        }
    }

    @Test func `a client that waits for 100 Continue is refused and disconnected`() async throws {
        try await Self.run { port in
            let head =
                "POST /notes/small HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n"
                + "Authorization: Bearer bad\r\n\r\n"
            let next = "GET /open HTTP/1.1\r\nHost: h\r\n\r\n"
            let answers = try await RawClient.exchange([Array(head.utf8), Array(next.utf8)], port: port)
            #expect(answers.map(\.status) == [401])
        }
    }

    @Test func `a connection stays open after a refusal when the body was small or read to its end`() async throws {
        try await Self.run { port in
            for (path, token, bytes) in [("small", "bad", 1000), ("small", "bad", 900_000), ("small", "bad", 0)] {
                let head =
                    "POST /notes/\(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(bytes)\r\nAuthorization: Bearer \(token)\r\n\r\n"
                let request = Array((head + String(repeating: "x", count: bytes)).utf8)
                let next = Array("GET /open HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
                let answers = try await RawClient.exchange([request, next], port: port)
                #expect(answers.map(\.status) == [401, 200], "\(bytes)")
            }
        }
    }

    @Test func `bodies in pieces and responses without content are passed on unchanged`() async throws {
        try await Self.run { port in
            let pieces = try await Self.send("GET /notes/pieces", Self.good, port)
            #expect(pieces.text == "alice alice alice" && pieces["content-length"] == "17")
            let empty = try await Self.send("GET /notes/empty", Self.good, port)
            #expect(empty.status == 204 && empty.body.isEmpty)
        }
    }

    private static func run(_ body: (Int) async throws -> Void) async throws {
        let port = try FreePort.next()
        let name = "http://api.example.com/notes"
        var resource = try ResourceConfiguration(name, authorizationServers: [], speaksMCP: false)
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("test") { token, _ in
                    guard token.dangerouslyRevealed == "good" else { return .rejected() }
                    return .verified(
                        try TokenEvidence(parsing: Array(#"{"sub":"alice","aud":"\#(name)","exp":4102444800}"#.utf8))
                    )
                },
                issuer: "urn:test"
            )
        ]
        let mcpAuth = try MCPAuth(protectedResources: [resource])
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        router.get("open") { _, _ in "open" }
        router.get("notesx") { _, _ in "other" }
        struct Bug: Error, CustomStringConvertible { let description = "secret" }
        try router.group("notes").add(middleware: BearerAuthMiddleware(mcpAuth, resource: name))
            .get("whoami") { _, context in context.authInfo?.subject ?? "nobody" }
            .get("conflict") { _, _ -> Response in
                throw HTTPError(.conflict, headers: [.eTag: "1"], message: "twice")
            }
            .get("bug") { _, _ -> Response in throw Bug() }
            .post("small") { request, _ in "\(try await request.body.collect(upTo: 1000).readableBytes)" }
            .get("empty") { _, _ in Response(status: .noContent) }
            .get("pieces") { _, _ in
                let body = ResponseBody(contentLength: 17) { writer in
                    let name = AuthInfo.current?.subject ?? "nobody"
                    try await writer.write(ByteBuffer(string: name + " "))
                    try await writer.write(contentsOf: [ByteBuffer(string: name + " "), ByteBuffer(string: name)])
                    try await writer.finish(nil)
                }
                return Response(status: .ok, body: body)
            }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        )
        let serving = Task { try await application.run() }
        for _ in 0..<400 {
            if let answer = try? await send("GET /open", "", port), answer.status == 200 { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(port))
        } catch {
            result = .failure(error)
        }
        serving.cancel()
        _ = await serving.result
        try result.get()
    }

    private static func send(
        _ line: String,
        _ fields: String,
        _ port: Int,
        body: String = ""
    ) async throws -> RawClient.Answer {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let request = "\(line) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(fields)\(length)\r\n\(body)"
        return try #require(try await RawClient.exchange([Array(request.utf8)], port: port).first)
    }
}
#endif
