// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

@Suite struct PolicySetTests {
    static let notes = """
        { "version": 1, "scope_implies": { "admin:notes": ["write:notes"], "write:notes": ["read:notes"] },
          "rules": [
            { "id": "basics", "effect": "allow", "mcp_methods": ["@basics"] },
            { "id": "list", "effect": "allow", "mcp_methods": ["tools/list"], "scopes": { "all": ["read:notes"] } },
            { "id": "write-tools", "effect": "allow", "tools": ["create_note"], "scopes": { "all": ["write:notes"] } },
            { "id": "purge", "effect": "allow", "tools": ["purge_*"], "scopes": { "all": ["admin:notes"] },
              "when": { "claim": "/groups", "contains": "staff" } },
            { "id": "tenant", "effect": "require", "targets": "any", "when": { "claim": "/tenant", "exists": true } },
            { "id": "suspended", "effect": "deny", "targets": "any",
              "when": { "all": [ { "claim": "/suspended", "exists": true }, { "claim": "/suspended", "equals": true } ] } } ] }
        """

    @Test(
        arguments: [
            ("ping", nil, "", PolicyDecision.Kind.allow(rules: ["basics"])),
            ("tools/list", nil, "read:notes", .allow(rules: ["list"])),
            ("tools/list", nil, "admin:notes", .allow(rules: ["list"])),
            ("tools/list", nil, "", .insufficientScope(["read:notes"], rules: ["list"])),
            ("tools/call", "create_note", "read:notes", .insufficientScope(["write:notes"], rules: ["write-tools"])),
            ("tools/call", "purge_all", "admin:notes", .deny(rules: [])),
            ("tools/call", "unknown_tool", "admin:notes", .deny(rules: [])),
            ("tools/call", nil, "admin:notes", .deny(rules: [])),
        ] as [(String, String?, String, PolicyDecision.Kind)]
    )
    func `each operation needs the scopes and claims that its rule names`(
        method: String,
        name: String?,
        scope: String,
        outcome: PolicyDecision.Kind
    ) throws {
        let policy = try set(Self.notes)
        #expect(policy.decision(try input(.call(method: method, name: name), scope, #""tenant":"acme""#)) == outcome)
    }

