// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthNIO
import MCPAuthTesting
import Testing

/// What the codec of MCPAuthNIO adds to Hummingbird and to NIO.
@Suite struct StrictHTTP1Tests {
    private static let hosts = [Host.strictHummingbird, .strictNIO]

    private static func configuration(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
        try HostConformance.configuration(base: base, server: server)
    }

    @Test(arguments: hosts)
    func `a request must have one host, and the authority of an absolute target counts`(host: Host) async throws {
        let refusals = Lock(0)
        func configure(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
            var configuration = try Self.configuration(base, server)
            configuration.onEvent = { event in
                if event.reason == .malformedRequest { refusals.withLock { $0 += 1 } }
            }
            return configuration
        }
        try await RunningHost.run(host, configure) { running in
            let before = refusals.withLock { $0 }
            let token = "Authorization: Bearer \(try await running.token(for: running.base + "/calendar"))\r\n\r\n"
            let right = "Host: 127.0.0.1:\(running.port)\r\n"
            for (target, hosts, status) in [
                ("/calendar", right, 200), ("/calendar", right + right, 400), ("/calendar", "", 400),
                ("/calendar", right + "Host: other.example\r\n", 400),
                ("http://127.0.0.1:\(running.port)/calendar", "Host: other.example\r\n", 200),
                ("http://other.example/calendar", right, 404),
            ] {
                let request = Array("GET \(target) HTTP/1.1\r\n\(hosts)\(token)".utf8)
                let answers = try await RawClient.exchange([request], port: running.port)
                #expect(answers.map(\.status) == [status], "\(target) \(hosts)")
            }
            #expect(refusals.withLock { $0 } - before == 3)
        }
    }

    @Test(arguments: hosts)
    func `a connection on which a client is too slow is closed`(host: Host) async throws {
        var limits = ConnectionLimits()
        (limits.headSeconds, limits.idleSeconds) = (0.4, 0.8)
        try await RunningHost.run(host, limits: limits, Self.configuration) { running in
            let head = "GET /calendar HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n"
            for sent in [[head], [], [head + "\r\n", head], [head + "\r\n"]] {
                // It ends because the server closes the connection.
                let answers = try await RawClient.exchange(sent.map { Array($0.utf8) } + [[]], port: running.port)
                #expect(answers.map(\.status) == (sent.first?.hasSuffix("\r\n\r\n") == true ? [401] : []), "\(sent)")
            }
        }
    }

    @Test(arguments: hosts)
    func `a head that began during the response before has the deadline of a head`(host: Host) async throws {
        var limits = ConnectionLimits()
        (limits.headSeconds, limits.idleSeconds) = (0.3, 600)
        try await RunningHost.run(host, limits: limits, Self.configuration) { running in
            let token = try await running.token(for: running.base + "/calendar")
            let request =
                "GET /calendar/events?parts=20 HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n"
                + "Authorization: Bearer \(token)\r\n\r\n"
            let answers = try await RawClient.exchange(
                [Array("\(request)GET /".utf8), []],
                port: running.port,
                seconds: 20,
                pieceBytes: request.utf8.count
            )
            #expect(answers.map(\.status) == [200])
        }
    }

    @Test(arguments: hosts)
    func `a client that takes no response is closed`(host: Host) async throws {
        var limits = ConnectionLimits()
        limits.idleSeconds = 1
        try await RunningHost.run(host, limits: limits, Self.configuration) { running in
            let head = "GET /calendar HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n"
            for end in ["X: \(String(repeating: "x", count: 4000))\r\n\r\n", "Host: b\r\n\r\n"] {
                let sent = try await RawClient.sendWithoutReading(
                    Array((head + end).utf8),
                    mostBytes: 256 * 1024 * 1024,
                    port: running.port,
                    seconds: 20
                )
                #expect(sent.isClosed, "\(sent)")
            }
        }
    }

    @Test(arguments: hosts)
    func `an event stream may take longer than all limits`(host: Host) async throws {
        var limits = ConnectionLimits()
        (limits.headSeconds, limits.idleSeconds, limits.bodySeconds) = (0.1, 0.1, 0.1)
        try await RunningHost.run(host, limits: limits, Self.configuration) { running in
            let token = try await running.token(for: running.base + "/calendar")
            let request = "GET /calendar/events?parts=40 HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n"
            let fields = "Authorization: Bearer \(token)\r\n\r\n"
            let answer = try #require(
                try await RawClient.exchange([Array((request + fields).utf8)], port: running.port).first
            )
            #expect(answer.status == 200 && answer.isWhole && answer.body.count == 40 * Parts.size)
        }
    }
}
#endif
