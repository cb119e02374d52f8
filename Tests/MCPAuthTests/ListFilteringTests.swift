// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import Testing

@Suite struct ListFilteringTests {
    static let policy = """
        { "version": 1, "rules": [
            { "id": "basics", "effect": "allow", "mcp_methods": ["@basics", "*/list"] },
            { "id": "read", "effect": "allow", "tools": ["list_*"], "prompts": ["sum*"], "resource_uris": ["notes://inbox/*"],
              "scopes": { "all": ["read"] } },
            { "id": "write", "effect": "allow", "tools": ["create_note"], "scopes": { "all": ["write"] } },
            { "id": "purge", "effect": "allow", "tools": ["purge"], "scopes": { "all": ["read"] }, "max_age_seconds": 60 },
            { "id": "no-secrets", "effect": "deny", "resource_uris": ["notes://inbox/secret"] } ] }
        """

    @Test(arguments: [
        (
            MCPList.tools,
            #"{"tools":[{"name":"list_notes"},{"name":"create_note"},{"name":"purge"},{"title":"x"}],"nextCursor":"c"}"#,
            ["list_notes", "purge"]
        ),
        (.prompts, #"{"prompts":[{"name":"summary"},{"name":"other"}]}"#, ["summary"]),
        (
            .resources,
            #"{"resources":[{"uri":"notes://inbox/1"},{"uri":"notes://inbox/secret"},{"uri":"notes://inbox/../x"},{"uri":"file:///1"}]}"#,
            ["notes://inbox/1"]
        ),
    ])
    func `a caller sees only what it may use, and the list is marked private`(
        list: MCPList,
        result: String,
        visible: [String]
    ) async throws {
        let (door, issuer) = try Door.notes(policy: Self.policy)
        let caller = try #require(
            try await door.request(authorization: ["Bearer \(try issuer.token(["scope": "read"]))"]).authInfo
        )
        let filtered = try door.mcpAuth.filter(result, list, for: caller, now: door.now)
        let json = JSON(try JSONDocument(parsing: Array(filtered.utf8), limits: .fetched).root)
        guard case .array(let entries)? = json[list.rawValue] else {
            Issue.record("no list in \(filtered)")
            return
        }
        #expect(entries.compactMap { ($0["name"] ?? $0["uri"])?.string } == visible)
        #expect(json["cacheScope"] == "private")
        #expect(list != .tools || json["nextCursor"] == "c", "the rest of the result stays")
    }

    @Test(arguments: ["[]", "{}", "no JSON", #"{"tools":{}}"#])
    func `a text that is not a list result is an error, not an empty list`(text: String) async throws {
        let (door, issuer) = try Door.notes(policy: Self.policy)
        let caller = try #require(try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(throws: NotAListResult.self) { try door.mcpAuth.filter(text, .tools, for: caller, now: door.now) }
    }
}
