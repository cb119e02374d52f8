// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

/// A challenge names every scope that is needed, also for a client that replaces its scopes, and it can be met.
@Suite struct CompleteChallengeTests {
    private static let policy = """
        {"version":1,"required_scopes":["base"],"scope_implies":{"admin":["read"]},"rules":[
          {"id":"readers","effect":"require","targets":"any","scopes":{"all":["read"]}},
          {"id":"auditors","effect":"require","tools":["purge"],"scopes":{"any":["audit","oversight"]}},
          {"id":"elsewhere","effect":"require","tools":["other"],"scopes":{"all":["other"]}},
          {"id":"strangers","effect":"require","targets":"any","issuers":["https://o.example"],"scopes":{"all":["s"]}},
          {"id":"shadow","effect":"require","enforce":false,"targets":"any","scopes":{"all":["later"]}},
          {"id":"list","effect":"allow","tools":["list"]},
          {"id":"write","effect":"allow","tools":["write","purge"],"scopes":{"all":["write"]}}]}
        """

    @Test(arguments: [
        ("write", "base read", "base read write"), ("write", "base", "base read write"),
        ("write", "", "base read write"),
        ("list", "read", "base read"), ("list", "base", "base read"),
        ("purge", "base read write", "audit base read write"),
        ("purge", "base read oversight", "base read oversight write"), ("write", "base admin", "base read write"),
    ])
    func `a challenge names the scopes of every applicable require and the short form, met or not`(
        tool: String,
        scope: String,
        needed: String
    ) throws {
        let outcome = try PolicySet(text: Self.policy).decision(try .tool(tool, scope: scope))
        guard case .insufficientScope(let scopes, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(Set(scopes) == Set(needed.split(separator: " ").map(String.init)))
        // A client with exactly the scopes of the challenge is allowed.
        let after = try PolicySet(text: Self.policy).decision(try .tool(tool, scope: needed))
        #expect(after == .allow(rules: [tool == "list" ? "list" : "write"]))
    }

    @Test func `the challenge for a batch names the scopes of all its messages, even of allowed ones`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"list","effect":"allow","mcp_methods":["tools/list"],"scopes":{"all":["read"]}},
              {"id":"write","effect":"allow","tools":["write"],"scopes":{"all":["write"]}}]}
            """
        let batch = RequestOperation.mcp([
            .call(method: "tools/list", name: nil), .call(method: "tools/call", name: "write"),
        ])
        let outcome = try PolicySet(text: text).decision(try .test(batch, scope: "read"))
        #expect(outcome == .insufficientScope(["read", "write"], rules: ["write"]))
    }

    @Test func `the challenge for a batch asks for one sign-in that all its messages accept`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"list","effect":"allow","mcp_methods":["tools/list"],"acr":["gold","silver"]},
              {"id":"write","effect":"allow","tools":["write"],"max_age_seconds":60}]}
            """
        let batch = RequestOperation.mcp([
            .call(method: "tools/list", name: nil), .call(method: "tools/call", name: "write"),
        ])
        let outcome = try PolicySet(text: text).decision(
            try .test(batch, claims: #"{"acr":"silver","auth_time":1}"#)
        )
        let needed = AuthenticationRequirement(acrValues: ["gold", "silver"], maxAge: 60)
        #expect(outcome == .insufficientAuthentication(needed, rules: ["write"]))
    }

    @Test func `of the scopes under any, a challenge names the first that can be requested`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"r","effect":"allow","targets":"any","scopes":{"any":["offline_access","far","near"]}}]}
            """
        let policy = try PolicySet(text: text)
        #expect(policy.decision(try .test(.http)) == .insufficientScope(["far"], rules: ["r"]))
        #expect(policy.decision(try .test(.http, grantable: ["near"])) == .insufficientScope(["near"], rules: ["r"]))
        #expect(policy.decision(try .test(.http, grantable: ["other"])) == .deny(rules: ["r"]))
        #expect(policy.scopesToRequest(for: try PolicyInput.test(.http).request) == ["far"])
    }
}

@Suite struct GrantableScopeTests {
    private static let policy = """
        {"version":1,"scope_implies":{"admin":["read"]},"rules":[
          {"id":"readers","effect":"require","targets":"any","scopes":{"all":["read"]}},
          {"id":"one","effect":"allow","tools":["x"],"scopes":{"all":["a"]}},
          {"id":"two","effect":"allow","tools":["x"],"scopes":{"all":["b","c"]}}]}
        """

    @Test(arguments: [
        (
            ["read", "a", "b", "c"], "",
            PolicyDecision.Kind.insufficientScope(["read", "a"], rules: ["readers", "one"])
        ),
        // The rule that needs the fewest scopes cannot be met, but another one can.
        (["read", "b", "c"], "read", .insufficientScope(["read", "b", "c"], rules: ["two"])),
        // No rule can be met.
        (["read", "b"], "read", .deny(rules: ["one"])),
        // A require cannot be met.
        (["a", "b", "c"], "a", .deny(rules: ["readers"])),
        // A scope that the token has only through another one is requested as that other one.
        (["admin", "a"], "admin", .insufficientScope(["admin", "a"], rules: ["one"])),
        (["read", "a"], "read a", .allow(rules: ["one"])),
        ([], "", .deny(rules: ["readers", "one"])),
    ])
    func `a challenge names no scope that the issuer may not grant`(
        grantable: [String],
        scope: String,
        outcome: PolicyDecision.Kind
    ) throws {
        let input = try PolicyInput.test(
            .mcp([.call(method: "tools/call", name: "x")]),
            scope: scope,
            grantable: ScopeSet(grantable)
        )
        #expect(try PolicySet(text: Self.policy).decision(input) == outcome)
    }

    @Test func `the short form asks for no scope that the issuer may not grant`() throws {
        let policy = try PolicySet(text: #"{"version":1,"required_scopes":["a"]}"#)
        #expect(policy.decision(try .test(.http, grantable: ["b"])) == .deny(rules: ["required_scopes"]))
        #expect(
            policy.decision(try .test(.http, grantable: ["a"])) == .insufficientScope(["a"], rules: ["required_scopes"])
        )
    }

    @Test func `a batch gets no challenge when a scope for one of its messages cannot be granted`() throws {
        let text = """
            {"version":1,"rules":[{"id":"x","effect":"allow","tools":["x"],"scopes":{"all":["a"]}},
              {"id":"y","effect":"allow","tools":["y"],"scopes":{"all":["b"]}}]}
            """
        let batch = RequestOperation.mcp(["x", "y"].map { .call(method: "tools/call", name: $0) })
        let policy = try PolicySet(text: text)
        #expect(policy.decision(try .test(batch, grantable: ["a"])) == .deny(rules: ["x", "y"]))
        #expect(
            policy.decision(try .test(batch, grantable: ["a", "b"]))
                == .insufficientScope(["a", "b"], rules: ["x", "y"])
        )
    }

    @Test func `the explanation says that the issuer may not grant the scope`() throws {
        let input = try PolicyInput.test(.http, grantable: ["b"])
        let policy = try PolicySet(
            text: #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","scopes":{"all":["a"]}}]}"#
        )
        let finding = policy.explain(input, revealingClaims: false).rules[0]
        #expect(finding.why == "the token lacks scope `a`, and its issuer may not grant `a` here")
    }
}

@Suite struct IgnoredCaseTests {
    private static func decision(_ rules: String, _ path: String, ignoresCase: Bool) throws -> PolicyDecision.Kind {
        let open = #"{"id":"open","effect":"allow","targets":"any"}"#
        return try PolicySet(text: #"{"version":1,"rules":[\#(open),\#(rules)]}"#).decision(
            try .test(.http, method: .get, path: path, ignoresCase: ignoresCase)
        )
    }

    @Test(arguments: [
        ("/admin/*", "/Admin/users", true), ("/admin/*", "/ADMIN/USERS", true), ("/Admin/**", "/admin/a/b", true),
        ("/admin/*", "/admin/a/b", false), ("/admin", "/administrator", false), ("/a*n", "/ADMIN", true),
        ("/caf%C3%A9", "/CAF%C3%89", true), ("/caf%C3%A9", "/cafe%CC%81", true), ("/stra%C3%9Fe", "/STRASSE", true),
        ("/kelvin", "/%E2%84%AAelvin", true), ("/admin/**", "/ADMIN/", true), ("/caf%C3%A9/*", "/caf%C3%89/x", true),
        ("/caf%C3%A9", "/caf%C3%A8", false), ("/%7Ba%7D", "/%7BA%7D", true), ("/**/x", "/A/B/X", true),
        ("/*/x", "/A/B/X", false), ("/a", "/b", false),
    ])
    func `on a host that ignores case, a deny and a require apply to every spelling`(
        pattern: String,
        path: String,
        isAbout: Bool
    ) throws {
        let deny = #"{"id":"d","effect":"deny","paths":["\#(pattern)"]}"#
        let require = #"{"id":"d","effect":"require","paths":["\#(pattern)"],"when":{"claim":"/x","exists":true}}"#
        for rule in [deny, require] {
            let expected = isAbout ? PolicyDecision.Kind.deny(rules: ["d"]) : .allow(rules: ["open"])
            #expect(try Self.decision(rule, path, ignoresCase: true) == expected)
        }
    }

    @Test func `an allow applies only to its exact spelling, on every host`() throws {
        let policy = try PolicySet(text: #"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["/Items/*"]}]}"#)
        for ignoresCase in [true, false] {
            let right = try PolicyInput.test(.http, method: .get, path: "/Items/1", ignoresCase: ignoresCase)
            let wrong = try PolicyInput.test(.http, method: .get, path: "/items/1", ignoresCase: ignoresCase)
            #expect(policy.decision(right) == .allow(rules: ["a"]))
            #expect(policy.decision(wrong) == .deny(rules: []))
        }
    }

    @Test func `on other hosts a deny is case-sensitive`() throws {
        let deny = #"{"id":"d","effect":"deny","paths":["/admin/**"]}"#
        #expect(try Self.decision(deny, "/ADMIN/x", ignoresCase: false) == .allow(rules: ["open"]))
        #expect(try Self.decision(deny, "/admin/x", ignoresCase: false) == .deny(rules: ["d"]))
    }

    @Test func `names and URIs are case-sensitive even on a host that ignores case`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"d","effect":"deny","tools":["drop"],"resource_uris":["notes://Secret/**"]}]}
            """
        let policy = try PolicySet(text: text)
        for (method, name) in [("tools/call", "DROP"), ("resources/read", "notes://secret/a")] {
            let call = RequestOperation.mcp([.call(method: method, name: name)])
            #expect(policy.decision(try .test(call, ignoresCase: true)) == .allow(rules: ["open"]))
        }
    }

    @Test func `a long path and a pattern with many stars are compared without exponential cost`() throws {
        let deny = #"{"id":"d","effect":"deny","paths":["/\#(String(repeating: "*a", count: 200))b"]}"#
        let path = "/" + String(repeating: "A", count: 7000)
        #expect(try Self.decision(deny, path, ignoresCase: true) == .allow(rules: ["open"]))
    }
}
