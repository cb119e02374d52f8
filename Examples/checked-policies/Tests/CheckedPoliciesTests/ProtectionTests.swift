// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import CheckedPolicies
import MCPAuth
import MCPAuthTesting
import Testing

@Suite struct ProtectionTests {
    @Test func `the policy that was checked decides`() async throws {
        let issuer = try TestIssuer(audience: Protection.resource)
        let configuration = try Protection.configuration(trusting: issuer.server)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        let reader = TestIdentity(subject: "al", scopes: ["read:notes"])
        let subject = try await reader.run(tool: "list_notes", at: Protection.resource, of: mcpAuth) { $0?.subject }
        #expect(subject == "al")
        await #expect(throws: TestIdentity.Refused.self) {
            try await reader.run(tool: "create_note", at: Protection.resource, of: mcpAuth) { _ in }
        }
    }
}
