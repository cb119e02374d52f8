// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import MCPAuth
import MCPAuthTesting
import Testing

/// Responses that are sent over time, during which a token may expire.
@Suite struct StreamTests {
    @Test(.timeLimit(.minutes(2)), arguments: Host.allCases)
    func `the caller is known in every part of a stream`(host: Host) async throws {
        try await RunningHost.run(host, Self.configuration) { running in
            for path in ["/notes/events?parts=5", "/notes/download?parts=5"] {
                let answer = try await Self.get(path, running)
                #expect(answer.status == 200 && answer.isWhole)
                #expect(answer.body.count == 5 * Parts.size)
                #expect(answer.text.components("data: alice") == 5 && !answer.text.contains("nobody"))
                #expect(answer["access-control-allow-origin"] == "*")
            }
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Host.allCases)
    func `an event stream ends when the token of its caller expires`(host: Host) async throws {
        try await RunningHost.run(host, leeway: 0, Self.configuration) { running in
            let answer = try await Self.get("/notes/events", running, lifetime: 3)
            #expect(answer.status == 200)
            #expect(answer.isWhole, "a client takes it up again, with a new token")
            #expect(!answer.body.isEmpty && answer.body.count % Parts.size == 0)
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Host.allCases)
    func `another body is cut off when the token of its caller expires, so that it is visibly incomplete`(
        host: Host
    ) async throws {
        try await RunningHost.run(host, leeway: 0, Self.configuration) { running in
            for path in ["/notes/download", "/notes/download?parts=100000"] {
                let answer = try await Self.get(path, running, lifetime: 3)
                #expect(answer.status == 200)
                #expect(!answer.isWhole && !answer.body.isEmpty)
            }
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Host.allCases)
    func `a stream lasts as long as its token is accepted, including the leeway after its expiry`(
        host: Host
    ) async throws {
        try await RunningHost.run(host, leeway: 300, Self.configuration) { running in
            let answer = try await Self.get("/notes/events?parts=3", running, lifetime: -100)
            #expect(answer.status == 200 && answer.isWhole && answer.body.count == 3 * Parts.size)
        }
    }

    private static func configuration(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
        MCPAuthConfiguration(resources: [try ResourceConfiguration(base + "/notes", authorizationServers: [server])])
    }

    private static func get(
        _ path: String,
        _ running: RunningHost,
        lifetime: Double = 3600
    ) async throws -> RawClient.Answer {
        let token = try await running.token(for: running.notes, lifetime: lifetime)
        let head = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\nAuthorization: Bearer \(token)\r\n\r\n"
        return try #require(try await RawClient.exchange([Array(head.utf8)], port: running.port).first)
    }
}

extension String {
    /// How often another text occurs in this one.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
#endif
