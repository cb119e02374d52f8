// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

@Suite struct PolicyLintTests {
    @Test(arguments: [
        (#"{"id":"a","effect":"allow","subject_kind":"anyone","tools":["x"]}"#, "", ["MA110"]),
        (
            #"{"id":"a","effect":"allow","subject_kind":"anyone","tools":["x"]}"#, #""required_scopes":["s"],"#,
            ["MA105", "MA110"]
        ),
        (
            #"{"id":"a","effect":"allow","subject_kind":"anyone","tools":["x"]},"#
                + #"{"id":"r","effect":"require","targets":"any","scopes":{"any":["s"]}}"#, "", ["MA105", "MA110"]
        ),
        (
            #"{"id":"a","effect":"allow","subject_kind":"anyone","tools":["x"]},"#
                + #"{"id":"r","effect":"require","tools":["y"],"max_age_seconds":1}"#, "", ["MA110"]
        ),
        (
            #"{"id":"a","effect":"allow","subject_kind":"anyone","paths":["/t/{tenant}"],"#
                + #""when":{"argument":"/a","equals":1}}"#, "", ["MA110", "MA113"]
        ),
    ])
    func `open operations are named, and those that nobody can use without a token`(
        rules: String,
        more: String,
        codes: [String]
    ) throws {
        let text = #"{"version":1,\#(more)"rules":[\#(rules)]}"#
        let warnings = try PolicyLint(file: "p.json", bytes: Array(text.utf8)).warnings
        #expect(warnings.map { "\($0.code)" }.sorted() == codes, "\(warnings)")
        let open = warnings.first { $0.code == .openOperation }
        #expect(open?.message.hasPrefix("anyone may use ") == true)
    }

    private static func warnings(_ rules: String, uses: [PolicyLint.Use] = []) throws -> [String] {
        let text = #"{"version":1,"rules":[\#(rules)]}"#
        return try PolicyLint(file: "p.json", bytes: Array(text.utf8), uses: uses).warnings.map(\.description)
    }

    private static func use(
        scopes: ScopeSet = [],
        claims: Set<String> = [],
        issuers: [PolicyLint.Use.Issuer] = []
    ) -> PolicyLint.Use {
        PolicyLint.Use(
            resource: "https://api.example.com/notes",
            scopesSupported: scopes,
            mappedClaims: claims,
            issuers: issuers
        )
    }

    private static func issuer(
        _ name: String,
        _ scopes: ScopeSet?,
        claims: [String: Set<String>] = [:]
    ) -> PolicyLint.Use.Issuer {
        PolicyLint.Use.Issuer(identifier: name, allowedScopes: scopes, allowedClaims: claims)
    }

    @Test(arguments: [
        (#"{"id":"a","effect":"allow","targets":"any","enforce":false}"#, "MA101"),
        (
            #"{"id":"a","effect":"allow","targets":"any","when":{"not":{"claim":"/groups","contains":"guests"}}}"#,
            "MA103"
        ),
        (
            #"{"id":"a","effect":"allow","tools":["x"]},{"id":"d","effect":"deny","tools":["*"]}"#, "MA105"
        ),
        (#"{"id":"a","effect":"allow","targets":"any","scopes":{"all":["offline_access"]}}"#, "MA109"),
        (#"{"id":"a","effect":"allow","mcp_methods":["tools/cal"]}"#, "MA111"),
        (#"{"id":"a","effect":"deny","mcp_methods":["ping","tool/*"]}"#, "MA111"),
        (#"{"id":"a","effect":"allow","mcp_methods":["acme/report"]}"#, "MA111"),
        (#"{"id":"a","effect":"allow","mcp_methods":["tools/call:x"]}"#, "MA111"),
        (#"{"id":"a","effect":"allow","mcp_methods":["tools.call"]}"#, "MA111"),
        (#"{"id":"a","effect":"deny","http_methods":["GTE","GET"]}"#, "MA111"),
        (#"{"id":"a","effect":"deny","http_methods":["*"]}"#, "MA111"),
        (#"{"id":"a","effect":"allow","tools":["^create_.*$"]}"#, "MA112"),
        (#"{"id":"a","effect":"deny","tools":["drop_.*"]}"#, "MA112"),
        (#"{"id":"a","effect":"deny","tools":[".*"]}"#, "MA112"),
        (#"{"id":"a","effect":"allow","tools":["read|list"]}"#, "MA112"),
        (#"{"id":"a","effect":"allow","prompts":["[rl]*"]}"#, "MA112"),
        (#"{"id":"a","effect":"allow","prompts":["x","(a|b)"]}"#, "MA112"),
        (#"{"id":"a","effect":"allow","targets":"any","when":{"claim":"/email","glob":"\\w+@x"}}"#, "MA112"),
    ])
    func `a probable mistake gets one warning with its code`(rules: String, code: String) throws {
        let warnings = try Self.warnings(rules)
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains(": \(code): ") == true && warnings.first?.hasPrefix("p.json:1:") == true)
    }

    @Test(arguments: [
        #"{"id":"a","effect":"allow","targets":"any","when":{"all":[{"claim":"/groups","exists":true},{"not":{"claim":"/groups","contains":"guests"}}]}}"#,
        #"{"id":"a","effect":"allow","targets":"any","when":{"not":{"claim":"/suspended","exists":true}}}"#,
        #"{"id":"a","effect":"allow","tools":["x"]},{"id":"d","effect":"deny","tools":["*"],"scopes":{"all":["s"]}}"#,
        #"{"id":"a","effect":"allow","tools":["x"]},{"id":"d","effect":"deny","prompts":["*"]}"#,
        #"{"id":"a","effect":"allow","tools":["x"]},{"id":"d","effect":"deny","tools":["x"],"http_methods":["POST"]}"#,
        #"{"id":"a","effect":"allow","mcp_methods":["@basics","tools/*","*","resources/read","*/list","com.example/do"]}"#,
        #"{"id":"a","effect":"allow","tools":["com.acme.*","a(b)","cost_in_$_usd","x.*"],"paths":["/a/**"]}"#,
        #"{"id":"a","effect":"allow","targets":"any","when":{"claim":"/sub","glob":"auth0|*"}}"#,
        #"{"id":"a","effect":"allow","http_methods":["PURGE","GET"],"paths":["/a/**"]}"#,
    ])
    func `a rule without a probable mistake gets no warning`(rules: String) throws {
        #expect(try Self.warnings(rules).isEmpty)
    }

    @Test func `a warning about an unknown method has a suggestion where there is one`() throws {
        let warnings = try Self.warnings(
            #"{"id":"a","effect":"allow","mcp_methods":["ping","tools/cal","tools/call:drop","x*"]}"#
        )
        #expect(
            warnings == [
                "p.json:1:72: MA111: `tools/cal` is not an MCP method, did you mean `tools/call`",
                "p.json:1:84: MA111: `tools/call:drop` is not an MCP method; name what it acts on in `tools`: \"drop\"",
                "p.json:1:102: MA111: `x*` matches no MCP method",
            ]
        )
    }

    @Test(arguments: [
        ("GET", "methods of HTTP are named in `http_methods`"), ("create_note", "tools are named in `tools`"),
        ("tools.call", "did you mean `tools/call`"), ("tools/run", "expected `tools/call`, `tools/list`"),
    ])
    func `a warning about an unknown MCP method says what to write`(method: String, advice: String) throws {
        let warnings = try Self.warnings(#"{"id":"a","effect":"allow","mcp_methods":["\#(method)"]}"#)
        #expect(warnings.count == 1 && warnings[0].hasSuffix(advice), "\(warnings)")
    }

    @Test func `a warning that applies to several resources is given once`() throws {
        let rule = #"{"id":"a","effect":"allow","targets":"any","scopes":{"all":["x"]}}"#
        let uses = (1...5).map { index in
            PolicyLint.Use(
                resource: "https://h.example/\(index)",
                scopesSupported: ["y"],
                mappedClaims: [],
                issuers: []
            )
        }
        let warnings = try Self.warnings(rule, uses: uses + uses)
        #expect(warnings.count == 1)
        let list = "`https://h.example/1`, `https://h.example/2`, `https://h.example/3` and 2 more"
        #expect(warnings.first?.hasSuffix("is not among `scopes_supported` of \(list)") == true)
    }

    @Test func `a scope that the metadata does not list gets a warning`() throws {
        let rule = #"{"id":"a","effect":"allow","targets":"any","scopes":{"all":["read:note"]}}"#
        let warnings = try Self.warnings(rule, uses: [Self.use(scopes: ["read:notes"])])
        #expect(warnings.count == 1)
        #expect(
            warnings.first?.contains("MA102") == true && warnings.first?.contains("did you mean `read:notes`") == true
        )
        #expect(try Self.warnings(rule, uses: [Self.use()]).isEmpty, "a resource that lists none is not looked at")
    }

    @Test func `a warning has the position of the scope or claim that it is about`() throws {
        let rule = #"""
            {"id":"a","effect":"allow","targets":"any","scopes":{"any":["read","write"]},"when":{"all":[
            {"claim":"/groups","contains":"a"},
            {"claim":"/departmnt","equals":"x"}, {"claim":"/departmnt","equals":"y"}]}}
            """#
        let warnings = try Self.warnings(rule, uses: [Self.use(scopes: ["read"])])
        let places = warnings.map { String($0.prefix { $0 != " " }) }
        #expect(places == ["p.json:1:90:", "p.json:3:1:"], "\(warnings)")
    }

    @Test func `a claim that is neither common nor mapped gets a warning`() throws {
        let rule = #"{"id":"a","effect":"allow","targets":"any","when":{"claim":"/departmnt","equals":"x"}}"#
        let warnings = try Self.warnings(rule, uses: [Self.use(claims: ["department"])])
        #expect(warnings.count == 1)
        #expect(
            warnings.first?.contains("MA104") == true && warnings.first?.contains("did you mean `department`") == true
        )
        let mapped = rule.replacing("departmnt", with: "department")
        #expect(try Self.warnings(mapped, uses: [Self.use(claims: ["department"])]).isEmpty)
    }

    @Test(arguments: [
        (#""scopes":{"all":["read"]}"#, nil as [String]?, "MA107" as String?),
        (#""scopes":{"all":["read"]}"#, ["read"], nil),
        (#""scopes":{"all":["read"]},"issuers":["https://one.example"]"#, nil, nil),
        (#""scopes":{"all":["read"]},"issuers":["https://two.example"]"#, ["write"], "MA108"),
        (#""scopes":{"all":["read"]},"when":{"claim":"/iss","equals":"https://one.example"}"#, nil, nil),
        (#""when":{"claim":"/roles","contains":"admin"}"#, ["read"], "MA107"),
    ])
    func `with several issuers, a scope or claim must have a bound or the rule must name an issuer`(
        rule: String,
        bound: [String]?,
        code: String?
    ) throws {
        let issuers = [
            Self.issuer("https://one.example", ["read"]), Self.issuer("https://two.example", bound.map(ScopeSet.init)),
        ]
        let warnings = try Self.warnings(
            #"{"id":"a","effect":"allow","targets":"any",\#(rule)}"#,
            uses: [Self.use(issuers: issuers)]
        )
        #expect(warnings.count == (code == nil ? 0 : 1), "\(warnings)")
        if let code { #expect(warnings.first?.contains(code) == true) }
    }
}
