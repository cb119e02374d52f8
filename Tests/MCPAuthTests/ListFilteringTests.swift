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

    @Test(
        arguments: [
            ("weather", #"[{"type":"noauth"}]"#),
            ("tip", #"[{"type":"noauth"}]"#),
            ("quote", #"[{"type":"noauth"},{"type":"oauth2","scopes":["quote"]}]"#),
            ("list_notes", #"[{"type":"oauth2","scopes":["notes:read"]}]"#),
            ("share", #"[{"type":"oauth2","scopes":["notes:read","notes:share"]}]"#),
            ("pay", #"[{"type":"oauth2","scopes":["notes:read","pay"]}]"#),
            ("profile", #"[{"type":"oauth2"}]"#),
            ("vault", #"[{"type":"oauth2"}]"#),
            ("write", nil),
            ("never", nil),
            ("unknown", nil),
        ] as [(String, String?)]
    )
    func `a tool says whether it needs a token, and for which scopes to ask`(
        tool: String,
        schemes: String?
    ) async throws {
        let (door, issuer) = try Door.notes(policy: Self.schemePolicy)
        let token = try issuer.token(["scope": "notes:admin quote pay"])
        let caller = try #require(try await door.request(authorization: ["Bearer \(token)"]).authInfo)
        let filtered = try door.filter(Self.tools(tool), .tools, for: caller, addingSecuritySchemes: true)
        var entries: [JSON] = []
        if let schemes { entries.append(["name": .string(tool), "securitySchemes": JSON(text: schemes)]) }
        let expected: JSON = ["cacheScope": "private", "tools": .array(entries)]
        #expect(filtered == expected)
    }

    @Test func `without a token a list has the same schemes, and no more tools`() throws {
        let (door, _) = try Door.notes(policy: Self.schemePolicy)
        let all = Self.tools("weather", "tip", "quote", "list_notes", "share", "pay", "profile", "vault", "never")
        let filtered = try door.filter(all, .tools, for: nil, addingSecuritySchemes: true)
        let expected = JSON(
            text: #"""
                {"cacheScope":"private","tools":[
                  {"name":"weather","securitySchemes":[{"type":"noauth"}]},
                  {"name":"tip","securitySchemes":[{"type":"noauth"}]},
                  {"name":"quote","securitySchemes":[{"type":"noauth"},{"type":"oauth2","scopes":["quote"]}]}]}
                """#
        )
        #expect(filtered == expected)
    }

    @Test(
        arguments: [
            (nil, [], #"[{"type":"oauth2"}]"#),
            (nil, ["write"], #"[{"type":"oauth2","scopes":["write"]}]"#),
            (shortForm, [], #"[{"type":"oauth2","scopes":["read"]}]"#),
            (shortForm, ["write"], #"[{"type":"oauth2","scopes":["read","write"]}]"#),
            (schemePolicy, [], #"[{"type":"noauth"}]"#),
            (schemePolicy, ["write"], #"[{"type":"oauth2","scopes":["write"]}]"#),
        ] as [(String?, [String], String)]
    )
    func `the short form and the scopes of a route are in the schemes of every tool`(
        policy: String?,
        routeScopes: [String],
        schemes: String
    ) async throws {
        let (door, issuer) = try Door.notes(policy: policy)
        let route = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            requiredScopes: routeScopes
        )
        let token = try issuer.token(["scope": "read write"])
        let caller = try #require(
            try await door.request(authorization: ["Bearer \(token)"], through: route).authInfo
        )
        let filtered = try door.filter(Self.tools("tip"), .tools, for: caller, addingSecuritySchemes: true)
        #expect(filtered["tools"]?.elements?.first?["securitySchemes"] == JSON(text: schemes))
    }

    @Test func `the schemes of the policy replace those of an entry, and nothing else of it`() async throws {
        let (door, issuer) = try Door.notes(policy: Self.schemePolicy)
        let token = try issuer.token(["scope": "notes:read"])
        let caller = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        let list = JSON(
            text: #"""
                {"tools":[
                  {"name":"list_notes","title":"List","securitySchemes":[{"type":"noauth"}],
                   "_meta":{"a":1,"securitySchemes":[{"type":"noauth"}]}},
                  {"name":"profile","_meta":{"a":1}},
                  {"name":"never","securitySchemes":[{"type":"noauth"}]}]}
                """#
        )
        let expected = JSON(
            text: #"""
                {"cacheScope":"private","tools":[
                  {"name":"list_notes","title":"List","securitySchemes":[{"type":"oauth2","scopes":["notes:read"]}],
                   "_meta":{"a":1,"securitySchemes":[{"type":"oauth2","scopes":["notes:read"]}]}},
                  {"name":"profile","securitySchemes":[{"type":"oauth2"}],"_meta":{"a":1}}]}
                """#
        )
        #expect(try door.filter(list, .tools, for: caller, addingSecuritySchemes: true) == expected)
        let without = try door.filter(list, .tools, for: caller)
        #expect(without["tools"]?.elements?.first == list["tools"]?.elements?.first, "only if the caller asks for them")
    }

    @Test(arguments: [
        (MCPList.prompts, #"{"prompts":[{"name":"summary"}],"cacheScope":"private"}"#),
        (.resources, #"{"resources":[{"uri":"notes://inbox/1","name":"list_notes"}],"cacheScope":"private"}"#),
    ])
    func `only tools get security schemes`(list: MCPList, result: String) async throws {
        let (door, issuer) = try Door.notes(policy: Self.policy)
        let token = try issuer.token(["scope": "read"])
        let caller = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        let filtered = try door.filter(JSON(text: result), list, for: caller, addingSecuritySchemes: true)
        #expect(filtered == JSON(text: result))
    }

    private static let shortForm = #"{"version":1,"required_scopes":["read"]}"#
    private static let schemePolicy = #"""
        {"version":1,"scope_implies":{"notes:admin":["notes:read"]},"rules":[
          {"id":"open","effect":"allow","subject_kind":"anyone","mcp_methods":["@basics","tools/list"],
           "tools":["weather","vault"]},
          {"id":"small","effect":"allow","subject_kind":"anyone","tools":["quote","tip"],
           "when":{"argument":"/amount","lte":10}},
          {"id":"quote","effect":"allow","tools":["quote"],"scopes":{"all":["quote"]}},
          {"id":"more-weather","effect":"allow","tools":["weather"],"scopes":{"all":["weather"]}},
          {"id":"read","effect":"allow","tools":["list_notes"],"scopes":{"all":["notes:read"]}},
          {"id":"share","effect":"allow","tools":["share"],
           "scopes":{"all":["notes:read"],"any":["notes:share","notes:admin"]}},
          {"id":"pay","effect":"allow","tools":["pay"],"scopes":{"any":["pay","notes:admin"]}},
          {"id":"pay-reads","effect":"require","tools":["pay"],"scopes":{"all":["notes:read"]}},
          {"id":"profile","effect":"allow","tools":["profile"]},
          {"id":"vault","effect":"require","tools":["vault"],"max_age_seconds":60},
          {"id":"write","effect":"allow","tools":["write"],"scopes":{"all":["notes:write"]}},
          {"id":"allow-never","effect":"allow","tools":["never"]},
          {"id":"never","effect":"deny","tools":["never"]}]}
        """#

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

    @Test func `without a token nothing is listed where every valid token may do everything`() async throws {
        let (door, issuer) = try Door.notes()
        let caller = try #require(try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(Self.names(try door.filter(Self.tools("a", "b"), .tools, for: caller)) == ["a", "b"])
        #expect(Self.names(try door.filter(Self.tools("a", "b"), .tools, for: nil)) == [])
    }

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
        path: String? = nil,
        addingSecuritySchemes: Bool = false
    ) throws -> JSON {
        let request = HTTPRequest(
            method: .post,
            scheme: resource.url.scheme,
            authority: resource.url.authority,
            path: path ?? resource.url.path
        )
        return try mcpAuth.filter(
            result,
            list,
            for: authInfo,
            answering: request,
            addingSecuritySchemes: addingSecuritySchemes,
            now: now
        )
    }
}
