// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

/// The messages that the author of a policy gets about mistakes.
@Suite struct PolicyMistakesTests {
    private static func mistakes(_ text: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
            return []
        } catch {
            return error.all.map(\.description)
        }
    }

    private static func rule(_ members: String) -> String {
        #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any",\#(members)}]}"#
    }

    @Test func `all mistakes in a file are reported, in file order`() {
        let text = """
            { "version": 1, "shadow": true,
              "required_scopes": ["a b"],
              "scope_implies": { "x": "y" },
              "rules": [
                { "id": "a", "effect": "permit", "tools": [], "paths": ["/a/", "b"] },
                { "id": "a", "effect": "allow", "targets": "any", "acr": [1],
                  "when": { "all": [{ "claim": "t", "equals": 1 }, { "claim": "/t", "lt": "soon" }, { "and": [] }] } },
                "rule",
                { "effect": "require", "targets": "any", "issuers": ["x"], "scopes": { "al": ["x"] } } ] }
            """
        #expect(
            Self.mistakes(text).map { String($0.prefix { $0 != " " }.dropLast()) } == [
                "p.json:1:17", "p.json:2:23", "p.json:3:27", "p.json:5:28", "p.json:5:47", "p.json:5:61", "p.json:5:68",
                "p.json:6:13", "p.json:6:63", "p.json:7:36", "p.json:7:79", "p.json:7:91", "p.json:8:5", "p.json:9:5",
                "p.json:9:76",
            ]
        )
    }

    @Test func `at most twenty mistakes are reported at once`() {
        let rules = (0..<50).map { #"{"id":"r\#($0)","effect":"allow","tool":["x"]}"# }.joined(separator: ",\n")
        let mistakes = Self.mistakes(#"{"version":1,"rules":[\#(rules)]}"#)
        #expect(mistakes.count == 20)
        #expect(mistakes.allSatisfy { $0.contains("MA002: unknown key `tool`, did you mean `tools`") })
    }

    @Test func `the first error carries the others and says how many there are`() {
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(#"{"version":1,"a":1,"b":2,"c":3}"#.utf8))
        }
        #expect(error?.others.map(\.message) == ["unknown key `b`", "unknown key `c`"])
        #expect(error?.description == "p.json:1:14: MA002: unknown key `a` (and 2 more mistakes)")
    }

    @Test(arguments: [
        (#"{"version":1,"rules":[{"id":"r","efect":"allow","targets":"any"}]}"#, "did you mean `effect`"),
        (#"{"version":1,"rules":[{"id":"r","effect":"allow","tolls":["x"]}]}"#, "did you mean `tools`"),
        (
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","scopes":{"al":["x"]}}]}"#,
            "did you mean `all`"
        ),
        (
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":{"claim":"/a","equls":1}}]}"#,
            "did you mean `equals`"
        ),
        (#"{"vresion":1}"#, "did you mean `version`"),
    ])
    func `a misspelled key is reported once, and not also as a missing key`(text: String, words: String) {
        let mistakes = Self.mistakes(text)
        #expect(mistakes.count == 1 && mistakes[0].contains(words), "\(mistakes)")
    }

    @Test func `an unknown version is refused before anything else`() {
        #expect(Self.mistakes(#"{"version":2,"rulez":[]}"#) == ["p.json:1:12: MA010: this program reads version 1"])
    }

    // MARK: - Words of other languages

    @Test(arguments: [
        (#"{"and":[]}"#, "unknown key `and`: write `all`"), (#"{"or":[]}"#, "unknown key `or`: write `any`"),
        (#"{"anyOf":[]}"#, "unknown key `anyOf`: write `any`"), (#"{"allOf":[]}"#, "unknown key `allOf`: write `all`"),
        (#"{"nor":[]}"#, "write `{\"not\": {\"any\": […]}}`"),
        (#"{"claim":"/a","includes":"x"}"#, "unknown key `includes`: write `contains`"),
        (#"{"claim":"/a","has":"x"}"#, "write `exists` where a claim must be present, or `contains`"),
        (#"{"claim":"/a","==":"x"}"#, "unknown key `==`: write `equals`"),
        (#"{"claim":"/a","eq":"x"}"#, "unknown key `eq`: write `equals`"),
        (#"{"claim":"/a","ne":"x"}"#, "around the condition without the negation"),
        (#"{"claim":"/a","!=":"x"}"#, "around the condition without the negation"),
        (#"{"claim":"/a","not_in":["x"]}"#, "around the condition without the negation"),
        (#"{"claim":"/a","nin":["x"]}"#, "around the condition without the negation"),
        (#"{"claim":"/a","not_equals":"x"}"#, "around the condition without the negation"),
        (#"{"claim":"/a","matches":"^x"}"#, "regular expressions are not part of this language; use `glob`"),
        (#"{"claim":"/a","regex":"^x"}"#, "regular expressions are not part of this language"),
        (#"{"claim":"/a","like":"x%"}"#, "write `glob`"), (#"{"claim":"/a","startsWith":"x"}"#, "write `prefix`"),
        (#"{"claim":"/a","ends_with":"x"}"#, "write `suffix`"), (#"{"claim":"/a",">=":1}"#, "write `gte`"),
        (#"{"claim":"/a","<":1}"#, "write `lt`"), (#"{"claim":"/a","superset_of":["x"]}"#, "write `contains_all`"),
        (#"{"claim":"/a","between":[1,2]}"#, "write `all` with `gte` and `lte`"),
        (#"{"claim":"/a","missing":true}"#, "write `absent`"),
        (#"{"$and":[]}"#, "unknown key `$and`: write `all`"), (#"{"$or":[]}"#, "unknown key `$or`: write `any`"),
        (#"{"not_all":[]}"#, "write `{\"not\": {\"all\": […]}}`"),
        (#"{"not_any":[]}"#, "write `{\"not\": {\"any\": […]}}`"),
        (#"{"claim":"/a","contains_only":["x"]}"#, "write `subset_of`"),
        (#"{"claim":"/a","contains_none":["x"]}"#, "around `contains_any`"),
        (#"{"claim":"/a","contains_key":"x"}"#, "name the member in the pointer"),
        (#"{"claim":"/a","in_array":["x"]}"#, "write `in`"), (#"{"claim":"/a","substring":"x"}"#, "write `glob`"),
        (#"{"claim":"/a","lt=":1}"#, "write `lte`"), (#"{"claim":"/a","gt=":1}"#, "write `gte`"),
        (#"{"claim":"/a","less_than_or_equal":1}"#, "write `lte`"),
        (#"{"arguments":{}}"#, "write `argument`, as in"), (#"{"captures":"x"}"#, "write `capture`, as in"),
        (#"{"field":"/a","equals":1}"#, "a value is named by `claim`, `argument` or `capture`"),
        (#"{"claim":"/a","op":"equals","value":"x"}"#, "the operator is the key and its operand the value"),
        (#""claims.tenant == 'acme'""#, "a condition is written as JSON"),
        (#"[{"claim":"/a","exists":true}]"#, "write `{\"all\": […]}` where all must be true"),
    ])
    func `a condition in the words of another language gets the right advice`(condition: String, advice: String) {
        let mistakes = Self.mistakes(Self.rule(#""when":\#(condition)"#))
        #expect(mistakes.contains { $0.contains(advice) }, "\(mistakes)")
        #expect(!mistakes.contains { $0.contains("did you mean") }, "\(mistakes)")
    }

    @Test(arguments: [
        (#""principal":"alice""#, "write `issuers`, `client_ids`, `subject_kind`"),
        (#""action":"read""#, "write `mcp_methods`, `tools`"),
        (#""resource":"x""#, "write `resource_uris` for resources of MCP, or `paths`"),
        (#""if":{}"#, "write `when` with a condition on claims"),
        (#""unless":{}"#, "write `when` with `{\"not\": {…}}`"),
        (#""arguments":{}"#, "check the argument"), (#""public":true"#, "write `\"subject_kind\": \"anyone\"`"),
        (#""permissions":[]"#, "write `scopes`"),
        (#""priority":1"#, "rules have no order"), (#""roles":["x"]"#, "check the claim"),
        (#""methods":["x"]"#, "write `mcp_methods` or `http_methods`"),
        (#""permit":true"#, "write `\"effect\": \"allow\"`"),
    ])
    func `a rule in the words of another language gets the right advice`(member: String, advice: String) {
        let mistakes = Self.mistakes(Self.rule(member))
        #expect(mistakes.count == 1 && mistakes[0].contains(advice), "\(mistakes)")
    }

    @Test(arguments: [("permit", "write `allow`"), ("forbid", "write `deny`"), ("must", "write `require`")])
    func `an effect of another language gets the right advice`(effect: String, advice: String) {
        let mistakes = Self.mistakes(#"{"version":1,"rules":[{"id":"r","effect":"\#(effect)","targets":"any"}]}"#)
        #expect(mistakes.count == 1 && mistakes[0].hasSuffix(": \(advice)"), "\(mistakes)")
    }

    @Test(arguments: [
        ("and", "write `all`"), ("or", "write `any`"), ("none", "a rule cannot ask for the absence of a scope"),
    ])
    func `scopes in the words of another language get the right advice`(key: String, advice: String) {
        let mistakes = Self.mistakes(Self.rule(#""scopes":{"\#(key)":["x"]}"#))
        #expect(mistakes.count == 1 && mistakes[0].contains(advice), "\(mistakes)")
    }

    @Test(arguments: [
        (#""scopes":["x"]"#, "found an array: write `{\"all\": […]}` where all are needed"),
        (#""scopes":"x""#, "found a string: write `{\"all\": […]}` where all are needed"),
        (#""scopes":{"all":[]}"#, "`all` is empty; name a scope, or leave it out"),
        (#""scopes":{"all":["x",1]}"#, "p.json:1:87: MA004: expected a string, found a number"),
        (#""subject_kind":"everyone""#, "write `anyone` to allow callers without a token too"),
        (#""when":{"claim":"/a","exists":false}"#, "for its opposite write `\"absent\": true`"),
        (#""when":{"claim":"/a","absent":false}"#, "for its opposite write `\"exists\": true`"),
    ])
    func `the message about a value of the wrong form says which form is right`(member: String, advice: String) {
        let mistakes = Self.mistakes(Self.rule(member))
        #expect(mistakes.count == 1 && mistakes[0].contains(advice), "\(mistakes)")
    }

    @Test func `no word of this language is listed as a word of another one`() {
        for (words, own) in [
            (PolicyWords.condition, PolicyGrammar.conditionKeys), (PolicyWords.rule, PolicyGrammar.rule.keys),
            (PolicyWords.scopes, PolicyGrammar.ruleScopes.keys), (PolicyWords.document, PolicyGrammar.document.keys),
            (PolicyWords.effect, Effect.allCases.map(\.rawValue)),
            (PolicyWords.subjectKind, SubjectKind.allCases.map(\.rawValue)),
        ] {
            for word in own { #expect(words.advice(on: word) == nil, "\(word)") }
        }
    }

    @Test(arguments: [
        ("tenant", "/tenant"), ("https://acme.example/roles", "/https:~1~1acme.example~1roles"), ("", "/tenant"),
        ("a~b", "/a~0b"),
    ])
    func `the message about a claim that is not a JSON Pointer shows one`(claim: String, pointer: String) {
        let mistakes = Self.mistakes(Self.rule(#""when":{"claim":"\#(claim)","exists":true}"#))
        #expect(
            mistakes.count == 1 && mistakes[0].hasSuffix("is not a JSON Pointer such as `\(pointer)`"),
            "\(mistakes)"
        )
    }

    @Test func `messages show names unchanged and in full`() {
        let name = "regel-für-größere-Beträge-" + String(repeating: "x", count: 200)
        let rules = #"{"id":"\#(name)","effect":"deny","targets":"any"}"#
        let mistakes = Self.mistakes(#"{"version":1,"rules":[\#(rules),\#(rules)]}"#)
        #expect(mistakes.count == 1 && mistakes[0].hasSuffix("MA007: another rule has the id `\(name)`"))
    }
}
