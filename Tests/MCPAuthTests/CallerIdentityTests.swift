// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthTesting
import Testing

/// Who a request comes from, for handlers that keep state between requests.
struct CallerIdentityTests {
    private static func caller(_ mcpAuth: MCPAuth, _ token: String) async throws -> Denial.Caller {
        let request = HTTPRequest(
            method: .get,
            scheme: "https",
            authority: "api.example",
            path: "/notes",
            headerFields: [.authorization: "Bearer \(token)"]
        )
        guard case .allow(let authInfo?) = await mcpAuth.authorize(request) else {
            throw ConfigurationError(.invalidValue, "refused")
        }
        return authInfo.caller
    }

    @Test func `E22: the caller is the same with every token, and another one with another issuer, subject or client`()
        async throws
    {
        let audience = "https://api.example/notes"
        let first = try TestIssuer("https://first.example", audience: audience)
        let second = try TestIssuer("https://second.example", audience: audience)
        let resource = try ResourceConfiguration(
            audience,
            authorizationServers: [first.server, second.server],
            speaksMCP: false
        )
        let mcpAuth = try MCPAuth(
            MCPAuthConfiguration(resources: [resource]) { _ in },
            fetcher: TestFetcher(first, second)
        )
        let alice = try await Self.caller(mcpAuth, first.token(subject: "alice", clientID: "app"))
        let again = try await Self.caller(
            mcpAuth,
            first.token(subject: "alice", clientID: "app", scopes: ["read"])
        )
        #expect(alice == again)
        let others = [
            try first.token(subject: "bob", clientID: "app"),
            try first.token(subject: "alice", clientID: "other"),
            try second.token(subject: "alice", clientID: "app"),
        ]
        for token in others { #expect(try await Self.caller(mcpAuth, token) != alice) }
    }
}