    @Test func `a rule with a claim condition allows only when the condition is true`() throws {
        let policy = try set(Self.notes)
        let call = MCPMessage.call(method: "tools/call", name: "purge_all")
        let staff = #""tenant":"a","groups":["staff"]"#
        #expect(policy.decision(try input(call, "admin:notes", staff)) == .allow(rules: ["purge"]))
        let alone = #""tenant":"a","groups":"staff""#
        #expect(policy.decision(try input(call, "admin:notes", alone)) == .allow(rules: ["purge"]), "a set of one")
        let number = #""tenant":"a","groups":7"#
        #expect(policy.decision(try input(call, "admin:notes", number)) == .deny(rules: []), "a type error is unknown")
        #expect(
            policy.decision(try input(call, "write:notes", staff))
                == .insufficientScope(["admin:notes"], rules: ["purge"])
        )
    }

    @Test func `an unmet require overrides every allow`() throws {
        #expect(
            try set(Self.notes).decision(try input(.call(method: "ping", name: nil), "admin:notes"))
                == .deny(rules: ["tenant"])
        )
    }

    @Test(arguments: [
        (#""tenant":"a","suspended":true"#, PolicyDecision.Kind.deny(rules: ["suspended"])),
        (#""tenant":"a","suspended":"yes""#, .deny(rules: ["suspended"])),
        (#""tenant":"a","suspended":false"#, .allow(rules: ["basics"])),
        (#""tenant":"a""#, .allow(rules: ["basics"])),
    ])
    func `a deny fires when its condition is true or unknown`(claims: String, outcome: PolicyDecision.Kind) throws {
        #expect(try set(Self.notes).decision(try input(.call(method: "ping", name: nil), "", claims)) == outcome)
    }

    @Test func `an empty policy denies`() throws {
        #expect(
            try set(#"{"version":1}"#).decision(try input(.call(method: "ping", name: nil), "a")) == .deny(rules: [])
        )
    }

    @Test func `the short form allows on its own, and only restricts when there are allow rules`() throws {
        let short = #"{"version":1,"required_scopes":["a"]}"#
        let ping = MCPMessage.call(method: "ping", name: nil)
        #expect(try set(short).decision(try input(ping, "a")) == .allow(rules: ["required_scopes"]))
        #expect(try set(short).decision(try input(ping, "b")) == .insufficientScope(["a"], rules: ["required_scopes"]))
        let rules = #"{"version":1,"rules":[{"id":"r","effect":"allow","mcp_methods":["tools/list"]}]}"#
        let both = PolicySet([try policy(short), try policy(rules)])
        #expect(both.decision(try input(ping, "a")) == .deny(rules: []))
        #expect(both.decision(try input(.call(method: "tools/list", name: nil), "a")) == .allow(rules: ["r"]))
        let inCode = PolicySet([try policy(rules)]).adding(.requiring(["a"]))
        #expect(inCode.decision(try input(ping, "a")) == .deny(rules: []))
    }

    @Test func `a deny in one policy applies whatever another one allows`() throws {
        let open = #"{"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"}]}"#
        let shut = #"{"version":1,"rules":[{"id":"shut","effect":"deny","tools":["drop_*"]}]}"#
        let policies = PolicySet([try policy(open), try policy(shut)])
        let drop = MCPMessage.call(method: "tools/call", name: "drop_table")
        #expect(policies.decision(try input(drop, "")) == .deny(rules: ["shut"]))
        #expect(policies.decision(try input(.call(method: "tools/call", name: "list"), "")) == .allow(rules: ["open"]))
    }

    @Test func `when the operation is unknown, only rules for any target allow, and every deny applies`() throws {
        let open = #"{"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"}]}"#
        let basics = #"{"version":1,"rules":[{"id":"basics","effect":"allow","mcp_methods":["*"]}]}"#
        let shut =
            #"{"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},{"id":"shut","effect":"deny","tools":["x"]}]}"#
        let unknown = try input(operation: .unknown, "")
        #expect(try set(open).decision(unknown) == .allow(rules: ["open"]))
        #expect(try set(basics).decision(unknown) == .deny(rules: []))
        #expect(try set(shut).decision(unknown) == .deny(rules: ["shut"]))
    }

    @Test func `every message of a batch must be allowed, and one challenge names all missing scopes`() throws {
        let policy = try set(Self.notes)
        let batch = RequestOperation.mcp([
            .call(method: "tools/list", name: nil), .call(method: "tools/call", name: "create_note"),
        ])
        let tenant = #""tenant":"a""#
        #expect(
            policy.decision(try input(operation: batch, "", tenant))
                == .insufficientScope(["read:notes", "write:notes"], rules: ["list", "write-tools"])
        )
        let smuggled = RequestOperation.mcp([
            .call(method: "ping", name: nil), .call(method: "tools/call", name: "other"),
        ])
        #expect(policy.decision(try input(operation: smuggled, "admin:notes", tenant)) == .deny(rules: []))
    }

    @Test func `a challenge has the scopes of the nearest allow and unmet requires, never offline_access`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"far","effect":"allow","targets":"any","scopes":{"all":["x","y"]}},
              {"id":"near","effect":"allow","targets":"any","scopes":{"any":["p","q"]}},
              {"id":"must","effect":"require","targets":"any","scopes":{"all":["m","offline_access"]}}]}
            """
        let outcome = try set(text).decision(try input(.call(method: "ping", name: nil), ""))
        #expect(outcome == .insufficientScope(["m", "p"], rules: ["must", "near"]))
        let operation = ProtectedResourceRequest(method: .post, path: "/", operation: .unknown)
        #expect(try set(text).scopesToRequest(for: operation) == ["m", "p"])
    }

    @Test func `a rule in shadow mode decides nothing`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"shadow","effect":"deny","enforce":false,"targets":"any"},
              {"id":"ghost","effect":"allow","enforce":false,"tools":["x"]}]}
            """
        #expect(try set(text).decision(try input(.call(method: "ping", name: nil), "")) == .allow(rules: ["open"]))
    }

    @Test(arguments: [
        ("GET", "/api/items", true), ("POST", "/api/items", false), ("GET", "/api/items/1", false),
        ("GET", "/deep/a/b/c", true), ("GET", "/other", false),
    ])
    func `an HTTP target must match both method and path`(method: String, path: String, allowed: Bool) throws {
        let text =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","http_methods":["GET"],"paths":["/api/*","/deep/**"]}]}"#
        let method = try #require(HTTPRequest.Method(method))
        let request = ProtectedResourceRequest(method: method, path: path, operation: .http)
        let outcome = try set(text).decision(
            PolicyInput(
                authInfo: try PolicyInput.test(.http).authInfo,
                request: request,
                now: NumericDate(1_000_000)
            )
        )
        #expect(outcome == (allowed ? .allow(rules: ["r"]) : .deny(rules: [])))
    }

    private func set(_ text: String) throws -> PolicySet { try PolicySet(text: text) }

    private func policy(_ text: String) throws -> CompiledPolicy {
        try CompiledPolicy(file: "test.json", bytes: Array(text.utf8))
    }

    private func input(_ message: MCPMessage, _ scope: String, _ claims: String = "") throws -> PolicyInput {
        try input(operation: .mcp([message]), scope, claims)
    }

    private func input(operation: RequestOperation, _ scope: String, _ claims: String = "") throws -> PolicyInput {
        try .test(operation, scope: scope, claims: "{\(claims)}")
    }
}

@Suite struct PolicyLoadingTests {
    @Test(arguments: [
        (#"{"version":1,"ruels":[]}"#, "p.json:1:14: MA002: unknown key `ruels`, did you mean `rules`"),
        (#"{"version":2}"#, "p.json:1:12: MA010: this program reads version 1"),
        (#"{"rules":[]}"#, "p.json:1:1: MA003: missing key `version`"),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"alow","targets":"any"}]}"#,
            "p.json:1:42: MA005: `effect` is `alow`, expected one of `allow`, `deny`, `require`, did you mean `allow`"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow"}]}"#,
            "p.json:1:23: MA003: the rule names no target; for every operation write \"targets\": \"any\""
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","tools":[]}]}"#,
            "p.json:1:58: MA012: `tools` is empty, so nothing matches"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"a","effect":"deny","targets":"any"}]}"#,
            "p.json:1:73: MA007: another rule has the id `a`"
        ),
        (#"{"version":1,"scope_implies":{"a":["b"],"b":["a"]}}"#, "p.json:1:31: MA013: the scope `a` implies itself"),
        (#"{"version":1,"version":1}"#, "p.json:1:14: MA007: this object already has this key, at line 1, column 2"),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any","when":{"claim":"tenant","exists":true}}]}"#,
            "p.json:1:82: MA005: `tenant` is not a JSON Pointer such as `/tenant`"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any","when":{"claim":"/a","exists":true,"equals":1}}]}"#,
            "p.json:1:73: MA005: a value needs exactly one of `equals`, `in`, `contains`, `contains_any`, `contains_all`, "
                + "`subset_of`, `prefix`, `suffix`, `glob`, `exists`, `absent`, `lt`, `lte`, `gt`, `gte`"
        ),
        (
            #"{"version":1,"required_scopes":["a b"]}"#,
            "p.json:1:33: MA005: `a b` is not a scope (RFC 6749 section 3.3)"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","mcp_methods":["@basic"]}]}"#,
            "p.json:1:65: MA006: no group of methods is named `@basic`, expected `@basics`"
        ),
    ])
    func `a mistake is reported with its position`(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.description == message)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("/a/*", "/a/b", true), ("/a/*", "/a/b/c", false), ("/a/**", "/a/b/c", true), ("/a/*/c", "/a/b/c", true),
        ("/*", "/", true), ("/a", "/a/", false),
    ])
    func `in paths a star stops at a slash`(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern, .path).matches(text) == matches)
    }

    @Test func `in names a star matches anything, and many stars have no exponential cost`() {
        #expect(Glob("purge_*", .name).matches("purge_a/b"))
        #expect(!Glob("purge_*", .name).matches("Purge_a"))
        let hostile = Glob(String(repeating: "*a", count: 100) + "b", .name)
        #expect(!hostile.matches(String(repeating: "a", count: 2000)))
    }
}

@Suite struct TruthTests {
    @Test func `empty all is true and empty any is false`() {
        #expect(Truth.all([] as [Truth]) { $0 } == .isTrue)
        #expect(Truth.any([] as [Truth]) { $0 } == .isFalse)
    }

    @Test func `unknown values combine as in Kleene logic`() {
        #expect(Truth.all([.unknown, .isFalse] as [Truth]) { $0 } == .isFalse)
        #expect(Truth.all([.unknown, .isTrue] as [Truth]) { $0 } == .unknown)
        #expect(Truth.any([.unknown, .isTrue] as [Truth]) { $0 } == .isTrue)
        #expect(Truth.any([.unknown, .isFalse] as [Truth]) { $0 } == .unknown)
        #expect(Truth.unknown.negated == .unknown)
    }
}
