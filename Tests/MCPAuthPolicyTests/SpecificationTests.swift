// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

/// An example for each rule of the policy language; `docs/decision-semantics.md` describes them.
@Suite struct SpecificationTests {
    private static let open = #"{"id":"open","effect":"allow","targets":"any"}"#

    private static func when(_ condition: String, _ effect: String = "allow") -> String {
        #"{"id":"w","effect":"\#(effect)","targets":"any","when":\#(condition)}"#
    }

    static let effects: [PolicyExample] = [
        .init(
            "1 the order of rules does not matter",
            #"{"id":"d","effect":"deny","tools":["x"]},"# + open,
            "tools/call:x",
            [:],
            "deny"
        ),
        .init(
            "1 a deny beats an allow",
            open + #",{"id":"d","effect":"deny","tools":["x"]}"#,
            "tools/call:x",
            [:],
            "deny"
        ),
        .init(
            "1 an unmet require beats an allow",
            open + "," + when(#"{"claim":"/t","exists":true}"#, "require"),
            "ping",
            [:],
            "deny"
        ),
        .init(
            "1 a require that is met allows nothing",
            when(#"{"claim":"/t","exists":true}"#, "require"),
            "ping",
            ["t": 1],
            "deny"
        ),
        .init("1 the default is deny", #"{"id":"a","effect":"allow","tools":["x"]}"#, "tools/call:y", [:], "deny"),
        .init("1 an empty file denies", #"{"version":1}"#, "ping", [:], "deny"),
        .init("2 a missing claim does not grant", when(#"{"claim":"/t","equals":1}"#), "ping", [:], "deny"),
        .init(
            "2 a claim of another type does not grant",
            when(#"{"not":{"claim":"/t","equals":1}}"#),
            "ping",
            ["t": "1"],
            "deny"
        ),
        .init(
            "2 a missing claim does not silence a deny",
            open + "," + when(#"{"claim":"/t","equals":1}"#, "deny"),
            "ping",
            [:],
            "deny"
        ),
        .init(
            "2 a deny does not fire on false",
            open + "," + when(#"{"claim":"/t","equals":1}"#, "deny"),
            "ping",
            ["t": 2],
            "allow"
        ),
        .init(
            "2 exists and absent are always known",
            when(#"{"all":[{"claim":"/a","absent":true},{"claim":"/b","exists":true}]}"#),
            "ping",
            ["b": .null],
            "allow"
        ),
        .init(
            "2 only when there, in a deny",
            open + "," + when(#"{"all":[{"claim":"/t","exists":true},{"claim":"/t","equals":1}]}"#, "deny"),
            "ping",
            [:],
            "allow"
        ),
        .init(
            "2 only when there, in a require",
            open + "," + when(#"{"any":[{"claim":"/t","absent":true},{"claim":"/t","equals":1}]}"#, "require"),
            "ping",
            [:],
            "allow"
        ),
        .init("empty all is true", when(#"{"all":[]}"#), "ping", [:], "allow"),
    ]

    static let operators: [PolicyExample] = [
        .init("3 equals", when(#"{"claim":"/t","equals":"x"}"#), "ping", ["t": "x"], "allow"),
        .init("3 equals compares no arrays", when(#"{"claim":"/t","equals":"x"}"#), "ping", ["t": ["x"]], "deny"),
        .init("3 in", when(#"{"claim":"/t","in":["x","y"]}"#), "ping", ["t": "y"], "allow"),
        .init("3 contains", when(#"{"claim":"/t","contains":"x"}"#), "ping", ["t": ["y", "x"]], "allow"),
        .init("3 contains_any", when(#"{"claim":"/t","contains_any":["x","z"]}"#), "ping", ["t": ["y", "z"]], "allow"),
        .init("3 contains_all", when(#"{"claim":"/t","contains_all":["x","z"]}"#), "ping", ["t": ["x", "y"]], "deny"),
        .init(
            "3 contains_all of all",
            when(#"{"claim":"/t","contains_all":["x","z"]}"#),
            "ping",
            ["t": ["z", "y", "x"]],
            "allow"
        ),
        .init("3 subset_of", when(#"{"claim":"/t","subset_of":["x","y"]}"#), "ping", ["t": ["y"]], "allow"),
        .init(
            "3 subset_of with one more",
            when(#"{"claim":"/t","subset_of":["x","y"]}"#),
            "ping",
            ["t": ["y", "z"]],
            "deny"
        ),
        .init("3 prefix", when(#"{"claim":"/t","prefix":"eu-"}"#), "ping", ["t": "eu-1"], "allow"),
        .init(
            "3 suffix",
            when(#"{"claim":"/t","suffix":"@example.com"}"#),
            "ping",
            ["t": "a@example.com.evil"],
            "deny"
        ),
        .init("3 glob", when(#"{"claim":"/t","glob":"a*c"}"#), "ping", ["t": "a/b/c"], "allow"),
        .init("3 lt", when(#"{"claim":"/t","lt":3}"#), "ping", ["t": 3], "deny"),
        .init("3 lte", when(#"{"claim":"/t","lte":3}"#), "ping", ["t": .number(3.0)], "allow"),
        .init("3 gt", when(#"{"claim":"/t","gt":3}"#), "ping", ["t": "4"], "deny"),
        .init(
            "3 gte, RFC 3339",
            when(#"{"claim":"/t","gte":"2026-01-01T00:00:00Z"}"#),
            "ping",
            ["t": "2026-01-01T01:00:00+01:00"],
            "allow"
        ),
        .init(
            "3 a number is no time",
            when(#"{"claim":"/t","gte":"2026-01-01T00:00:00Z"}"#),
            "ping",
            ["t": 9_999_999_999],
            "deny"
        ),
        .init("3 not", when(#"{"not":{"claim":"/t","in":["x"]}}"#), "ping", ["t": "y"], "allow"),
        .init(
            "4 a claim is named by JSON Pointer",
            when(#"{"claim":"/realm_access/roles/0","equals":"a"}"#),
            "ping",
            ["realm_access": ["roles": ["a"]]],
            "allow"
        ),
        .init(
            "4 claim is normalised, raw_claim the token's own",
            when(#"{"claim":"/scope","contains":"a"}"#),
            "ping",
            ["scp": "a b"],
            "allow"
        ),
        .init(
            "4 raw_claim does not see what a mapping made",
            when(#"{"raw_claim":"/scope","exists":true}"#),
            "ping",
            ["scp": "a b"],
            "deny"
        ),
        .init(
            "5 a scalar is a set of one for roles",
            when(#"{"claim":"/roles","contains":"admin"}"#),
            "ping",
            ["roles": "admin"],
            "allow"
        ),
        .init("5 and nowhere else", when(#"{"claim":"/teams","contains":"a"}"#), "ping", ["teams": "admin"], "deny"),
        .init(
            "5 nor further down",
            when(#"{"claim":"/x/roles","contains":"a"}"#),
            "ping",
            ["x": ["roles": "a"]],
            "deny"
        ),
    ]

    private static let tools = """
        {"version":1,"scope_implies":{"admin":["write"],"write":["read"]},"rules":[
          {"id":"must","effect":"require","tools":["purge"],"scopes":{"all":["audit"]}},
          {"id":"list","effect":"allow","tools":["list","purge"],"scopes":{"all":["read"]}},
          {"id":"make","effect":"allow","tools":["make"],"scopes":{"any":["write","make","offline_access"]}},
          {"id":"far","effect":"allow","tools":["list"],"scopes":{"all":["x","y"]}}]}
        """

    static let scopes: [PolicyExample] = [
        .init("6 what is implied counts", tools, "tools/call:list", ["scope": "admin"], "allow"),
        .init("6 the challenge names the rule's scope, never the parent", tools, "tools/call:list", [:], "scope read"),
        .init("6 with those of unmet requires, all at once", tools, "tools/call:purge", [:], "scope audit read"),
        .init(
            "6 also where the allow rule is met already",
            tools,
            "tools/call:purge",
            ["scope": "read"],
            "scope audit read"
        ),
        .init("6 of any, the first", tools, "tools/call:make", [:], "scope write"),
        .init("6 none exists: a plain refusal", tools, "tools/call:other", ["scope": "admin"], "deny"),
        .init(
            "6 a deny gives no challenge",
            tools.replacing(#""rules":["#, with: #""rules":[{"id":"d","effect":"deny","tools":["list"]},"#),
            "tools/call:list",
            [:],
            "deny"
        ),
        .init(
            "6 something else is missing: no challenge",
            #"{"id":"a","effect":"allow","targets":"any","scopes":{"all":["x"]},"when":{"claim":"/t","exists":true}}"#,
            "ping",
            [:],
            "deny"
        ),
        .init(
            "the short form alone allows",
            #"{"version":1,"required_scopes":["a"]}"#,
            "tools/call:x",
            ["scope": "a"],
            "allow"
        ),
        .init(
            "the short form beside allow rules narrows",
            #"{"version":1,"required_scopes":["a"],"rules":[{"id":"x","effect":"allow","tools":["x"]}]}"#,
            "tools/call:y",
            ["scope": "a"],
            "deny"
        ),
        .init(
            "the short form requires",
            #"{"version":1,"required_scopes":["a"],"rules":[{"id":"x","effect":"allow","tools":["x"]}]}"#,
            "tools/call:x",
            [:],
            "scope a"
        ),
    ]

    private static let methods = #"{"id":"b","effect":"allow","mcp_methods":["@basics","prompts/*"]}"#
    private static let uris = #"{"id":"u","effect":"allow","resource_uris":["file:///a/*","file:///d/**"]}"#

    static let targets: [PolicyExample] = [
        .init("7 @basics: initialize", methods, "initialize", [:], "allow"),
        .init("7 @basics: discovery", methods, "server/discover", [:], "allow"),
        .init("7 @basics: notifications", methods, "notifications/progress", [:], "allow"),
        .init("7 @basics: posted responses", methods, "@response", [:], "allow"),
        .init("7 @basics: the stream", methods, "@stream", [:], "allow"),
        .init("7 @basics: the end of a session", methods, "@session-end", [:], "allow"),
        .init("7 @basics is no more", methods, "tools/list", [:], "deny"),
        .init("7 methods by pattern", methods, "prompts/list", [:], "allow"),
        .init("7 prompts", #"{"id":"p","effect":"allow","prompts":["sum*"]}"#, "prompts/get:summary", [:], "allow"),
        .init(
            "7 a prompt is no tool",
            #"{"id":"p","effect":"allow","prompts":["sum*"]}"#,
            "tools/call:summary",
            [:],
            "deny"
        ),
        .init("7 in URIs a star stops at a slash", uris, "resources/read:file:///a/b/c", [:], "deny"),
        .init("7 and two do not", uris, "resources/read:file:///d/b/c", [:], "allow"),
        .init("7 subscribing reads", uris, "resources/subscribe:file:///a/b", [:], "allow"),
        .init("7 dot segments are refused", uris, "resources/read:file:///d/../e", [:], "deny"),
        .init(
            "7 and count for a deny",
            open + #",{"id":"d","effect":"deny","resource_uris":["file:///secret/**"]}"#,
            "resources/read:file:///x/../secret/y",
            [:],
            "deny"
        ),
        .init(
            "7 method and path",
            #"{"id":"h","effect":"allow","http_methods":["GET"],"paths":["/a/*"]}"#,
            "GET /a/b",
            [:],
            "allow"
        ),
        .init(
            "7 both",
            #"{"id":"h","effect":"allow","http_methods":["GET"],"paths":["/a/*"]}"#,
            "POST /a/b",
            [:],
            "deny"
        ),
        .init("7 an unknown operation is allowed for any target only", methods, "@unknown", [:], "deny"),
        .init("7 any is any", open, "@unknown", [:], "allow"),
        .init(
            "8 acr, any of",
            #"{"id":"a","effect":"allow","targets":"any","acr":["gold","silver"]}"#,
            "ping",
            ["acr": "silver"],
            "allow"
        ),
        .init(
            "8 acr, in order of preference",
            #"{"id":"a","effect":"allow","targets":"any","acr":["gold","silver"]}"#,
            "ping",
            ["acr": "tin"],
            "sign-in gold silver"
        ),
        .init(
            "8 max_age_seconds",
            #"{"id":"a","effect":"allow","targets":"any","max_age_seconds":60}"#,
            "ping",
            ["auth_time": 999_900],
            "sign-in within 60"
        ),
        .init(
            "8 a recent one",
            #"{"id":"a","effect":"allow","targets":"any","max_age_seconds":60}"#,
            "ping",
            ["auth_time": 999_950],
            "allow"
        ),
        .init(
            "8 scopes first",
            #"{"id":"a","effect":"allow","targets":"any","acr":["gold"],"scopes":{"all":["x"]}}"#,
            "ping",
            [:],
            "scope x"
        ),
        .init(
            "8 proof of possession is required",
            #"{"id":"a","effect":"allow","targets":"any","proof_of_possession":"required"}"#,
            "ping",
            [:],
            "deny"
        ),
        .init(
            "9 issuers",
            #"{"id":"a","effect":"allow","targets":"any","issuers":["https://b.example"]}"#,
            "ping",
            ["iss": "https://a.example"],
            "deny"
        ),
        .init(
            "9 client_ids",
            #"{"id":"a","effect":"allow","targets":"any","client_ids":["c"]}"#,
            "ping",
            ["client_id": "c"],
            "allow"
        ),
        .init(
            "9 subject_kind user",
            #"{"id":"a","effect":"allow","targets":"any","subject_kind":"user"}"#,
            "ping",
            ["client_id": "c"],
            "allow"
        ),
        .init(
            "9 subject_kind client",
            #"{"id":"a","effect":"allow","targets":"any","subject_kind":"client"}"#,
            "ping",
            ["sub": "c", "client_id": "c"],
            "allow"
        ),
        .init(
            "9 a require is for whom it says",
            open
                + #",{"id":"q","effect":"require","targets":"any","issuers":["https://b.example"],"scopes":{"all":["x"]}}"#,
            "ping",
            ["iss": "https://a.example"],
            "allow"
        ),
        .init(
            "12 shadow mode never grants",
            #"{"id":"a","effect":"allow","enforce":false,"targets":"any"}"#,
            "ping",
            [:],
            "deny"
        ),
        .init(
            "12 nor denies",
            open + #",{"id":"d","effect":"deny","enforce":false,"targets":"any"}"#,
            "ping",
            [:],
            "allow would deny d"
        ),
        .init(
            "12 a file may be in it",
            #"{"version":1,"enforce":false,"required_scopes":["x"],"rules":[{"id":"d","effect":"deny","targets":"any"}]}"#,
            "ping",
            [:],
            "deny would deny required_scopes d"
        ),
    ]

    @Test(arguments: effects + operators + scopes + targets)
    func `each example has the outcome that its sentence describes`(example: PolicyExample) async throws {
        let trace = try await example.decide()
        #expect(PolicyExample.words(trace) == example.outcome, "\(trace.rules.map(\.why))")
    }

    @Test func `13 several policies are a union`() async throws {
        let texts = [#"{"version":1,"rules":[\#(Self.open)]}"#, #"{"version":1,"required_scopes":["a"]}"#]
        let policies = try texts.map { try CompiledPolicy(file: "p.json", bytes: Array($0.utf8)) }
        let trial = try PolicyTrial(policies, resource: "https://h.example/mcp", claims: ["sub": "alice"])
        let ping = try PolicyCall(reading: "ping")
        #expect(PolicyExample.words(await trial.decide(ping, now: NumericDate(0), revealingClaims: false)) == "scope a")
    }

    @Test(arguments: [
        (#"{"version":1,"a":1}"#, "MA002"), (#"{"version":1,"version":1}"#, "MA007"),
        (#"{"version":1,"description":"\u0000"}"#, "MA001"),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"deny","targets":"any"},{"id":"a","effect":"deny","targets":"any"}]}"#,
            "MA007"
        ),
        (#"{"version":1,"scope_implies":{"a":["b"],"b":["c"],"c":["a"]}}"#, "MA013"), (#"{"version":9}"#, "MA010"),
        (String(repeating: "[", count: 33), "MA001"),
        (#"{"version":1}"# + String(repeating: " ", count: 1 << 20), "MA001"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","tools":[]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["x"]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","http_methods":["get"]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","tools":["x"],"http_methods":["GET"]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","resource_uris":["file:///a/../b"]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"require","targets":"any","issuers":["x"]}]}"#, "MA012"),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any","when":{"any":[]}}]}"#, "MA012"),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any","when":{"all":[{"claim":"/a","absent":true},{"claim":"/a","equals":1}]}}]}"#,
            "MA012"
        ),
    ])
    func `10 a policy that is refused at load has an error code and a file`(text: String, code: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.code.description == code)
        #expect(error?.description.hasPrefix("p.json:") == true)
    }

    @Test func `10 a description or comment is allowed anywhere`() throws {
        let text = """
            {"version":1,"description":"d","$comment":"c","scope_implies":{"$comment":"c","a":["b"]},"rules":[
              {"id":"a","effect":"allow","targets":"any","description":"d","scopes":{"all":["b"],"$comment":"c"},
               "when":{"all":[{"claim":"/a","exists":true,"description":"d"}],"$comment":"c"}}]}
            """
        #expect(throws: Never.self) { try CompiledPolicy(file: "p.json", bytes: Array(text.utf8)) }
    }
}
