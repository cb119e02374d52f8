// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

@Suite struct PolicyTargetTests {
    @Test(arguments: [#""paths":["/**"]"#, #""http_methods":["POST"]"#, #""tools":["*"]"#, #""mcp_methods":["*"]"#])
    func `a rule with specific targets does not allow an unknown operation`(target: String) throws {
        let policy = try policies(#"{"version":1,"rules":[{"id":"r","effect":"allow",\#(target)}]}"#)
        let unknown = try input(.unknown)
        #expect(policy.decision(unknown) == .deny(rules: []))
        #expect(policy.decision(try input(.mcp([]))) == .deny(rules: []), "an empty batch is not known either")
        #expect(policy.scopesToRequest(for: unknown.request).isEmpty)
    }

    @Test(arguments: [#""paths":["/**"]"#, #""http_methods":["POST"]"#, #""tools":["x"]"#, #""mcp_methods":["x"]"#])
    func `a deny and a require for some operations also apply to an unknown one`(target: String) throws {
        let open = #"{"id":"open","effect":"allow","targets":"any"}"#
        let deny = try policies(#"{"version":1,"rules":[\#(open),{"id":"d","effect":"deny",\#(target)}]}"#)
        #expect(deny.decision(try input(.unknown)) == .deny(rules: ["d"]))
        let require = try policies(
            #"{"version":1,"rules":[\#(open),{"id":"q","effect":"require",\#(target),"scopes":{"all":["a"]}}]}"#
        )
        let unknown = try input(.unknown)
        #expect(require.decision(unknown) == .insufficientScope(["a"], rules: ["q"]))
        #expect(require.scopesToRequest(for: unknown.request).isEmpty, "nobody is asked for what is perhaps needed")
    }

    @Test func `a deny for other HTTP methods does not apply to an unknown operation`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"d","effect":"deny","http_methods":["PUT"]}]}
            """
        #expect(try policies(text).decision(try input(.unknown)) == .allow(rules: ["open"]))
    }

    @Test func `a rule with only MCP targets never applies to plain HTTP`() throws {
        let allow = #"{"version":1,"rules":[{"id":"r","effect":"allow","mcp_methods":["@basics","*"],"tools":["*"]}]}"#
        #expect(try policies(allow).decision(try input(.http)) == .deny(rules: []))
    }

    @Test(arguments: [
        (MCPMessage.response, true), (.stream, true), (.sessionEnd, true),
        (.call(method: "initialize", name: nil), true), (.call(method: "server/discover", name: nil), true),
        (.call(method: "notifications/cancelled", name: nil), true), (.call(method: "tools/list", name: nil), false),
        (.call(method: "initialized", name: nil), false),
    ])
    func `the basics allow what every session needs and no more`(message: MCPMessage, allowed: Bool) throws {
        let policy = try policies(#"{"version":1,"rules":[{"id":"b","effect":"allow","mcp_methods":["@basics"]}]}"#)
        #expect(policy.decision(try input(.mcp([message]))) == (allowed ? .allow(rules: ["b"]) : .deny(rules: [])))
    }

    @Test func `rules found by name, by pattern and for any target all apply, in file order`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"other","effect":"allow","tools":["other"]},
              {"id":"both","effect":"allow","tools":["x"],"mcp_methods":["tools/call"]},
              {"id":"any","effect":"allow","targets":"any"},
              {"id":"named","effect":"allow","tools":["x"]},
              {"id":"pattern","effect":"allow","tools":["y","x*"]},
              {"id":"method","effect":"allow","mcp_methods":["tools/call"]}]}
            """
        let policy = try policies(text)
        let call = RequestOperation.mcp([.call(method: "tools/call", name: "x")])
        #expect(policy.decision(try input(call)) == .allow(rules: ["both"]), "the first of the file is named")
        let findings = policy.explain(try input(call), revealingClaims: false).rules
        #expect(findings.filter { $0.result == .isTrue }.map(\.id) == ["both", "any", "named", "pattern", "method"])
        let prompt = RequestOperation.mcp([.call(method: "prompts/get", name: "x")])
        #expect(policy.decision(try input(prompt)) == .allow(rules: ["any"]), "the name of a prompt is no tool")
    }
}

@Suite struct PolicyChallengeTests {
    @Test func `a challenge that would name no scope becomes a plain denial`() throws {
        let text = """
            {"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","scopes":{"all":["offline_access"]}}]}
            """
        #expect(try policies(text).decision(try input(.http)) == .deny(rules: ["r"]))
    }

    @Test func `of the scopes under any, a challenge names only the one that the client has`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"r","effect":"allow","targets":"any","scopes":{"all":["x"],"any":["p","q"]}}]}
            """
        #expect(try policies(text).decision(try input(.http, "q")) == .insufficientScope(["x", "q"], rules: ["r"]))
        #expect(try policies(text).decision(try input(.http, "x q")) == .allow(rules: ["r"]))
    }

    @Test func `a challenge names the scope of the rule, never one that implies it`() throws {
        let text = """
            {"version":1,"scope_implies":{"admin":["write"],"write":["read"]},"rules":[
              {"id":"r","effect":"allow","targets":"any","scopes":{"all":["read"]}}]}
            """
        #expect(try policies(text).decision(try input(.http, "admin")) == .allow(rules: ["r"]))
        #expect(try policies(text).decision(try input(.http)) == .insufficientScope(["read"], rules: ["r"]))
    }

    @Test func `a deny suppresses the scope challenge`() throws {
        let text = """
            {"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","scopes":{"all":["x"]}},
              {"id":"d","effect":"deny","targets":"any"}]}
            """
        #expect(try policies(text).decision(try input(.http)) == .deny(rules: ["d"]))
    }
}

@Suite struct PolicyConditionTests {
    @Test(arguments: [
        (#"{"claim":"/a","equals":1}"#, #""a":1.0"#, true),
        (#"{"claim":"/a","equals":1}"#, #""a":"1""#, false),
        (#"{"not":{"claim":"/a","equals":1}}"#, #""a":"1""#, false),
        (#"{"not":{"claim":"/a","equals":1}}"#, #""a":2"#, true),
        (#"{"not":{"claim":"/a","equals":1}}"#, "", false),
        (#"{"claim":"/a","equals":9007199254740993}"#, #""a":9007199254740992.0"#, false),
        (#"{"claim":"/a","in":["x","y"]}"#, #""a":"y""#, true),
        (#"{"not":{"claim":"/a","in":["x","y"]}}"#, #""a":7"#, false),
        (#"{"claim":"/a","contains":"x"}"#, #""a":["x",7]"#, true),
        (#"{"claim":"/a","contains":"x"}"#, #""a":"x""#, false),
        (#"{"claim":"/roles","contains":"x"}"#, #""roles":"x""#, true),
        (#"{"not":{"claim":"/roles","contains":"x"}}"#, #""roles":["y"]"#, true),
        (#"{"not":{"claim":"/roles","contains":"x"}}"#, #""roles":[]"#, true),
        (#"{"not":{"claim":"/roles","contains":"x"}}"#, #""roles":[{"name":"x"}]"#, false),
        (#"{"claim":"/a/b","exists":true}"#, #""a":{"b":null}"#, true),
        (#"{"claim":"/a","absent":true}"#, "", true),
        (#"{"claim":"/n","equals":"own"}"#, #""n":"own""#, false),
        (#"{"claim":"/n","equals":"mapped"}"#, #""n":"own""#, true),
        (#"{"raw_claim":"/n","equals":"own"}"#, #""n":"own""#, true),
    ])
    func `an allow applies only when its condition is true`(condition: String, claims: String, granted: Bool) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":\#(condition)}]}"#
        let outcome = try policies(text).decision(try input(.http, "", claims))
        #expect(outcome == (granted ? .allow(rules: ["r"]) : .deny(rules: [])))
    }

    @Test func `a deny on a list fires when an element is malformed`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"d","effect":"deny","targets":"any","when":{"claim":"/groups","contains":"banned"}}]}
            """
        let malformed = #""groups":[{"name":"banned"}]"#
        #expect(try policies(text).decision(try input(.http, "", malformed)) == .deny(rules: ["d"]))
        #expect(try policies(text).decision(try input(.http, "", #""groups":["staff"]"#)) == .allow(rules: ["open"]))
    }

    @Test(arguments: [
        (#""issuers":["https://issuer.example"]"#, true), (#""issuers":["https://other.example"]"#, false),
        (#""client_ids":["c"]"#, true), (#""client_ids":["d"]"#, false),
    ])
    func `a rule for certain callers allows no others`(who: String, granted: Bool) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any",\#(who)}]}"#
        let outcome = try policies(text).decision(try input(.http))
        #expect(outcome == (granted ? .allow(rules: ["r"]) : .deny(rules: [])))
    }
}

