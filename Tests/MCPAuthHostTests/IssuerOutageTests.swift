// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import HTTPTypes
import MCPAuthCore
import MCPAuthJSON
import MCPAuthConcurrency
import MCPAuthSigning
import TestSupport
import Testing

@testable import MCPAuth

/// Many requests at once: half of them need a faulty issuer, and the other half a healthy one.
///
/// The faulty issuer never ends a stalled exchange by itself, so if a request waits for it beyond its deadline, the
/// test does not end.
@Suite(.timeLimit(.minutes(3))) struct IssuerOutageTests {
    enum Document: String, CaseIterable, Sendable {
        case metadata = "/.well-known/openid-configuration"
        case keys = "/jwks"
        case introspection = "/introspect"
    }

    /// An issuer on this machine whose documents are correct until `fail` is called.
    private struct Issuer {
        let server: ScriptedServer
        let key: SigningKey
        let introspects: Bool

        init(introspects: Bool = false) throws {
            key = try SigningKey(.es256)
            self.introspects = introspects
            // Its documents contain its port, which is known only after it has started.
            server = try ScriptedServer { _ in [.close] }
            heal()
        }

        func heal() {
            server.play(right)
        }

        func fail(_ document: Document, _ acts: [ScriptedServer.Act]) {
            let right = right
            server.play { request in request.path == document.rawValue ? acts : right(request) }
        }

        private var right: ScriptedServer.Script {
            let (key, origin) = (key.publicJWK, server.origin)
            return { request in
                let document: JSON
                switch request.path {
                case Document.metadata.rawValue:
                    document = [
                        "issuer": .string(origin), "jwks_uri": .string(origin + "/jwks"),
                        "introspection_endpoint": .string(origin + "/introspect"),
                    ]
                case Document.keys.rawValue: document = ["keys": [key]]
                case Document.introspection.rawValue:
                    document = [
                        "active": true, "sub": "alice", "aud": "https://api.example.com/x",
                        "exp": .number(NumericDate.now().secondsSinceEpoch + 600),
                    ]
                default: return ScriptedServer.answer([], status: 404)
                }
                return ScriptedServer.answer(document.encoded())
            }
        }

        var configured: AuthorizationServer {
            var server = AuthorizationServer(issuer: IssuerIdentifier(server.origin), discovery: .oidc)
            guard introspects else { return server }
            server.introspection = .init(
                authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s")),
                tokenPrefix: "opaque-",
                maximumPerSecond: 10_000
            )
            return server
        }

        func token(_ number: Int) throws -> String {
            guard !introspects else { return "opaque-\(number)" }
            return try key.sign(
                header: ["typ": "at+jwt"],
                claims: [
                    "iss": .string(server.origin), "sub": .string("user-\(number)"), "aud": "https://api.example.com/x",
                    "exp": .number(NumericDate.now().secondsSinceEpoch + 600),
                ]
            )
        }
    }

    /// One fault of each kind.
    private static let faults = FetchLimitTests.faults.filter { fault in
        [
            "never answers", "stalls before the body", "drips the body", "drips the head", "resets at once",
            "says more than it sends", "answers without end", "compresses",
        ].contains(fault.testDescription)
    }

    @Test(arguments: Document.allCases, faults)
    private func `requests that need a faulty issuer get 503 in time, and others are not affected`(
        document: Document,
        fault: FetchLimitTests.Fault
    ) async throws {
        let broken = try Issuer(introspects: document == .introspection)
        let healthy = try Issuer()
        defer {
            broken.server.stop()
            healthy.server.stop()
        }
        broken.fail(document, fault.acts)
        let resource = try ResourceConfiguration(
            "https://api.example.com/x",
            authorizationServers: [broken.configured, healthy.configured]
        )
        let events = Lock<[EngineEvent]>([])
        var configuration = MCPAuthConfiguration(resources: [resource]) { event in events.withLock { $0.append(event) }
        }
        configuration.fetchDeadline = 1
        let mcpAuth = try MCPAuth(configuration)
        while try await mcpAuth.status(of: healthy.token(0)) != 200 { await Task.yield() }

        let statuses = try await withThrowingTaskGroup(of: (isHealthy: Bool, status: Int).self) { group in
            for number in 0..<100 {
                let isHealthy = number % 2 == 0
                let token = try (isHealthy ? healthy : broken).token(number)
                group.addTask { (isHealthy, await mcpAuth.status(of: token)) }
            }
            return try await group.reduce(into: [(Bool, Int)]()) { $0.append($1) }
        }
        #expect(statuses.count { $0.0 && $0.1 == 200 } == 50, "those of the other issuer")
        #expect(statuses.count { !$0.0 && $0.1 == 503 } == 50, "those of this one")
        if document != .introspection {
            let asked = broken.server.requests.count { $0.path == document.rawValue }
            #expect(asked <= 2, "they share what is fetched, \(asked)")
        }
        // Waiting requests are released when the fetch ends; on a busy machine, any fault may end as a timeout.
        let words = [String(fault.words.prefix { !$0.isNumber }), "no answer within 1 s"]
        func isTold() -> Bool {
            events.withLock { $0 }.contains { event in words.contains { event.message.contains($0) } }
        }
        for _ in 0..<2000 where !isTold() { try await Task.sleep(for: .milliseconds(5)) }
        #expect(isTold(), "\(events.withLock { $0.map(\.message) })")

        broken.heal()
        while try await mcpAuth.status(of: broken.token(1000)) != 200 {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test func `a request that is cancelled while an issuer does not answer ends at once`() async throws {
        let broken = try Issuer()
        defer { broken.server.stop() }
        broken.fail(.keys, [.stall])
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [broken.configured])
        var configuration = MCPAuthConfiguration(resources: [resource])
        configuration.fetchDeadline = 3600
        let mcpAuth = try MCPAuth(configuration)
        let token = try broken.token(1)
        let requests = (0..<20).map { _ in Task { await mcpAuth.status(of: token) } }
        while !broken.server.requests.contains(where: { $0.path == "/jwks" }) {
            try await Task.sleep(for: .milliseconds(5))
        }
        for request in requests { request.cancel() }
        for request in requests { #expect(await request.value == 503) }
    }
}
#endif
