// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

// The boundary values of every part of a rule, just inside and just outside, where other tests miss a small change.

@Suite struct GlobEdgeTests {
    @Test(arguments: [
        ("*", "", true), ("*", "/", true), ("a*", "a", true), ("a*", "", false), ("*a", "a", true), ("*a", "ba", true),
        ("*a", "ab", false), ("a*b", "ab", true), ("a*b", "a", false), ("a*b", "axxb", true), ("a*b", "axbx", false),
        ("a**b", "a/b", true), ("*a*", "xax", true), ("*a*b", "aab", true), ("*ab*ab", "abab", true),
        ("*ab*ab", "ab", false), ("abc", "abc", true), ("abc", "ab", false), ("ab", "abc", false), ("", "", true),
        ("a*a", "a", false), ("*.example.com", ".example.com", true), ("é*", "éa", true), ("a?c", "abc", false),
        ("tools", "Tools", false), ("*x*y*", "yx", false), ("*x*y*", "xy", true),
    ])
    func `in a name a star matches any text, including none`(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern, .name).matches(text) == matches)
    }

    @Test(arguments: [
        ("/a/*", "/a/", true), ("/a/*", "/a", false), ("/a/**", "/a/", true), ("/a/**", "/a", false),
        ("/a/*/b", "/a//b", true), ("/a/*/b", "/a/x/y/b", false), ("/a/**/b", "/a/x/y/b", true),
        ("/a/**/b", "/a/b", false), ("/**", "/", true), ("**", "", true), ("*", "/", false), ("*", "a", true),
        ("/*a", "/xa", true), ("/*a", "/x/a", false), ("/**a", "/x/a", true), ("/a*", "/a", true),
        ("/a*", "/a/b", false),
        ("/*/*", "/a/b", true), ("/*/*", "/a/b/c", false), ("/*/*", "/a", false), ("/**/x/*", "/a/x/b/x/c", true),
        ("/**/x/*", "/a/x/b/c", false), ("/***", "/a/b", true), ("/a/*b*/c", "/a/xbx/c", true),
        ("/a/*b*/c", "/a/x/bx/c", false), ("/x/*a/**b", "/x/a/ab", true), ("/x/*a/**b", "/x/b/ab", false),
    ])
    func `in a path one star stays within a segment and two do not`(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern, .path).matches(text) == matches)
    }

    @Test func `a pattern without a star is exact, and its prefix ends at the first star`() {
        #expect(Glob("ab", .name).isExact && !Glob("ab*", .name).isExact && !Glob("*", .path).isExact)
        #expect(Glob("ab*c*", .name).prefix == Array("ab".utf8) && Glob("**a", .path).prefix.isEmpty)
    }
}

@Suite struct TruthEdgeTests {
    private static let all: [Truth] = [.isTrue, .isFalse, .unknown]

    @Test func `and, or and not follow Kleene logic for all values`() {
        let and: [[Truth]] = [
            [.isTrue, .isFalse, .unknown], [.isFalse, .isFalse, .isFalse], [.unknown, .isFalse, .unknown],
        ]
        let or: [[Truth]] = [
            [.isTrue, .isTrue, .isTrue], [.isTrue, .isFalse, .unknown], [.isTrue, .unknown, .unknown],
        ]
        for (row, left) in Self.all.enumerated() {
            for (column, right) in Self.all.enumerated() {
                #expect(left.and(right) == and[row][column] && left.or(right) == or[row][column])
                #expect(Truth.all([left, right]) { $0 } == and[row][column])
                #expect(Truth.any([left, right]) { $0 } == or[row][column])
            }
        }
        #expect(Self.all.map(\.negated) == [.isFalse, .isTrue, .unknown])
        #expect([true, false, nil].map { Truth($0 as Bool?) } == Self.all)
    }
}

