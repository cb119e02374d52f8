// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthTesting
import Testing

/// Policies that an application gives in code.
@Suite struct PolicyInCodeTests {
    private static let document: JSON = [
        "version": 1,
        "rules": [["id": "read", "effect": "allow", "mcp_methods": ["tools/list"], "scopes": ["all": ["read:notes"]]]],
    ]

    @Test func `policies given as a literal, as a file and in the short form decide the same`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("policy-\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(Self.document.encoded()).write(to: URL(fileURLWithPath: path))
        for policy in [try Policy.json(Self.document), try .file(path), try .requiredScopes("read:notes")] {
            let (door, issuer) = try Self.door([policy])
            let token = try issuer.token(scopes: ["read:notes"])
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
            let without = try await door.request(authorization: ["Bearer \(try issuer.token(scopes: ["other"]))"])
            #expect(without.verdict == "403 insufficient_scope")
            #expect(without.challenge?.contains(#"scope="read:notes""#) == true)
        }
    }

    @Test func `all policies of a resource apply`() async throws {
        let (door, issuer) = try Self.door([try .json(Self.document), try .requiredScopes("more")])
        let token = try issuer.token(scopes: ["read:notes"])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "403 insufficient_scope")
    }

    @Test func `a mistake in a policy is reported with its location`() {
        let error = #expect(throws: ConfigurationError.self) {
            try Policy.json(["version": 1, "rules": [["id": "r", "efect": "allow"]]], name: "ours")
        }
        #expect(error?.description.hasPrefix("ours:") == true, "\(String(describing: error))")
        #expect(error?.all.contains { $0.message.contains("`efect`") } == true)
        #expect(throws: ConfigurationError.self) { try Policy.file("/nowhere/policy.json") }
    }

    @Test func `required scopes must be valid scopes, and at least one`() {
        for scopes in [["admin write"], ["read", "a\"b"], [""]] {
            #expect(throws: ConfigurationError.self) {
                _ = try scopes.count == 1 ? Policy.requiredScopes(scopes[0]) : .requiredScopes(scopes[0], scopes[1])
            }
        }
        #expect(throws: ConfigurationError.self) { try Policy.requiredScopes() }
    }

    @Test(arguments: [JSON.unrepresentable, .number(.nan), .number(.infinity)])
    func `a value that cannot be represented is refused, not read as null`(value: JSON) {
        let rule: JSON = [
            "id": "d", "effect": "deny", "targets": "any", "when": ["claim": "/level", "equals": value],
        ]
        #expect(throws: ConfigurationError.self) { try Policy.json(["version": 1, "rules": [rule]]) }
    }

    private static func door(_ policies: [Policy]) throws -> (Door, TestIssuer) {
        let issuer = try TestIssuer(audience: "https://api.example.com/notes")
        let resource = try ResourceConfiguration(
            "https://api.example.com/notes",
            authorizationServers: [issuer.server],
            policies: policies
        )
        return (try Door([resource], issuer: issuer), issuer)
    }
}
