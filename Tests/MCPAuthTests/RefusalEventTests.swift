// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthTesting
import Testing

/// Each refused request causes one event with its reason, whatever stage refuses it.
@Suite struct RefusalEventTests {
    private struct Attempt: Sendable {
        var token: String?
        var method = HTTPRequest.Method.post
        var path = "/notes"
        var fields: [(String, String)] = []
        var body = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
        var authorization: [String]?
    }

    private static let attempts: [(String, Attempt)] = [
        ("no_such_resource", Attempt(path: "/elsewhere")), ("ambiguous_target", Attempt(path: "/notes/../x")),
        ("no_credentials", Attempt()), ("malformed_credentials", Attempt(authorization: ["Bearer a", "Bearer b"])),
        ("unrecognized_token", Attempt(token: "garbage")),
        ("header_mismatch", Attempt(token: "good", fields: [("Mcp-Method", "tools/call")])),
        ("malformed_body", Attempt(token: "good", body: "{")),
        ("audience_mismatch", Attempt(token: "stranger")), ("expired", Attempt(token: "old")),
        ("invalid_origin", Attempt(token: "good", fields: [("Origin", "https://evil.example")])),
    ]

    @Test(arguments: attempts.map(\.0))
    func `a refusal is reported once, with its reason and without the token`(reason: String) async throws {
        let events = Lock<[EngineEvent]>([])
        let issuer = try TestIssuer(audience: "https://api.example.com/notes")
        var resource = try ResourceConfiguration(issuer.audience, authorizationServers: [issuer.server])
        resource.allowedOrigins = ["https://app.example"]
        let configuration = MCPAuthConfiguration(resources: [resource]) { event in events.withLock { $0.append(event) }
        }
        let door = Door(
            mcpAuth: try MCPAuth(configuration, fetcher: TestFetcher(issuer)),
            resource: resource.metadata.resource,
            now: NumericDate.now()
        )
        let attempt = try #require(Self.attempts.first { $0.0 == reason }?.1)
        let tokens = [
            "good": try issuer.token(), "garbage": "garbage", "old": try issuer.token(lifetime: -600),
            "stranger": try issuer.token(audience: "https://other.example/secret-path"),
        ]
        let token = try attempt.token.map { try #require(tokens[$0]) }
        let answer = try await door.request(
            authorization: attempt.authorization ?? token.map { ["Bearer \($0)"] } ?? [],
            method: attempt.method,
            path: attempt.path,
            fields: attempt.fields,
            body: attempt.body
        )
        #expect(answer.reason == reason)
        let told = events.withLock { $0 }.filter { $0.code == .requestDenied }
        #expect(told.map(\.reason?.rawValue) == [reason])
        #expect(told.allSatisfy { $0.level == .info && $0.message.contains("\(reason), status \(answer.status)") })
        let text = events.withLock { $0 }.map(\.description).joined()
        #expect(!text.contains("secret-path") && (token.map { !text.contains($0) } ?? true))
    }

    @Test func `a refusal on the routes of a removed resource is reported too`() async throws {
        let events = Lock<[EngineEvent]>([])
        let (door, _) = try Door.notes()
        let name = "https://api.example.com/notes"
        let routes = try door.mcpAuth.requestGuard(resource: name, audience: [], requiredScopes: [])
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let other = try ResourceConfiguration("https://api.example.com/other", authorizationServers: [server])
        try door.mcpAuth.reload(
            MCPAuthConfiguration(resources: [other]) { event in events.withLock { $0.append(event) } }
        )
        #expect(try await door.request(through: routes).status == 404)
        #expect(events.withLock { $0 }.compactMap(\.reason) == [.noSuchResource])
    }
}
