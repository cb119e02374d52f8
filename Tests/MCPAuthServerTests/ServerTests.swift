// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import MCPAuth
import MCPAuthConcurrency
import MCPAuthNIO
import MCPAuthServer
import MCPAuthSigning
import MCPAuthTesting
import Testing

/// The listeners of `mcp-auth serve`, as bytes on connections.
@Suite(.serialized) struct ServerTests {
    /// A running server whose forward-auth listener takes questions of Caddy.
    struct Running: Sendable {
        let clients: Int
        let verify: Int
        let serving: Task<Void, any Error>
        /// The reasons of refusals.
        let reasons: Lock<[String]>

        func verify(_ requests: [String], seconds: Double = 5) async throws -> [RawClient.Answer] {
            try await RawClient.exchange(requests.map { Array($0.utf8) }, port: verify, seconds: seconds)
        }

        func ask(_ requests: [String], seconds: Double = 5) async throws -> [RawClient.Answer] {
            try await RawClient.exchange(requests.map { Array($0.utf8) }, port: clients, seconds: seconds)
        }
    }

    static func settings(
        _ proxy: ForwardAuthSettings.Proxy = .caddy,
        at address: String = "127.0.0.1:0",
        sendsBody: Bool = false
    ) throws -> ServerSettings {
        var settings = ServerSettings(listener: try #require(ConfigurationFile.Listener("127.0.0.1:0")))
        let listener = try #require(ConfigurationFile.Listener(address))
        settings.forwardAuth = [ForwardAuthSettings(listener, proxy: proxy, sendsBody: sendsBody)]
        return settings
    }

    static func run(
        _ limits: ListenerLimits = ListenerLimits(),
        _ settings: ServerSettings? = nil,
        _ body: (Running) async throws -> Void
    ) async throws {
        let settings = try settings ?? Self.settings()
        let sockets = Lock<[DecisionServer.ListeningSocket]>([])
        let door = try ProxyDoor(.caddy)
        var server = try DecisionServer(
            settings,
            mcpAuth: door.mcpAuth,
            onEvent: { _ in },
            onListening: { bound in sockets.withLock { $0 = bound } }
        )
        server.limits = limits
        let serving = Task { [server] in try await server.run() }
        defer { serving.cancel() }
        while sockets.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        let ports = sockets.withLock { $0.map { $0.port ?? 0 } }
        try await body(Running(clients: ports[0], verify: ports[1], serving: serving, reasons: door.reasons))
    }

    static func question(
        _ line: String = "GET /verify HTTP/1.1",
        host: String = "Host: auth\r\n",
        _ more: String = ""
    )
        -> String
    {
        "\(line)\r\n\(host)X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /mcp\r\nX-Forwarded-Host: mcp.example\r\n"
            + "Authorization: Bearer good\r\n\(more)\r\n"
    }

    @Test func `a proxy asks many times over one connection`() async throws {
        try await Self.run { server in
            let answers = try await server.verify(Array(repeating: Self.question(), count: 20))
            #expect(answers.map(\.status) == Array(repeating: 200, count: 20))
            #expect(answers.allSatisfy { $0["x-auth-subject"] == "alice" })
        }
    }

    @Test func `requests that arrive together are answered in order, however many they are`() async throws {
        try await Self.run { server in
            let bad = Self.question().replacing("good", with: "bad")
            let many = (0..<2000).map { $0 % 2 == 0 ? Self.question() : bad }.joined()
            let last = Self.question("GET /verify HTTP/1.1", "Connection: close\r\n")
            let answers = try await RawClient.exchange(
                [Array((many + last).utf8)] + Array(repeating: [], count: 2000),
                port: server.verify,
                seconds: 20
            )
            #expect(answers.map(\.status) == (0..<2000).map { $0 % 2 == 0 ? 200 : 401 } + [200])
        }
    }

    @Test(arguments: [
        "GET /verify HTTP/1.1\r\n", "GET /verify HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nhost: b\r\n", "GET /verify HTTP/1.0\r\n",
        "GET verify HTTP/1.1\r\nHost: a\r\n",
        "GET http:verify HTTP/1.1\r\nHost: a\r\n", "GET http:// HTTP/1.1\r\nHost: a\r\n",
        "GET ftp://a/verify HTTP/1.1\r\nHost: a\r\n", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n",
        "GET /verify HTTP/1.1\r\nHost : a\r\n", "GET /verify HTTP/1.1\r\nHost: a\r\n folded: x\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "GET /verify HTTP/3.0\r\nHost: a\r\n", "G ET /verify HTTP/1.1\r\nHost: a\r\n",
    ])
    func `E7, E14: a head that can be read in two ways is 400, and ends the connection`(head: String) async throws {
        try await Self.run { server in
            for port in [server.verify, server.clients] {
                let next = Array(Self.question().utf8)
                let answers = try await RawClient.exchange([Array("\(head)\r\n".utf8), next], port: port, seconds: 5)
                #expect(answers.count <= 1 && answers.allSatisfy { $0.status == 400 }, "\(answers.map(\.status))")
            }
        }
    }

    @Test func `thousands of requests for the key set that arrive together are answered in order`() async throws {
        var settings = try Self.settings()
        settings.identity.assertion = AssertionSettings(key: try SigningKey(.es256), issuer: "https://auth.example")
        try await Self.run(ListenerLimits(), settings) { server in
            let many = String(repeating: "GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n", count: 5000)
            let last = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answers = try await RawClient.exchange(
                [Array((many + last).utf8)] + Array(repeating: [], count: 5000),
                port: server.clients,
                seconds: 30
            )
            #expect(answers.count == 5001 && answers.allSatisfy { $0.status == 200 })
            #expect(answers.last?.text.contains(#""kty":"EC""#) == true)
        }
    }

    @Test func `what is refused before a guard sees it is counted once`() async throws {
        for (head, reason) in [
            ("GET /verify HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "malformed_request"),
            ("GET /verify HTTP/1.1\r\nHost : a\r\n", "malformed_request"),
            ("POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789", "body_too_large"),
        ] {
            try await Self.run { server in
                _ = try await server.verify(["\(head)\r\n"])
                #expect(server.reasons.withLock { $0 } == [reason], "\(head)")
            }
        }
    }

    @Test func `the authority of an absolute target counts, and not that of the Host field`() async throws {
        try await Self.run { server in
            let field = "Authorization: Bearer good\r\n"
            let message = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
            let tail = "\(field)Content-Length: \(message.utf8.count)\r\n\r\n\(message)"
            let own = try await server.ask(["POST http://mcp.example/mcp HTTP/1.1\r\nHost: evil.example\r\n\(tail)"])
            #expect(own.first?.status == 200)
            let other = try await server.ask(["POST http://evil.example/mcp HTTP/1.1\r\nHost: mcp.example\r\n\(tail)"])
            #expect(other.first?.status == 404)
        }
    }

    @Test(arguments: ["GET /verify HTTP/1.0", "GET /verify HTTP/1.1"])
    func `a connection ends where the client asks for it`(
        line: String
    ) async throws {
        try await Self.run { server in
            let more = line.hasSuffix("1.1") ? "Connection: close\r\n" : ""
            let answers = try await server.verify([Self.question(line, more), Self.question()])
            #expect(answers.map(\.status) == [200] && answers[0]["connection"] == "close")
        }
    }

    @Test(arguments: ["GET /verify HTTP/1.1", "CONNECT /verify HTTP/1.1"])
    func `E20: a connection after which nothing could be read any more is closed`(line: String) async throws {
        try await Self.run { server in
            let first = Self.question(line, "Connection: Upgrade\r\nUpgrade: websocket\r\n")
            let answers = try await server.verify([first, Self.question()])
            #expect(answers.count == 1 && answers[0]["connection"] == "close")
        }
    }

    @Test func `E20: slow and idle connections are closed at their deadlines`() async throws {
        var limits = ListenerLimits()
        (limits.connection.idleSeconds, limits.connection.headSeconds, limits.connection.bodySeconds) = (0.6, 0.3, 0.3)
        try await Self.run(limits, Self.settings(.traefik, sendsBody: true)) { server in
            for start in [
                "", "GET /ver", Self.question().dropLast(2) + "",
                Self.question("POST /verify HTTP/1.1", "Content-Length: 9\r\n"),
            ] {
                let began = Date.now
                let answers = try await server.verify([start], seconds: 10)
                #expect(answers.isEmpty, "\(start)")
                #expect(Date.now.timeIntervalSince(began) < 5, "\(start)")
            }
        }
    }

    @Test func `a head or a body that is too long is refused`() async throws {
        try await Self.run { server in
            let long = Self.question("GET /verify HTTP/1.1", "X-Long: \(String(repeating: "x", count: 200_000))\r\n")
            let answers = try await server.verify([long])
            #expect(answers.allSatisfy { [400, 431].contains($0.status) } && answers.count <= 1)
            let body = Self.question("GET /verify HTTP/1.1", "Content-Length: 5\r\n") + "12345"
            #expect(try await server.verify([body]).map(\.status) == [413])
        }
    }

    @Test func `E2: a token that is too long for the engine, but not for the head, is 431`() async throws {
        var limits = ListenerLimits()
        limits.connection.headBytes = 300_000
        try await Self.run(limits) { server in
            let long = Self.question().replacing("good", with: String(repeating: "a", count: 200_000))
            let answers = try await server.verify([long])
            #expect(answers.map(\.status) == [431])
        }
    }

    @Test func `no more connections are served than are allowed, and others wait`() async throws {
        var limits = ListenerLimits()
        limits.connections = 2
        limits.connection.idleSeconds = 1
        try await Self.run(limits) { server in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await server.verify([Self.question()], seconds: 20).first?.status ?? 0 }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func `E19: a listener for proxies serves nothing else, and that for clients answers no proxy`() async throws {
        try await Self.run { server in
            for path in ["/", "/healthz", "/metrics", "/mcp", "/.well-known/oauth-protected-resource/mcp"] {
                let status = try await server.verify([Self.question("GET \(path) HTTP/1.1")]).first?.status
                #expect(status == 404, "\(path)")
            }
            let status = try await server.ask([Self.question("GET /mcp HTTP/1.1", host: "Host: mcp.example\r\n")])
            #expect(status.first?.status == 403)
        }
    }

    private static func curl(_ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let process = Process()
                        process.executableURL = URL(filePath: "/usr/bin/env")
                        process.arguments = ["curl", "-s", "-m", "10"] + arguments
                        let output = Pipe()
                        process.standardOutput = output
                        try process.run()
                        let data = output.fileHandleForReading.readDataToEndOfFile()
                        return String(decoding: data, as: UTF8.self)
                    }
                )
            }
        }
    }

    private static let certificates = #filePath.replacing("/MCPAuthServerTests/ServerTests.swift", with: "/Vectors/tls")

    @Test(arguments: [("--http1.1", "1.1"), ("--http2", "2")]) func `clients are served over TLS`(
        option: String,
        version: String
    ) async throws {
        var settings = try Self.settings()
        settings.tls = ListenerTLS(
            certificate: Self.certificates + "/server.pem",
            privateKey: Self.certificates + "/server.key",
            clientAuthorities: Self.certificates + "/ca.pem"
        )
        try await Self.run(ListenerLimits(), settings) { server in
            let url = "https://mcp.example:\(server.clients)"
            let common = [
                "-k", option, "--resolve", "mcp.example:\(server.clients):127.0.0.1", "-w",
                " %{http_code} %{http_version}",
            ]
            let host = ["-H", "Host: mcp.example"]
            let answer = try await Self.curl(
                common + host + ["-H", "Authorization: Bearer good", "-d", "{}", url + "/public"]
            )
            #expect(answer.hasSuffix(" 200 \(version)"), "\(answer)")
            let metadata = try await Self.curl(
                common + host + [url + "/.well-known/oauth-protected-resource/mcp"]
            )
            #expect(metadata.contains("https://mcp.example/mcp") && metadata.hasSuffix(" 200 \(version)"))
            let identity = ["--cert", Self.certificates + "/client.pem", "--key", Self.certificates + "/client.key"]
            let known = try await Self.curl(common + host + identity + [url + "/public"])
            #expect(known.hasSuffix(" 200 \(version)"), "\(known)")
        }
    }

    @Test func `a certificate that cannot be read is a clear error`() throws {
        var settings = ServerSettings(listener: try #require(ConfigurationFile.Listener("127.0.0.1:0")))
        settings.tls = ListenerTLS(certificate: "/nowhere/a.pem", privateKey: Self.certificates + "/server.key")
        let door = try ProxyDoor(.caddy)
        #expect {
            _ = try DecisionServer(settings, mcpAuth: door.mcpAuth, onEvent: { _ in })
        } throws: {
            "\($0)".contains("MA008") && "\($0)".contains("/nowhere/a.pem")
        }
    }

    @Test func `a proxy may ask over a unix socket`() async throws {
        let path = NSTemporaryDirectory() + "mcp-auth-\(UUID().uuidString.prefix(8)).sock"
        try await Self.run(ListenerLimits(), Self.settings(at: "unix:\(path)")) { _ in
            let fields = [
                "X-Forwarded-Method: GET", "X-Forwarded-Uri: /mcp", "X-Forwarded-Host: mcp.example",
                "Authorization: Bearer good",
            ].flatMap { ["-H", $0] }
            let answer = try await Self.curl(["--unix-socket", path, "-i"] + fields + ["http://auth/verify"])
            #expect(answer.contains("200 OK") && answer.lowercased().contains("x-auth-subject: alice"), "\(answer)")
        }
    }
}
#endif
