// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import MCPAuth
import MCPAuthConcurrency
import MCPAuthServer
import MCPAuthTesting
import Testing

/// The requests of the host corpus against the listener for clients of `mcp-auth serve`, over HTTP/1.1.
///
/// What it refuses, and what the library responds, is the same as on every host. It has no handlers, so allowed requests
/// are answered in its own way:
///
/// | allowed request | hosts of the corpus | `mcp-auth serve` |
/// |---|---|---|
/// | with a field of a proxy that asks about another request | the handler | 403 |
/// | GET, HEAD or DELETE of an MCP server | the handler | 405 |
/// | every other | `SUBJECT RESOURCE BYTES` | the subject and the resource as JSON |
@Suite struct ServerCorpusTests {
    @Test func `every request of the host corpus gets its answer, and the connection stays usable`() async throws {
        try await Self.run { port, issuer in
            let kit = HostConformance(port: port) { try issuer.token(scopes: ["s"], audience: $0) }
            for row in HostConformance.rows { try await kit.check(row, handler: Self.checkCaller) }
        }
    }

    /// Fields with which proxies ask whether another request may pass.
    private static let proxyFields = [
        "x-original-uri", "x-original-url", "x-original-method", "x-forwarded-method", "x-forwarded-uri",
        "x-auth-request-redirect",
    ]

    /// The answer to an allowed request.
    private static func checkCaller(
        _ answer: RawClient.Answer,
        _ request: HostConformance.AllowedRequest
    ) throws {
        let label: Comment = "\(request.name): \(answer.status) \(answer.text)"
        if request.fieldNames.contains(where: { proxyFields.contains($0.lowercased()) }) {
            #expect(answer.status == 403 && answer.text.contains("forward-auth"), label)
        } else if request.speaksMCP, request.method != "POST" {
            #expect(answer.status == 405 && answer["allow"] == "POST, OPTIONS", label)
        } else {
            #expect(answer.status == 200, label)
            guard request.method != "HEAD" else { return }
            #expect(answer.text.contains(#""resource":"\#(request.resource)""#), label)
            #expect(answer.text.contains(#""sub":"#) == (request.subject != nil), label)
            if let subject = request.subject { #expect(answer.text.contains(#""sub":"\#(subject)""#), label) }
        }
    }

    /// Runs the server while `body` runs.
    private static func run(_ body: (_ port: Int, TestIssuer) async throws -> Void) async throws {
        let issuer = try TestIssuer(audience: "http://127.0.0.1/notes")
        func configuration(_ port: Int) throws -> MCPAuthConfiguration {
            try HostConformance.configuration(base: "http://127.0.0.1:\(port)", server: issuer.server)
        }
        let mcpAuth = try MCPAuth(configuration(1), fetcher: TestFetcher(issuer))
        let sockets = Lock<[DecisionServer.ListeningSocket]>([])
        let server = try DecisionServer(
            ServerSettings(listener: #require(ConfigurationFile.Listener("127.0.0.1:0"))),
            mcpAuth: mcpAuth,
            onEvent: { _ in },
            onListening: { bound in sockets.withLock { $0 = bound } }
        )
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        while sockets.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        let port = try #require(sockets.withLock { $0.first?.port })
        // The identifiers of the resources have the port, which is known only now.
        try mcpAuth.reload(configuration(port))
        try await body(port, issuer)
    }
}
#endif