@Suite struct PredicateEdgeTests {
    /// Whether a condition is true, false or unknown for these claims: one allow tests it, and one its negation.
    private static func truth(_ condition: String, _ claims: String) throws -> Truth {
        func isTrue(_ condition: String) throws -> Bool {
            let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":\#(condition)}]}"#
            return try PolicySet(text: text).decision(try .test(.http, claims: claims)) == .allow(rules: ["r"])
        }
        if try isTrue(condition) { return .isTrue }
        return try isTrue(#"{"not":\#(condition)}"#) ? .isFalse : .unknown
    }

    @Test(arguments: [
        ("lt", "2.9", Truth.isTrue), ("lt", "3", .isFalse), ("lt", "3.1", .isFalse), ("lte", "3", .isTrue),
        ("lte", "3.1", .isFalse), ("gt", "3.1", .isTrue), ("gt", "3", .isFalse), ("gt", "2.9", .isFalse),
        ("gte", "3", .isTrue), ("gte", "2.9", .isFalse), ("lt", #""2""#, .unknown), ("gte", "null", .unknown),
        ("lt", "[2]", .unknown), ("gt", "true", .unknown), ("lt", "-1e3", .isTrue), ("gte", "1e400", .unknown),
    ])
    func `numbers are compared correctly at the bound`(name: String, value: String, truth: Truth) throws {
        #expect(try Self.truth(#"{"claim":"/t","\#(name)":3}"#, #"{"t":\#(value)}"#) == truth)
    }

    @Test(arguments: [
        ("lt", "2025-12-31T23:59:59Z", Truth.isTrue), ("lt", "2026-01-01T00:00:00Z", .isFalse),
        ("lte", "2026-01-01T00:00:00Z", .isTrue), ("lte", "2026-01-01T00:00:00.001Z", .isFalse),
        ("gt", "2026-01-01T00:00:00Z", .isFalse), ("gt", "2026-01-01T00:00:00.001Z", .isTrue),
        ("gte", "2026-01-01T01:00:00+01:00", .isTrue), ("gte", "2025-12-31T23:59:59Z", .isFalse),
        ("gte", "2026-01-01", .unknown), ("gte", "soon", .unknown),
    ])
    func `date-times are compared correctly at the bound`(name: String, value: String, truth: Truth) throws {
        let condition = #"{"claim":"/t","\#(name)":"2026-01-01T00:00:00Z"}"#
        #expect(try Self.truth(condition, #"{"t":"\#(value)"}"#) == truth)
    }

    @Test(arguments: [
        (#""subset_of":["x","y"]"#, "[]", Truth.isTrue), (#""subset_of":["x","y"]"#, #"["y","x","y"]"#, .isTrue),
        (#""subset_of":["x","y"]"#, #"["z"]"#, .isFalse), (#""subset_of":["x","y"]"#, #"["x","z"]"#, .isFalse),
        (#""subset_of":["x","y"]"#, #"["x",1]"#, .unknown), (#""subset_of":["x","y"]"#, #"[1,"z"]"#, .isFalse),
        (#""subset_of":["x","y"]"#, #""x""#, .unknown), (#""subset_of":["x",1]"#, #"[1,"x"]"#, .isTrue),
        (#""contains":"x""#, "[]", .isFalse), (#""contains":"x""#, #"["y"]"#, .isFalse),
        (#""contains":"x""#, #"[1,"x"]"#, .isTrue), (#""contains":"x""#, "[1]", .unknown),
        (#""contains":"x""#, #"["xy"]"#, .isFalse), (#""contains":"x""#, #"{"x":1}"#, .unknown),
        (#""contains_any":["x","y"]"#, "[]", .isFalse), (#""contains_any":["x","y"]"#, #"["y"]"#, .isTrue),
        (#""contains_any":["x","y"]"#, #"["z"]"#, .isFalse), (#""contains_any":["x","y"]"#, "[1]", .unknown),
        (#""contains_any":["x",1]"#, "[1]", .isTrue), (#""contains_any":["x","y"]"#, #""y""#, .unknown),
        (#""contains_all":["x","y"]"#, "[]", .isFalse), (#""contains_all":["x","y"]"#, #"["x"]"#, .isFalse),
        (#""contains_all":["x","y"]"#, #"["y","x"]"#, .isTrue), (#""contains_all":["x","y"]"#, #"["x",1]"#, .unknown),
        (#""contains_all":["x"]"#, #"["x",1]"#, .isTrue), (#""contains_all":["x","y"]"#, #"["z",1]"#, .unknown),
        (#""in":["x","y"]"#, #""y""#, .isTrue), (#""in":["x","y"]"#, #""z""#, .isFalse),
        (#""in":["x","y"]"#, "1", .unknown),
        (#""in":["x",1]"#, "2", .isFalse), (#""in":["x",null]"#, "null", .isTrue),
        (#""in":["x","y"]"#, #"["x"]"#, .unknown),
        (#""equals":"x""#, #""X""#, .isFalse), (#""equals":"x""#, "null", .unknown),
        (#""equals":null"#, "null", .isTrue),
        (#""equals":null"#, #""x""#, .unknown), (#""equals":true"#, "true", .isTrue),
        (#""equals":true"#, "false", .isFalse),
        (#""equals":true"#, "1", .unknown), (#""equals":1"#, "1.0", .isTrue), (#""equals":1.5"#, "1.5", .isTrue),
        (#""equals":1"#, "2", .isFalse), (#""equals":"K""#, #""\u212A""#, .isFalse),
        (#""prefix":"ab""#, #""ab""#, .isTrue), (#""prefix":"ab""#, #""a""#, .isFalse),
        (#""prefix":"ab""#, #""xab""#, .isFalse),
        (#""prefix":"ab""#, #"["ab"]"#, .unknown), (#""suffix":"ab""#, #""ab""#, .isTrue),
        (#""suffix":"ab""#, #""b""#, .isFalse),
        (#""suffix":"ab""#, #""abx""#, .isFalse), (#""suffix":"ab""#, "1", .unknown),
        (#""glob":"a*b""#, #""a/b""#, .isTrue),
        (#""glob":"a*b""#, #""a""#, .isFalse), (#""glob":"a*b""#, "1", .unknown), (#""exists":true"#, "null", .isTrue),
        (#""absent":true"#, "null", .isFalse), (#""exists":true"#, "[]", .isTrue),
    ])
    func `each operator is true, false or unknown for a value`(condition: String, value: String, truth: Truth) throws {
        #expect(try Self.truth(#"{"claim":"/t",\#(condition)}"#, #"{"t":\#(value)}"#) == truth)
    }

    @Test(arguments: [
        #""equals":"x""#, #""in":["x"]"#, #""contains":"x""#, #""contains_any":["x"]"#, #""contains_all":["x"]"#,
        #""subset_of":["x"]"#, #""prefix":"x""#, #""suffix":"x""#, #""glob":"x""#, #""lt":1"#, #""lte":1"#, #""gt":1"#,
        #""gte":1"#,
    ])
    func `an operator on a claim that is missing or cannot be represented is unknown`(condition: String) throws {
        let condition = #"{"claim":"/t",\#(condition)}"#
        for claims in ["{}", #"{"t":18446744073709551616}"#, #"{"t":"x\u0000"}"#, #"{"t":"\ud800"}"#, #"{"t":-1e999}"#]
        {
            #expect(try Self.truth(condition, claims) == .unknown, "\(claims)")
        }
        #expect(try Self.truth(condition, #"{"t":{"a\u0000":"x"}}"#) == .unknown)
    }

    @Test func `a claim exists even when its value cannot be represented`() throws {
        let claims = #"{"t":1e400,"o":{"a\u0000":1},"l":["x",1e400]}"#
        #expect(try Self.truth(#"{"claim":"/t","exists":true}"#, claims) == .isTrue)
        #expect(try Self.truth(#"{"claim":"/t","absent":true}"#, claims) == .isFalse)
        #expect(try Self.truth(#"{"claim":"/o","exists":true}"#, claims) == .isTrue)
        // Nothing is known about the content of such a value.
        #expect(try Self.truth(#"{"claim":"/t/b","exists":true}"#, claims) == .unknown)
        #expect(try Self.truth(#"{"claim":"/t/b/c","absent":true}"#, claims) == .unknown)
        #expect(try Self.truth(#"{"raw_claim":"/t/b","absent":true}"#, claims) == .unknown)
        // A rule cannot ask for a name that cannot be represented.
        #expect(try Self.truth(#"{"claim":"/o/b","exists":true}"#, claims) == .isFalse)
        #expect(try Self.truth(#"{"claim":"/o/b","absent":true}"#, claims) == .isTrue)
        #expect(try Self.truth(#"{"claim":"/missing/b","absent":true}"#, claims) == .isTrue)
        // Other values next to it are evaluated as usual.
        #expect(try Self.truth(#"{"claim":"/l","contains":"x"}"#, claims) == .isTrue)
        #expect(try Self.truth(#"{"claim":"/l","contains":"y"}"#, claims) == .unknown)
        #expect(try Self.truth(#"{"claim":"/l","subset_of":["x"]}"#, claims) == .unknown)
    }

    @Test(arguments: ["scope", "scp", "aud", "groups", "roles", "amr"])
    func `a string counts as a set of one in a set claim, but only at the top level`(name: String) throws {
        // `claim` reads `scope` as the scopes of the token, so `raw_claim` is used for its own text.
        let claims = #"{"\#(name)":"x","in":{"\#(name)":"x"}}"#
        for condition in [
            #""contains":"x""#, #""contains_any":["x"]"#, #""contains_all":["x"]"#, #""subset_of":["x"]"#,
        ] {
            #expect(try Self.truth(#"{"raw_claim":"/\#(name)",\#(condition)}"#, claims) == .isTrue)
            #expect(try Self.truth(#"{"raw_claim":"/in/\#(name)",\#(condition)}"#, claims) == .unknown)
        }
        #expect(try Self.truth(#"{"raw_claim":"/\#(name)","contains":"y"}"#, claims) == .isFalse)
        #expect(try Self.truth(#"{"raw_claim":"/\#(name)","equals":"x"}"#, claims) == .isTrue)
    }

    @Test func `a string in any other claim is not a set`() throws {
        for name in ["role", "group", "permissions", "entitlements"] {
            #expect(try Self.truth(#"{"claim":"/\#(name)","contains":"x"}"#, #"{"\#(name)":"x"}"#) == .unknown)
        }
    }
}

@Suite struct SignInEdgeTests {
    @Test(arguments: [
        (999_700.0, true), (999_699.9, false), (1_000_000, true), (1_000_060, true), (1_000_060.1, false),
        (1_000_061, false),
    ])
    func `a sign-in is accepted up to its age limit and a minute in the future`(time: Double, isGood: Bool) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","max_age_seconds":300}]}"#
        let outcome = try PolicySet(text: text).decision(try .test(.http, claims: #"{"auth_time":\#(time)}"#))
        let needed = AuthenticationRequirement(acrValues: [], maxAge: 300)
        #expect(outcome == (isGood ? .allow(rules: ["r"]) : .insufficientAuthentication(needed, rules: ["r"])))
    }

    @Test(arguments: [
        #"{}"#, #"{"auth_time":"999999"}"#, #"{"auth_time":null}"#, #"{"auth_time":1e400}"#, #"{"auth_time":[999999]}"#,
    ])
    func `a token without a usable auth_time does not meet max_age_seconds`(claims: String) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","max_age_seconds":300}]}"#
        #expect(try PolicySet(text: text).decision(try .test(.http, claims: claims)) != .allow(rules: ["r"]))
    }

    @Test(arguments: [
        (#"{"acr":"gold"}"#, true), (#"{"acr":"silver"}"#, true), (#"{"acr":"Gold"}"#, false),
        (#"{"acr":"tin"}"#, false),
        (#"{"acr":["gold"]}"#, false), (#"{"acr":"gold silver"}"#, false), (#"{}"#, false),
        (#"{"acr":"gold\u0000"}"#, false),
    ])
    func `acr must equal one of the listed values, byte for byte`(claims: String, isGood: Bool) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","acr":["gold","silver"]}]}"#
        let outcome = try PolicySet(text: text).decision(try .test(.http, claims: claims))
        let needed = AuthenticationRequirement(acrValues: ["gold", "silver"], maxAge: nil)
        #expect(outcome == (isGood ? .allow(rules: ["r"]) : .insufficientAuthentication(needed, rules: ["r"])))
    }

    @Test func `several rules ask for one sign-in: the acr values that all accept, and the smallest age`() throws {
        let text = """
            {"version":1,"rules":[{"id":"a","effect":"allow","targets":"any",
                "acr":["tin","gold","silver"],"max_age_seconds":600},
              {"id":"q","effect":"require","targets":"any","acr":["silver","gold"],"max_age_seconds":300},
              {"id":"p","effect":"require","targets":"any","max_age_seconds":900}]}
            """
        let outcome = try PolicySet(text: text).decision(try .test(.http))
        guard case .insufficientAuthentication(let needed, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(needed.maxAge == 300 && needed.acrValues.sorted() == ["gold", "silver"])
        let apart = text.replacing(#""silver","gold""#, with: #""iron""#)
        guard case .deny = try PolicySet(text: apart).decision(try .test(.http)) else {
            Issue.record("no class in common can be asked for")
            return
        }
    }

    @Test func `an allow does not meet the sign-in that a require demands`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"q","effect":"require","targets":"any","acr":["gold"],"max_age_seconds":300}]}
            """
        let needed = AuthenticationRequirement(acrValues: ["gold"], maxAge: 300)
        for claims in [#"{"acr":"gold","auth_time":1}"#, #"{"acr":"tin","auth_time":1000000}"#, "{}"] {
            let outcome = try PolicySet(text: text).decision(try .test(.http, claims: claims))
            #expect(outcome == .insufficientAuthentication(needed, rules: ["q"]))
        }
        let good = try PolicyInput.test(.http, claims: #"{"acr":"gold","auth_time":1000000}"#)
        #expect(try PolicySet(text: text).decision(good) == .allow(rules: ["open"]))
    }

    @Test func `an allow that demands a proof allows nobody, and a require that does denies everybody`() throws {
        let allow = #"{"id":"a","effect":"allow","targets":"any","proof_of_possession":"required"}"#
        let open = #"{"id":"o","effect":"allow","targets":"any"}"#
        let require = #"{"id":"q","effect":"require","targets":"any","proof_of_possession":"required"}"#
        let when = #"{"id":"w","effect":"allow","targets":"any","proof_of_possession":"required","when":{"all":[]}}"#
        for (rules, denying) in [(allow, []), (open + "," + require, ["q"]), (when, [])] {
            let text = #"{"version":1,"rules":[\#(rules)]}"#
            #expect(try PolicySet(text: text).decision(try .test(.http)) == .deny(rules: denying))
        }
    }
}

@Suite struct CallerEdgeTests {
    @Test(
        arguments: [
            ("user", "alice", "c", true), ("user", "c", "c", false), ("user", nil, "c", false),
            ("user", "alice", nil, true),
            ("user", nil, nil, false), ("user", "C", "c", true), ("client", "c", "c", true), ("client", nil, "c", true),
            ("client", nil, nil, true), ("client", "alice", "c", false), ("client", "alice", nil, false),
        ] as [(String, String?, String?, Bool)]
    )
    func `a token belongs to a client when it has no subject, or the client as its subject`(
        kind: String,
        subject: String?,
        client: String?,
        isFor: Bool
    ) throws {
        let text = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","subject_kind":"\#(kind)"}]}"#
        let outcome = try PolicySet(text: text).decision(try .test(.http, subject: subject, clientID: client))
        #expect(outcome == (isFor ? .allow(rules: ["r"]) : .deny(rules: [])))
    }

    @Test(arguments: [("allow", false), ("deny", true), ("require", true)])
    func `a token without a client ID may belong to any client`(effect: String, counts: Bool) throws {
        let open = #"{"id":"open","effect":"allow","targets":"any"},"#
        let rule =
            #"{"id":"r","effect":"\#(effect)","targets":"any","client_ids":["c"],"when":{"claim":"/x","equals":1}}"#
        let text = #"{"version":1,"rules":[\#(effect == "allow" ? "" : open)\#(rule)]}"#
        let claims = effect == "require" ? "{}" : #"{"x":1}"#
        let outcome = try PolicySet(text: text).decision(try .test(.http, claims: claims, clientID: nil))
        #expect(outcome == (counts ? .deny(rules: ["r"]) : .deny(rules: [])))
        let other = try PolicySet(text: text).decision(try .test(.http, claims: claims, clientID: "d"))
        #expect(other == (effect == "allow" ? .deny(rules: []) : .allow(rules: ["open"])))
    }

    @Test func `an issuer is compared byte for byte`() throws {
        let text =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","issuers":["https://i.example"]}]}"#
        for (issuer, isFor) in [
            ("https://i.example", true), ("https://i.example/", false), ("https://I.example", false),
        ] {
            let outcome = try PolicySet(text: text).decision(try .test(.http, issuer: issuer))
            #expect(outcome == (isFor ? .allow(rules: ["r"]) : .deny(rules: [])))
        }
    }
}

@Suite struct TargetEdgeTests {
    @Test(arguments: [
        "file:///s/../x", "file:///s/./x", "file:///s/..", "file:///s/.", "..", ".", "file:///s/%2e%2e/x",
        "file:///s/%2E./x", "file:///s/.%2e", "file:///s/..%2fx", "file:///s/..%5Cx", #"file:///s\..\x"#,
        "file:///s/..?q",
        "file:///s/..#f", "/../x", "file:///%2e",
    ])
    func `a URI with a dot segment is unknown: no pattern allows it, and every pattern denies it`(uri: String) throws {
        let read = RequestOperation.mcp([.call(method: "resources/read", name: uri)])
        let allow = try PolicySet(text: #"{"version":1,"rules":[{"id":"a","effect":"allow","resource_uris":["**"]}]}"#)
        #expect(allow.decision(try .test(read)) == .deny(rules: []))
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"d","effect":"deny","resource_uris":["other://x"]}]}
            """
        #expect(try PolicySet(text: text).decision(try .test(read)) == .deny(rules: ["d"]))
    }

    @Test(arguments: [
        "file:///s/...", "file:///s/.x", "file:///s/x..", "file:///s/x?a=/../b", "file:///s/x#/../b",
        "file:///s/%2e%2e%2e",
        "file:///s/%2", "file:///s/%zz", "file:///s/..x/y", "notes:a.b",
    ])
    func `a URI without a dot segment is matched as it is written`(uri: String) throws {
        let read = RequestOperation.mcp([.call(method: "resources/read", name: uri)])
        let allow = try PolicySet(text: #"{"version":1,"rules":[{"id":"a","effect":"allow","resource_uris":["**"]}]}"#)
        #expect(allow.decision(try .test(read)) == .allow(rules: ["a"]))
    }

    @Test(arguments: ["tools/call", "prompts/get", "resources/read", "resources/subscribe", "resources/unsubscribe"])
    func `a call without a name is unknown for lists of names, but known by its method`(method: String) throws {
        let call = RequestOperation.mcp([.call(method: method, name: nil)])
        let lists = #""tools":["*"],"prompts":["*"],"resource_uris":["**"]"#
        let allow = try PolicySet(text: #"{"version":1,"rules":[{"id":"a","effect":"allow",\#(lists)}]}"#)
        #expect(allow.decision(try .test(call)) == .deny(rules: []))
        let deny = """
            {"version":1,"rules":[{"id":"m","effect":"allow","mcp_methods":["\(method)"]},
              {"id":"d","effect":"deny","tools":["x"],"prompts":["x"],"resource_uris":["x"]}]}
            """
        #expect(try PolicySet(text: deny).decision(try .test(call)) == .deny(rules: ["d"]))
        let byMethod = try PolicySet(
            text: #"{"version":1,"rules":[{"id":"m","effect":"allow","mcp_methods":["\#(method)"]}]}"#
        )
        #expect(byMethod.decision(try .test(call)) == .allow(rules: ["m"]))
    }

    @Test(arguments: [
        ("tools", "tools/call"), ("prompts", "prompts/get"), ("resource_uris", "resources/read"),
        ("resource_uris", "resources/subscribe"), ("resource_uris", "resources/unsubscribe"),
    ])
    func `a list of names applies only to the methods that act on such names`(list: String, method: String) throws {
        let policy = try PolicySet(text: #"{"version":1,"rules":[{"id":"r","effect":"allow","\#(list)":["x"]}]}"#)
        let methods = ["tools/call", "prompts/get", "resources/read", "resources/subscribe", "resources/unsubscribe"]
        for other in methods + ["tools/list", "completion/complete", "tasks/get", "x"] {
            let isSame = other == method || (list == "resource_uris" && other.hasPrefix("resources/"))
            let outcome = policy.decision(try .test(.mcp([.call(method: other, name: "x")])))
            #expect(outcome == (isSame ? .allow(rules: ["r"]) : .deny(rules: [])), "\(other)")
        }
    }

    @Test(arguments: [
        (MCPMessage.call(method: "subscriptions/listen", name: nil), true), (.call(method: "ping", name: nil), true),
        (.call(method: "notifications/", name: nil), true), (.call(method: "notifications", name: nil), false),
        (.call(method: "notifications/roots/list_changed", name: nil), true), (.call(method: "Ping", name: nil), false),
        (.call(method: "subscriptions/listener", name: nil), false),
        (.call(method: "resources/subscribe", name: "x"), false),
        (.call(method: "logging/setLevel", name: nil), false), (.call(method: "tasks/get", name: "x"), false),
    ])
    func `the basics include notifications, but no method that acts`(message: MCPMessage, isBasic: Bool) throws {
        let policy = try PolicySet(
            text: #"{"version":1,"rules":[{"id":"b","effect":"allow","mcp_methods":["@basics"]}]}"#
        )
        #expect(policy.decision(try .test(.mcp([message]))) == (isBasic ? .allow(rules: ["b"]) : .deny(rules: [])))
    }

    @Test(arguments: [
        ("/a/**", "/a/", "allow", false), ("/a/**", "/a/", "deny", true), ("/a", "/a/", "allow", true),
        ("/a", "/a/", "deny", true), ("/a/*", "/a/", "deny", true), ("/a/*", "/a", "deny", false),
        ("/", "/", "allow", true),
        ("/**", "/", "allow", true), ("/a/**", "/a", "deny", false),
    ])
    func `an allow ignores a trailing slash, and a deny applies with and without it`(
        pattern: String,
        path: String,
        effect: String,
        isAbout: Bool
    ) throws {
        let open = effect == "allow" ? "" : #"{"id":"open","effect":"allow","targets":"any"},"#
        let text = #"{"version":1,"rules":[\#(open){"id":"r","effect":"\#(effect)","paths":["\#(pattern)"]}]}"#
        let outcome = try PolicySet(text: text).decision(try .test(.http, method: .get, path: path))
        let isAllowed = if case .allow = outcome { true } else { false }
        #expect(isAllowed == (effect == "allow" ? isAbout : !isAbout))
    }
}

@Suite struct ScopeEdgeTests {
    @Test func `scopes after the sixty-fourth are handled like the others`() throws {
        let count = 150
        let rules = (0..<count).map { index in
            """
            {"id":"all\(index)","effect":"allow","tools":["all\(index)"],
              "scopes":{"all":["s\(index)","s\((index + 70) % count)"]}},
            {"id":"any\(index)","effect":"allow","tools":["any\(index)"],
              "scopes":{"any":["s\(index)","s\((index + 70) % count)"]}}
            """
        }
        let policy = try PolicySet(text: #"{"version":1,"rules":[\#(rules.joined(separator: ","))]}"#)
        for index in 0..<count {
            let (one, other) = ("s\(index)", "s\((index + 70) % count)")
            let near = "s\(index ^ 1)"
            #expect(
                policy.decision(try .tool("all\(index)", scope: "\(one) \(other)")) == .allow(rules: ["all\(index)"])
            )
            #expect(
                policy.decision(try .tool("all\(index)", scope: "\(one) \(near)")) != .allow(rules: ["all\(index)"])
            )
            #expect(
                policy.decision(try .tool("all\(index)", scope: "\(other) \(near)")) != .allow(rules: ["all\(index)"])
            )
            #expect(policy.decision(try .tool("any\(index)", scope: other)) == .allow(rules: ["any\(index)"]))
            #expect(policy.decision(try .tool("any\(index)", scope: one)) == .allow(rules: ["any\(index)"]))
            #expect(policy.decision(try .tool("any\(index)", scope: near)) != .allow(rules: ["any\(index)"]))
            #expect(
                policy.decision(try .tool("all\(index)", scope: one))
                    == .insufficientScope([one, other], rules: ["all\(index)"])
            )
        }
    }

    @Test(arguments: [4, 20])
    func `a scope implies others over several steps, with few scopes and with many`(count: Int) throws {
        let edges = (0..<count).map { #""s\#($0)":["s\#($0 + 1)"]"# }.joined(separator: ",")
        let last = "s\(count)"
        let text = """
            {"version":1,"scope_implies":{\(edges)},"rules":[
              {"id":"need","effect":"require","targets":"any","scopes":{"all":["\(last)"]}},
              {"id":"far","effect":"allow","tools":["far"],"scopes":{"all":["s3"]}},
              {"id":"shut","effect":"deny","tools":["shut"],"scopes":{"all":["\(last)"]}},
              {"id":"open","effect":"allow","tools":["shut"]}]}
            """
        let policy = try PolicySet(text: text)
        for held in ["s0", "s1", "s2", "s3"] {
            #expect(policy.decision(try .tool("far", scope: held)) == .allow(rules: ["far"]))
            #expect(policy.decision(try .tool("shut", scope: held)) == .deny(rules: ["shut"]))
        }
        // Not the other way round: an implied scope does not include the scope that implies it.
        #expect(policy.decision(try .tool("far", scope: last)) == .insufficientScope(["s3", last], rules: ["far"]))
        #expect(
            policy.decision(try .tool("far", scope: "")) == .insufficientScope(["s3", last], rules: ["need", "far"])
        )
    }

    @Test func `scope_implies applies only to its own file`() throws {
        let implying = #"{"version":1,"scope_implies":{"admin":["read"]}}"#
        let asking = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","scopes":{"all":["read"]}}]}"#
        let policies = PolicySet(
            try [implying, asking].map { try CompiledPolicy(file: "p.json", bytes: Array($0.utf8)) }
        )
        #expect(policies.decision(try .test(.http, scope: "admin")) == .insufficientScope(["read"], rules: ["r"]))
    }

    @Test(arguments: [
        #"{"version":1,"rules":[{"id":"a","effect":"allow","enforce":false,"tools":["x"]}]}"#,
        #"{"version":1,"enforce":false,"rules":[{"id":"a","effect":"allow","tools":["x"]}]}"#,
        #"{"version":1,"rules":[{"id":"a","effect":"allow","tools":["x"]}]}"#,
    ])
    func `an allow rule stops the short form from allowing, even in shadow mode or in another file`(
        other: String
    ) throws {
        let short = try CompiledPolicy(file: "s.json", bytes: Array(#"{"version":1,"required_scopes":["a"]}"#.utf8))
        let rules = try CompiledPolicy(file: "r.json", bytes: Array(other.utf8))
        for policies in [[short, rules], [rules, short]] {
            #expect(PolicySet(policies).decision(try .tool("y", scope: "a")) == .deny(rules: []))
        }
        #expect(PolicySet([short]).decision(try .tool("y", scope: "a")) == .allow(rules: ["required_scopes"]))
    }

    @Test func `a short form in shadow mode neither allows nor denies`() throws {
        let text = #"{"version":1,"enforce":false,"required_scopes":["a"]}"#
        #expect(try PolicySet(text: text).decision(try .test(.http, scope: "a")) == .deny(rules: []))
        let answer = try PolicySet(text: text).evaluate(try .test(.http))
        #expect(answer == PolicyDecision(.deny(rules: []), wouldDeny: ["required_scopes"]))
        #expect(try PolicySet(text: text).scopesToRequest(for: try PolicyInput.test(.http).request).isEmpty)
    }

    @Test func `an empty short form allows nothing`() throws {
        let policy = try PolicySet(text: #"{"version":1,"required_scopes":[]}"#)
        #expect(policy.decision(try .test(.http)) == .deny(rules: []))
    }

    @Test func `a deny with scopes applies to callers with all scopes of one list and one of the other`() throws {
        let text = """
            {"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"},
              {"id":"d","effect":"deny","targets":"any","scopes":{"all":["a","b"],"any":["c","d"]}}]}
            """
        for (scope, fires) in [
            ("a b c", true), ("a b d", true), ("a b", false), ("a c", false), ("c d", false), ("", false),
        ] {
            let outcome = try PolicySet(text: text).decision(try .test(.http, scope: scope))
            #expect(outcome == (fires ? .deny(rules: ["d"]) : .allow(rules: ["open"])))
        }
    }
}

@Suite struct RuleIndexTests {
    private static func index(_ targets: [String], _ effect: String = "deny") throws -> CompiledPolicy {
        let rules = targets.enumerated().map { #"{"id":"r\#($0.offset)","effect":"\#(effect)",\#($0.element)}"# }
        let text = #"{"version":1,"rules":[\#(rules.joined(separator: ","))]}"#
        return try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
    }

    /// The positions of the rules that are examined for a call; a rule that is examined twice occurs twice.
    private static func found(_ policy: CompiledPolicy, _ method: String, _ name: String?) throws -> [Int] {
        let message = MCPMessage.call(method: method, name: name)
        let operation = ProtectedResourceRequest(method: .post, path: "/mcp", operation: .mcp([message]))
        var examined = Examined()
        let isNarrowed = RuleIndex(policy.rules).visitCandidates(operation, message, &examined)
        return isNarrowed ? examined.positions.sorted() : Array(policy.rules.indices)
    }

    private struct Examined: CandidateVisitor {
        var positions: [Int] = []

        mutating func visit(_: PolicyRule, at position: Int, _: RuleIndex.Hit, _: String, _: String) {
            positions.append(position)
        }
    }

    @Test func `a rule is examined once, and only if the prefix of one of its patterns fits the name`() throws {
        let policy = try Self.index([
            #""tools":["alpha_*","beta_*"]"#, #""tools":["alpha_*","alpha_x*","alpha_xy"]"#,
            #""tools":["*_x","alpha_x"]"#,
            #""tools":["alpha_x","gamma"]"#, #""mcp_methods":["tools/*"],"tools":["alpha_x"]"#,
            #""mcp_methods":["prompts/*","tools/call"],"prompts":["alpha_x"]"#, #""targets":"any""#,
        ])
        #expect(try Self.found(policy, "tools/call", "alpha_x") == [0, 1, 2, 3, 4, 5, 6])
        #expect(try Self.found(policy, "tools/call", "beta_1") == [0, 2, 4, 5, 6])
        #expect(try Self.found(policy, "tools/call", "gamma") == [2, 3, 4, 5, 6])
        #expect(try Self.found(policy, "tools/call", "delta") == [2, 4, 5, 6])
        #expect(try Self.found(policy, "prompts/get", "alpha_x") == [5, 6])
    }

    @Test(arguments: ["allow", "deny"])
    func `the index finds every rule that applies to an operation, and finds it once`(effect: String) throws {
        let policy = try Self.index(
            [
                #""mcp_methods":["tools/c*x","resources/*"],"tools":["a*"],"resource_uris":["n://*"]"#,
                #""mcp_methods":["resources/read"],"resource_uris":["n://**","n://a"]"#, #""mcp_methods":["@basics"]"#,
                #""mcp_methods":["@basics","ping","notifications/x","p*"]"#, #""paths":["/mcp"]"#,
                #""paths":["/other"]"#,
                #""mcp_methods":["*"],"http_methods":["POST"]"#, #""targets":"any""#,
                #""tools":["*"],"paths":["/other"]"#,
            ],
            effect
        )
        let calls: [(String, String?)] = [
            ("tools/call", "abc"), ("resources/read", "n://a"), ("resources/subscribe", "n://a"), ("tools/call", "b"),
            ("tools/call", nil), ("resources/read", "n://x/../a"), ("ping", nil), ("pings", nil), ("initialize", nil),
            ("initialized", nil), ("notifications/x", nil), ("notifications", nil), ("subscriptions/listen", nil),
            ("tasks/get", "abc"),
        ]
        let messages = calls.map { MCPMessage.call(method: $0.0, name: $0.1) } + [.response, .stream, .sessionEnd]
        for operation in messages.map({ RequestOperation.mcp([$0]) }) + [.http, .unknown] {
            let asked = ProtectedResourceRequest(method: .post, path: "/mcp", operation: operation)
            var positions: [Int] = []
            policy.forEachRule(about: asked, asked.onlyMessage) { _, position in positions.append(position) }
            let expected = policy.rules.indices.filter { policy.rules[$0].isAbout(asked, asked.onlyMessage) }
            #expect(positions.sorted() == Array(expected), "\(operation)")
        }
    }

    @Test func `a rule with eighty thousand patterns is loaded and found`() throws {
        let patterns = (0..<40_000).map { #""p\#($0)*","e\#($0)""# }.joined(separator: ",")
        let policy = try Self.index([#""tools":[\#(patterns)]"#])
        #expect(try Self.found(policy, "tools/call", "p12345x") == [0])
        #expect(try Self.found(policy, "tools/call", "e12345") == [0])
        #expect(try Self.found(policy, "tools/call", "q") == [])
    }
}

@Suite struct OrderEdgeTests {
    @Test func `among rules with equally many missing scopes, the first of the first file is asked for`() throws {
        func policy(_ rules: String) throws -> CompiledPolicy {
            try CompiledPolicy(file: "p.json", bytes: Array(#"{"version":1,"rules":[\#(rules)]}"#.utf8))
        }
        func allow(_ id: String, _ members: String) -> String {
            #"{"id":"\#(id)","effect":"allow","targets":"any",\#(members)}"#
        }
        let first = try policy(
            allow("far", #""scopes":{"all":["x","y"]}"#) + "," + allow("b", #""scopes":{"all":["b"]}"#)
        )
        let second = try policy(
            allow("c", #""scopes":{"all":["c"]}"#) + "," + allow("d", #""scopes":{"all":["c"]},"acr":["g"]"#)
        )
        #expect(PolicySet([first, second]).decision(try .test(.http)) == .insufficientScope(["b"], rules: ["b"]))
        #expect(PolicySet([second, first]).decision(try .test(.http)) == .insufficientScope(["c"], rules: ["c"]))
        #expect(PolicySet([second, first]).decision(try .test(.http, scope: "b c")) == .allow(rules: ["c"]))
        #expect(PolicySet([first, second]).decision(try .test(.http, scope: "b c")) == .allow(rules: ["b"]))
        #expect(PolicySet([first, second]).scopesToRequest(for: try PolicyInput.test(.http).request) == ["b"])
        let signIn = try policy(
            allow("s", #""scopes":{"all":["c"]},"acr":["g"]"#) + "," + allow("t", #""scopes":{"all":["d"]}"#)
        )
        #expect(PolicySet([signIn]).decision(try .test(.http)) == .insufficientScope(["d"], rules: ["t"]))
    }

    @Test func `a caller without a token is asked for the scopes that every caller needs, and no others`() throws {
        let text = """
            {"version":1,"rules":[
              {"id":"a","effect":"allow","tools":["x"],"scopes":{"all":["a"]}},
              {"id":"q","effect":"require","targets":"any","scopes":{"all":["q"]}},
              {"id":"some","effect":"require","tools":["x"],"scopes":{"all":["some"]}},
              {"id":"shadow","effect":"require","enforce":false,"targets":"any","scopes":{"all":["shadow"]}},
              {"id":"issuer","effect":"require","targets":"any","issuers":["i"],"scopes":{"all":["issuer"]}},
              {"id":"kind","effect":"require","targets":"any","subject_kind":"user","scopes":{"all":["kind"]}},
              {"id":"client","effect":"require","targets":"any","client_ids":["c"],"scopes":{"all":["client"]}},
              {"id":"d","effect":"deny","targets":"any","scopes":{"all":["d"]}}]}
            """
        let policy = try PolicySet(text: text)
        #expect(policy.scopesToRequest(for: try PolicyInput.test(.unknown).request) == ["q"])
        #expect(policy.scopesToRequest(for: try PolicyInput.tool("x").request) == ["a", "q", "some"])
        #expect(policy.scopesToRequest(for: try PolicyInput.tool("y").request) == ["q"])
    }

    @Test func `an id that occurs in two files is reported once`() throws {
        let open = #"{"id":"open","effect":"allow","targets":"any"}"#
        let deny = #"{"id":"d","effect":"deny","targets":"any"}"#
        let policies = try [open, deny, deny].map {
            try CompiledPolicy(file: "p.json", bytes: Array(#"{"version":1,"rules":[\#($0)]}"#.utf8))
        }
        #expect(PolicySet(policies).decision(try .test(.http)) == .deny(rules: ["d"]))
    }
}

@Suite struct LoadingEdgeTests {
    private static func code(_ rule: String) -> ConfigurationError.Code? {
        do throws(ConfigurationError) {
            _ = try CompiledPolicy(file: "p.json", bytes: Array(#"{"version":1,"rules":[\#(rule)]}"#.utf8))
            return nil
        } catch {
            return error.code
        }
    }

    private static func allow(_ members: String) -> String { #"{"id":"r","effect":"allow",\#(members)}"# }
    private static func deny(_ members: String) -> String { #"{"id":"r","effect":"deny",\#(members)}"# }
    private static let name = String(repeating: "x", count: 512)

    @Test(arguments: [
        (allow(#""tools":["\#(name)"]"#), nil as ConfigurationError.Code?),
        (allow(#""tools":["\#(name)y"]"#), .invalidValue),
        (allow(#""tools":[""]"#), .invalidValue),
        (allow(#""targets":"any","when":{"claim":"/a","glob":"\#(name)y"}"#), .invalidValue),
        (allow(#""targets":"any","when":{"claim":"/a","prefix":""}"#), .invalidValue),
        (allow(#""targets":"any","when":{"claim":"/a","in":[]}"#), .unreachableRule),
        (allow(#""targets":"any","when":{"claim":"/a","equals":[1]}"#), .wrongType),
        (allow(#""targets":"any","when":{"claim":"","equals":1}"#), .invalidValue),
        (allow(#""targets":"any","when":{"not":{"all":[]}}"#), .unreachableRule),
        (allow(#""targets":"any","when":{"all":[{"any":[]},{"claim":"/a","exists":true}]}"#), .unreachableRule),
        (allow(#""targets":"any","when":{"any":[{"any":[]},{"claim":"/a","exists":true}]}"#), nil),
        (deny(#""targets":"any","when":{"any":[]}"#), .unreachableRule),
        (deny(#""targets":"any","when":{"all":[{"claim":"/a","exists":true},{"claim":"/a","absent":true}]}"#), nil),
        (
            allow(#""targets":"any","when":{"all":[{"raw_claim":"/a","exists":true},{"claim":"/a","absent":true}]}"#),
            nil
        ),
        (deny(#""targets":"any","acr":["x"]"#), .conflict), (deny(#""targets":"any","max_age_seconds":1"#), .conflict),
        (deny(#""targets":"any","proof_of_possession":"required"#), .invalidJSON),
        (deny(#""targets":"any","proof_of_possession":"required""#), .conflict),
        (allow(#""targets":"any","max_age_seconds":-1"#), .invalidValue),
        (allow(#""targets":"any","max_age_seconds":1.5"#), .wrongType),
        (allow(#""targets":"any","acr":[]"#), .invalidValue), (allow(#""targets":"any","acr":["a b"]"#), .invalidValue),
        (allow(#""targets":"any","issuers":[]"#), .unreachableRule),
        (allow(#""targets":"any","client_ids":[]"#), .unreachableRule),
        (allow(#""targets":"any","scopes":{}"#), .missingKey),
        (allow(#""targets":"any","scopes":{"all":[]}"#), .unreachableRule),
        (allow(#""paths":["/a/"]"#), .unreachableRule), (allow(#""paths":["/a%3A"]"#), .unreachableRule),
        (allow(#""paths":["/a%2f"]"#), .unreachableRule), (allow(#""paths":["/"]"#), nil),
        (allow(#""paths":["**/x"]"#), nil),
        (allow(#""paths":["/a/../b"]"#), .unreachableRule), (allow(#""http_methods":["Get"]"#), .unreachableRule),
        (allow(#""mcp_methods":["@basics"],"http_methods":["GET"]"#), nil),
        (allow(#""mcp_methods":["ping"],"http_methods":["GET","HEAD","DELETE"]"#), .unreachableRule),
        (allow(#""mcp_methods":["ping"],"http_methods":["GET","POST"]"#), nil),
        (allow(#""resource_uris":["a/%2e%2e/b"]"#), .unreachableRule),
        (allow(#""targets":"any","enforce":"no""#), .wrongType),
        (allow(#""targets":"any","proof_of_possession":"optional""#), .invalidValue),
        (allow(#""targets":"any","description":1"#), .wrongType),
        (#"{"id":"","effect":"allow","targets":"any"}"#, .invalidValue),
    ])
    func `only rules that are invalid or can never apply are refused`(rule: String, code: ConfigurationError.Code?) {
        #expect(Self.code(rule) == code)
    }
}
