// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

/// Rules for callers without a token.
@Suite struct AnyoneTests {
    private static let anyone = #"{"id":"open","effect":"allow","subject_kind":"anyone","tools":["weather","quote"]}"#
    private static let scoped = #"{"id":"s","effect":"allow","tools":["quote","pay"],"scopes":{"all":["pay"]}}"#

    private static func with(_ rule: String) -> String { "\(anyone),\(scoped),\(rule)" }

    static let examples: [PolicyExample] = [
        .init("anyone is a caller without credentials", anyone, "tools/call:weather", nil, "allow"),
        .init("and also one with a token", anyone, "tools/call:weather", [:], "allow"),
        .init("an allow rule is for verified callers only", scoped, "tools/call:pay", nil, "token"),
        .init(
            "also without conditions",
            #"{"id":"a","effect":"allow","targets":"any"}"#,
            "tools/call:weather",
            nil,
            "token"
        ),
        .init("what no rule opens needs a token", with(scoped.replacing("\"s\"", with: "\"t\"")), "ping", nil, "token"),
        .init(
            "the challenge has the scopes of this operation",
            "\(anyone),\(scoped)",
            "tools/call:pay",
            nil,
            "token pay"
        ),
        .init(
            "a deny counts for everybody",
            with(#"{"id":"d","effect":"deny","tools":["weather"]}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "in a deny, every claim is missing: unknown, so it fires",
            with(#"{"id":"d","effect":"deny","targets":"any","when":{"claim":"/suspended","equals":true}}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "in a deny, `exists` is false",
            with(#"{"id":"d","effect":"deny","targets":"any","when":{"claim":"/suspended","exists":true}}"#),
            "tools/call:weather",
            nil,
            "allow"
        ),
        .init(
            "in a deny, `absent` is true",
            with(#"{"id":"d","effect":"deny","targets":"any","when":{"raw_claim":"/tenant","absent":true}}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "in a require, `absent` is met",
            with(#"{"id":"r","effect":"require","targets":"any","when":{"claim":"/suspended","absent":true}}"#),
            "tools/call:weather",
            nil,
            "allow"
        ),
        .init(
            "every scope is lacking: a deny for callers with a scope does not fire",
            with(#"{"id":"d","effect":"deny","targets":"any","scopes":{"all":["guest"]}}"#),
            "tools/call:weather",
            nil,
            "allow"
        ),
        .init(
            "every scope is lacking: a require is not met, and the challenge names its scope",
            with(#"{"id":"r","effect":"require","tools":["weather"],"scopes":{"all":["base"]}}"#),
            "tools/call:weather",
            nil,
            "token base"
        ),
        .init(
            "the short form is a require",
            #"{"version":1,"required_scopes":["base"],"rules":[\#(anyone)]}"#,
            "tools/call:weather",
            nil,
            "token base"
        ),
        .init(
            "a sign-in is never there",
            with(#"{"id":"r","effect":"require","tools":["weather"],"max_age_seconds":60}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "a deny for some issuers, clients or kinds may be for a caller without a token",
            with(#"{"id":"d","effect":"deny","tools":["weather"],"client_ids":["bad"]}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "a deny for users too",
            with(#"{"id":"d","effect":"deny","tools":["weather"],"subject_kind":"user"}"#),
            "tools/call:weather",
            nil,
            "token"
        ),
        .init(
            "a condition on a claim is unknown in a rule for anyone",
            #"{"id":"a","effect":"allow","subject_kind":"anyone","targets":"any","when":{"claim":"/x","absent":true}}"#,
            "ping",
            nil,
            "token"
        ),
        .init(
            "and is evaluated for a caller with a token",
            #"{"id":"a","effect":"allow","subject_kind":"anyone","targets":"any","when":{"claim":"/x","absent":true}}"#,
            "ping",
            [:],
            "allow"
        ),
        .init(
            "a rule in shadow mode opens nothing",
            #"{"id":"a","effect":"allow","enforce":false,"subject_kind":"anyone","targets":"any"}"#,
            "ping",
            nil,
            "token"
        ),
        .init(
            "plain HTTP too",
            anyone.replacing("\"tools\":[\"weather\",\"quote\"]", with: "\"paths\":[\"/open/**\"]"),
            "GET /open/a",
            nil,
            "allow"
        ),
    ]

    @Test(arguments: examples)
    func `each example has the outcome that its sentence describes`(example: PolicyExample) async throws {
        let trace = try await example.decide()
        #expect(PolicyExample.words(trace) == example.outcome, "\(trace.rules.map(\.why))")
    }

    @Test(arguments: [
        #""scopes":{"all":["a"]}"#, #""issuers":["https://a.example"]"#, #""client_ids":["a"]"#, #""acr":["a"]"#,
        #""max_age_seconds":1"#, #""proof_of_possession":"required""#,
    ])
    func `a rule for anyone cannot have what only a token has`(member: String) {
        let text =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","subject_kind":"anyone","targets":"any",\#(member)}]}"#
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.code == .conflict)
        #expect(error?.description.contains("a caller without a token never meets it") == true)
    }

    @Test(arguments: ["deny", "require"]) func `only an allow rule is for anyone`(effect: String) {
        let text =
            #"{"version":1,"rules":[{"id":"a","effect":"\#(effect)","subject_kind":"anyone","targets":"any","#
            + #""when":{"argument":"/a","equals":1}}]}"#
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.description.contains("`anyone` is for allow rules") == true)
    }

    @Test func `policies without a rule for anyone are known to have none`() throws {
        let open = #"{"version":1,"rules":[\#(Self.anyone)]}"#
        for (text, mayAllow) in [
            (open, true), (open.replacing("\"version\":1", with: "\"version\":1,\"enforce\":false"), false),
            (#"{"version":1,"rules":[\#(Self.scoped)]}"#, false), (#"{"version":1,"required_scopes":["a"]}"#, false),
        ] {
            #expect(try PolicySet(text: text).mayAllowAnyone == mayAllow, "\(text)")
        }
    }
}
