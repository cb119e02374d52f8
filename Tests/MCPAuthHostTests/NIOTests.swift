// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import MCPAuth
import MCPAuthTesting
import Testing

/// What the handler for NIO must do itself, because no server around it does.
@Suite struct NIOTests {
    private static let good = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good"}}"#

    @Test func `pipelined requests are answered in order, each with its own body`() async throws {
        try await run { running, token in
            let good = Self.post(running, "Authorization: Bearer \(token)\r\n", Self.good)
            let refused = Self.post(running, "", Self.good)
            let bad = Self.post(running, "Authorization: Bearer \(token)\r\n", "{}")
            let requests = [good + refused + bad + good, [], [], []]
            let answers = try await RawClient.exchange(requests, port: running.port)
            #expect(answers.map(\.status) == [200, 401, 400, 200])
            #expect(answers.first?.text == "alice \(running.notes) \(Self.good.utf8.count)")
        }
    }

    @Test func `thousands of pipelined refusals do not overflow the stack`() async throws {
        try await run { running, _ in
            let count = 2000
            let one = Array("GET /notes HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n\r\n".utf8)
            let requests = [Array(repeatElement(one, count: count).joined())] + Array(repeating: [], count: count - 1)
            let answers = try await RawClient.exchange(requests, port: running.port)
            #expect(answers.map(\.status) == Array(repeating: 401, count: count))
        }
    }

    @Test func `a client that waits for 100 Continue is told to go on, or refused and disconnected`() async throws {
        try await run { running, token in
            let expect = "Expect: 100-continue\r\n"
            let good = Self.post(running, "Authorization: Bearer \(token)\r\n\(expect)", Self.good)
            #expect(try await RawClient.exchange([good, good], port: running.port).map(\.status) == [200, 200])
            let head = "POST /notes HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\nContent-Length: 9\r\n\(expect)\r\n"
            let answers = try await RawClient.exchange([Array(head.utf8), good], port: running.port)
            #expect(answers.map(\.status) == [401])
            #expect(answers.first?["connection"] == "close")
        }
    }

    @Test func `a client that asks to close is disconnected after a refusal`() async throws {
        try await run { running, _ in
            let refused = Self.post(running, "Connection: close\r\n", Self.good)
            let answers = try await RawClient.exchange([refused, refused], port: running.port)
            #expect(answers.map(\.status) == [401])
        }
    }

    @Test func `the large body of a refused request is not read to its end`() async throws {
        try await run { running, _ in
            let endless = Self.post(running, "", String(repeating: "x", count: 8 * 1024 * 1024))
            let answers = try await RawClient.exchange([endless, endless], port: running.port)
            #expect(answers.map(\.status) == [401])
        }
    }

    @Test func `pipelined requests that are decided at once reach a handler that waits for the end of a read`()
        async throws
    {
        try await run { running, _ in
            let token = try await running.token(for: running.base + "/calendar")
            let fields = "Host: 127.0.0.1:\(running.port)\r\nAuthorization: Bearer \(token)\r\n\r\n"
            let one = Array("GET /calendar HTTP/1.1\r\n\(fields)".utf8)
            let answers = try await RawClient.exchange([one, one + one + one, [], []], port: running.port)
            #expect(answers.map(\.status) == [200, 200, 200, 200])
        }
    }

    @Test(arguments: ["Connection: Upgrade\r\nUpgrade: h2c\r\n", "Upgrade: websocket\r\n"], [true, false])
    func `after a request that asks for an upgrade the connection ends`(fields: String, hasToken: Bool) async throws {
        try await run { running, _ in
            let token = try await running.token(for: running.base + "/calendar")
            let authorization = hasToken ? "Authorization: Bearer \(token)\r\n" : ""
            let head = "GET /calendar HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n\(authorization)"
            let upgrade = Array("\(head)\(fields)\r\n".utf8)
            let answers = try await RawClient.exchange([upgrade, Array("\(head)\r\n".utf8)], port: running.port)
            #expect(answers.map(\.status) == [hasToken ? 200 : 401])
            #expect(answers.first?["connection"] == "close")
        }
    }

    @Test(arguments: [Host.hummingbird, .nio])
    func `a request that names two hosts is refused`(host: Host) async throws {
        func configure(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
            try HostConformance.configuration(base: base, server: server)
        }
        try await RunningHost.run(host, configure) { running in
            let token = try await running.token(for: running.base + "/calendar")
            let right = "Host: 127.0.0.1:\(running.port)\r\n"
            for hosts in [right + "Host: other.example\r\n", right + right] {
                let request = "GET /calendar HTTP/1.1\r\n\(hosts)Authorization: Bearer \(token)\r\n\r\n"
                let answers = try await RawClient.exchange([Array(request.utf8)], port: running.port)
                let status = hosts == right + right ? 200 : 400
                #expect(answers.map(\.status) == [status], "\(hosts)")
            }
        }
    }

    private func run(_ body: (RunningHost, _ token: String) async throws -> Void) async throws {
        func configure(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
            try HostConformance.configuration(base: base, server: server)
        }
        try await RunningHost.run(.nio, configure) { running in
            try await body(running, try await running.token(for: running.notes))
        }
    }

    private static func post(_ running: RunningHost, _ fields: String, _ body: String) -> [UInt8] {
        let head = "POST /notes HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n\(fields)"
        return Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
#endif
