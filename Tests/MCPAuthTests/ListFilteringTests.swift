// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
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
        let json = try door.filter(JSON(text: result), list, for: caller)
        let entries = try #require(json[list.rawValue]?.elements)
        #expect(entries.compactMap { ($0["name"] ?? $0["uri"])?.string } == visible)
        #expect(json["cacheScope"] == "private")
        #expect(list != .tools || json["nextCursor"] == "c", "the rest of the result stays")
    }

    @Test(arguments: [[], [:], "no list", ["tools": [:]]] as [JSON])
    func `a value that is not a list result is an error, not an empty list`(result: JSON) async throws {
        let (door, issuer) = try Door.notes(policy: Self.policy)
        let caller = try #require(try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(throws: NotAListResult.self) { try door.filter(result, .tools, for: caller) }
    }

    @Test func `a caller without a token sees what is open to anyone`() async throws {
        let (door, _) = try Door.notes(policy: Self.openPolicy)
        let answer = try await door.request(body: #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        #expect(answer.status == 200 && answer.authInfo == nil)
        let filtered = try door.filter(Self.tools("weather", "pay", "admin"), .tools, for: nil)
        #expect(Self.names(filtered) == ["weather"])
    }

    @Test func `a tool is shown if a call with some arguments could be allowed`() async throws {
        let (door, issuer) = try Door.notes(policy: Self.openPolicy)
        let caller = try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo
        let filtered = try door.filter(Self.tools("weather", "pay", "admin", "never"), .tools, for: caller)
        #expect(Self.names(filtered) == ["weather", "pay"])
    }

    @Test func `the scopes of a route and the path of the request count`() async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},"#
            + #"{"id":"d","effect":"deny","paths":["/notes/closed"],"scopes":{"all":["read:notes"]}}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let route = try door.mcpAuth.requestGuard(resource: "https://api.example.com/notes", requiredScopes: ["write"])
        let writer = try issuer.token(["scope": "read:notes write"])
        let onRoute = try await door.request(authorization: ["Bearer \(writer)"], through: route).authInfo
        #expect(Self.names(try door.filter(Self.tools("a"), .tools, for: onRoute)) == ["a"])
        #expect(Self.names(try door.filter(Self.tools("a"), .tools, for: onRoute, path: "/notes/closed")) == [])
        // The same policy after a reload that gives the scope no longer.
        #expect(onRoute?.routeScopes == ["write"])
    }

    private static let openPolicy = #"""
        {"version":1,"rules":[
          {"id":"open","effect":"allow","subject_kind":"anyone","mcp_methods":["@basics","tools/list"],
           "tools":["weather"]},
          {"id":"pay","effect":"allow","tools":["pay","never"],"when":{"argument":"/amount","lte":100}},
          {"id":"admin","effect":"allow","tools":["admin"],"scopes":{"all":["admin"]}},
          {"id":"block","effect":"deny","tools":["pay"],"when":{"not":{"argument":"/to","equals":{"claim":"/sub"}}}},
          {"id":"never","effect":"deny","tools":["never"],
           "when":{"any":[{"argument":"/to","equals":"x"},{"claim":"/sub","exists":true}]}}]}
        """#

    private static func tools(_ names: String...) -> JSON {
        ["tools": .array(names.map { ["name": .string($0)] })]
    }

    private static func names(_ result: JSON) -> [String] {
        (result["tools"]?.elements ?? []).compactMap { $0["name"]?.string }
    }
}

extension Door {
    fileprivate func filter(
        _ result: JSON,
        _ list: MCPList,
        for authInfo: AuthInfo?,
        path: String? = nil
    ) throws -> JSON {
        let request = HTTPRequest(
            method: .post,
            scheme: resource.url.scheme,
            authority: resource.url.authority,
            path: path ?? resource.url.path
        )
        return try mcpAuth.filter(result, list, for: authInfo, answering: request, now: now)
    }
}