@Suite struct PolicyRefusalTests {
    @Test(arguments: [
        (#"{"version":4000}"#, ConfigurationError.Code.unsupportedVersion),
        (#"{"version":-1}"#, .unsupportedVersion),
        (#"{"version":"1"}"#, .wrongType),
        (#"{"version":1,"rules":[{"id":"a","effect":"deny","targets":"any","tools":["x"]}]}"#, .conflict),
        (#"{"version":1,"rules":[{"id":"a","effect":"deny","targets":"all"}]}"#, .invalidValue),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"deny","targets":"any","when":{"claim":"/a","exists":false}}]}"#,
            .invalidValue
        ),
        (#"{"version":1,"scope_implies":{"a":["a"]}}"#, .cyclicImplication),
    ])
    func `a mistake in a policy is refused with its code`(text: String, code: ConfigurationError.Code) {
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.code == code)
        #expect(error?.location != nil)
    }
}

private func policies(_ text: String) throws -> PolicySet {
    PolicySet([try CompiledPolicy(file: "test.json", bytes: Array(text.utf8))])
}

/// A POST to `/mcp`; the mapping puts `mapped` in place of the claim `n`.
private func input(_ operation: RequestOperation, _ scope: String = "", _ claims: String = "") throws -> PolicyInput {
    let scopes = try #require(ScopeSet(spaceDelimited: scope))
    let claims = Claims(
        payload: Array("{\(claims)}".utf8),
        scopes: scopes,
        clientID: "c",
        mapped: ["n": "mapped"]
    )
    let authInfo = AuthInfo(
        resource: try ResourceIdentifier("https://h.example/mcp"),
        facts: TokenFacts(
            issuer: "https://issuer.example",
            subject: "alice",
            clientID: "c",
            scopes: scopes,
            audience: [],
            expiresAt: NumericDate(0),
            claims: claims
        ),
        scopes: scopes,
        claims: claims,
        token: AccessToken(bytes: [])
    )
    return PolicyInput(
        authInfo: authInfo,
        request: ProtectedResourceRequest(method: .post, path: "/mcp", operation: operation),
        now: NumericDate(1_000_000)
    )
}
