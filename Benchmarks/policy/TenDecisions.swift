// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Ten decisions of the policy in the documentation, which other policy engines make too.
enum TenDecisions {
    /// The name and the input of each decision.
    static func inputs() async throws -> [(String, PolicyInput)] {
        let decisions = try JSONDocument(parsing: Array(json.utf8), limits: .file).root.array ?? []
        var inputs: [(String, PolicyInput)] = []
        for decision in decisions {
            guard let name = decision["name"]?.string, let method = decision["method"]?.string,
                let claims = decision["claims"], case .object(let claims) = JSON(claims)
            else { continue }
            let caller = try await PolicyFixtures.caller(claims)
            inputs.append((name, PolicyFixtures.input(caller, method, decision["tool"]?.string)))
        }
        return inputs
    }

    /// The decisions as other programs read them; five are allowed.
    static let json = """
        [ { "name": "ping", "method": "ping",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme" } },
          { "name": "list, scope implied by another", "method": "tools/list",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "write:notes" } },
          { "name": "create, scope implied by another", "method": "tools/call", "tool": "create_note",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "admin:notes", "suspended": false } },
          { "name": "purge, nested conditions, staff", "method": "tools/call", "tool": "purge_all",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "read:notes write:notes admin:notes", "groups": ["ops", "staff"],
                        "auth_time": 999900 } },
          { "name": "purge, nested conditions, partner", "method": "tools/call", "tool": "purge_all",
            "claims": { "iss": "https://login.partner.example/", "sub": "bob", "client_id": "c", "tenant": "globex",
                        "scope": "admin:notes", "auth_time": 999900 } },
          { "name": "create, scope is missing", "method": "tools/call", "tool": "create_note",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "read:notes" } },
          { "name": "create, denied by a claim", "method": "tools/call", "tool": "create_note",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "write:notes", "suspended": true } },
          { "name": "create, tenant is missing", "method": "tools/call", "tool": "create_note",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c",
                        "scope": "write:notes" } },
          { "name": "purge, nested conditions fail", "method": "tools/call", "tool": "purge_all",
            "claims": { "iss": "https://login.partner.example/", "sub": "bob", "client_id": "c", "tenant": "initech",
                        "scope": "admin:notes", "groups": ["staff"], "auth_time": 999900 } },
          { "name": "purge, sign-in is too old", "method": "tools/call", "tool": "purge_all",
            "claims": { "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
                        "scope": "admin:notes", "groups": ["staff"], "auth_time": 990000 } } ]
        """
}
