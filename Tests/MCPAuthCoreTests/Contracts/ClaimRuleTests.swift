// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import Testing

@Suite struct ClaimRuleTests {
    @Test(
        arguments: [
            (ClaimRule(["a", "b"]), #"{"b":"2","a":"1"}"#, #""1""#), (["a", "b"], #"{"b":"2"}"#, #""2""#),
            (["/a/b"], #"{"a":{"b":[1]}}"#, "[1]"), (["/a~1b"], #"{"a/b":true}"#, "true"),
            (["x:y"], #"{"x:y":1}"#, "1"),
            (["a"], #"{"a":null}"#, nil), (["a", "b"], #"{"a":null,"b":1}"#, "1"), (["a"], "{}", nil),
            (["/a/b"], #"{"a":"b"}"#, nil),
        ] as [(ClaimRule, String, String?)]
    )
    func `only the first source that is present is used`(rule: ClaimRule, claims: String, result: String?) throws {
        #expect(try value(rule, claims) == result)
    }

    @Test func `steps run in a fixed order, and only on strings`() throws {
        var rule = ClaimRule(["roles"])
        rule.stripPrefix = "app:"
        rule.map = ["adm": "admin"]
        rule.keepUnmapped = true
        rule.prefix = "r-"
        #expect(try value(rule, #"{"roles":["app:adm","app:x","other"]}"#) == #"["r-admin","r-x"]"#)
        #expect(try value(rule, #"{"roles":"app:adm"}"#) == #""r-admin""#)
        #expect(try value(rule, #"{"roles":"other"}"#) == nil)
        #expect(try value(rule, #"{"roles":["app:adm",7]}"#) == nil, "an array of more than strings is left out")
        #expect(try value(rule, #"{"roles":{"app:adm":1}}"#) == nil)
        rule.keepUnmapped = false
        #expect(try value(rule, #"{"roles":["app:adm","app:x"]}"#) == #"["r-admin"]"#)
    }

    @Test func `a string is split at the separator of the rule`() throws {
        var rule = ClaimRule(["groups"])
        rule.split = ","
        #expect(try value(rule, #"{"groups":"a,b,,c"}"#) == #"["a","b","c"]"#)
        #expect(try value(rule, #"{"groups":["a,b"]}"#) == #"["a,b"]"#)
    }

    @Test func `merging joins all sources without duplicates`() throws {
        var rule = ClaimRule(["/realm/roles", "/client/roles", "role"])
        rule.merge = true
        let claims = #"{"realm":{"roles":["a","b"]},"client":{"roles":["b","c"]},"role":"d"}"#
        #expect(try value(rule, claims) == #"["a","b","c","d"]"#)
        #expect(try value(rule, #"{"realm":{"roles":[1]},"role":"d"}"#) == nil, "one that cannot be read spoils all")
        #expect(try value(rule, "{}") == nil)
    }

    @Test(
        arguments: [
            (#"{"sub":"u","exp":1,"scope":"a  b"}"#, nil), (#"{"sub":"u","exp":1,"scope":"a\tb"}"#, "invalid_claim"),
            (#"{"sub":"u","exp":1,"scope":["a","b c"]}"#, "invalid_claim"),
            (#"{"sub":"u","exp":1,"scope":{}}"#, "invalid_claim"),
            (#"{"sub":"","exp":1}"#, "invalid_claim"), (#"{"sub":["u"],"exp":1}"#, "invalid_claim"),
            (#"{"sub":"u","client_id":7,"exp":1}"#, "invalid_claim"), (#"{"exp":1}"#, "invalid_claim"),
            (#"{"sub":"u"}"#, "missing_expiry"), (#"{"sub":"u","exp":"1"}"#, "missing_expiry"),
            (#"{"sub":"u","exp":1,"nbf":"1"}"#, "invalid_claim"), (#"{"sub":"u","exp":1,"iat":{}}"#, "invalid_claim"),
            (#"{"client_id":"c","exp":1.5e3}"#, nil), (#"{"azp":"c","exp":1}"#, nil),
        ] as [(String, String?)]
    )
    func `claims that cannot become token facts are refused with a reason`(claims: String, reason: String?) throws {
        #expect(try facts(ClaimMapping(), claims).reason == reason)
    }

    @Test func `a claim must have one of the values that are required for its issuer`() throws {
        let mapping = ClaimMapping(requiredValues: ["token_use": ["access"], "/a/b": ["x", "y"]])
        let good = #"{"sub":"u","exp":1,"token_use":"access","a":{"b":"y"}}"#
        #expect(try facts(mapping, good).reason == nil)
        for bad in [#""access""#, #"["access"]"#] where bad != #""access""# {
            #expect(try facts(mapping, good.replacing(#""access""#, with: bad)).reason == "unexpected_claim_value")
        }
        #expect(try facts(mapping, good.replacing(#""y""#, with: #""z""#)).reason == "unexpected_claim_value")
        #expect(try facts(mapping, #"{"sub":"u","exp":1}"#).reason == "unexpected_claim_value")
    }

    @Test func `a mapped claim replaces the token's own claim, which stays readable as the raw claim`() throws {
        let mapping = ClaimMapping(others: ["roles": ["/app/roles"], "tenant": ["tid"]])
        let claims = #"{"sub":"u","exp":1,"roles":["fake"],"tenant":"fake","tid":"t1"}"#
        let facts = try #require(try facts(mapping, claims).facts)
        #expect(facts.claims.value(at: "/roles") == nil, "its rule finds nothing")
        #expect(facts.claims.value(at: "/tenant")?.string == "t1")
        #expect(facts.claims.rawValue(at: JSONPointer(tokens: ["tenant"])) == "fake")
    }

    @Test func `no part of a replaced claim can be read at any pointer`() throws {
        var tenant = ClaimRule([])
        tenant.constant = ["id": "a"]
        let mapping = ClaimMapping(others: ["tenant": tenant, "app": ["raw"], "gone": ["nowhere"]])
        let claims =
            #"{"sub":"u","exp":1,"tenant":{"id":"b","admin":true},"app":{"x":1},"raw":{"y":null},"gone":{"z":1}}"#
        let facts = try #require(try facts(mapping, claims).facts)
        #expect(facts.claims.value(at: "/tenant") == ["id": "a"])
        let everything = try #require(facts.claims.value(at: JSONPointer(tokens: [])))
        #expect(everything["tenant"] == ["id": "a"])
        #expect(everything["app"] == ["y": .null])
        #expect(everything["gone"] == nil && everything["client_id"] == nil)
        #expect(everything["scope"] == [] && everything["sub"] == "u")
    }

    @Test func `merged values that look alike but differ in bytes are both kept`() throws {
        var rule = ClaimRule(["a", "b"])
        rule.merge = true
        let merged = try value(rule, "{\"a\":[\"\u{212B}\"],\"b\":[\"\u{C5}\",\"\u{212B}\"]}")
        #expect(merged?.utf8.elementsEqual("[\"\u{212B}\",\"\u{C5}\"]".utf8) == true)
    }

    private func value(_ rule: ClaimRule, _ claims: String) throws -> String? {
        let document = try JSONDocument(parsing: Array(claims.utf8), limits: .token)
        guard case .value(let value) = rule.apply(to: document.root) else { return nil }
        return String(decoding: value.encoded(), as: UTF8.self)
    }

    private func facts(_ mapping: ClaimMapping, _ claims: String) throws -> (facts: TokenFacts?, reason: String?) {
        let document = try JSONDocument(parsing: Array(claims.utf8), limits: .token)
        let evidence = TokenEvidence(issuer: "https://issuer.example", document: document, payload: Array(claims.utf8))
        let issuer = TrustedIssuer(identifier: "https://issuer.example", claimMapping: mapping)
        switch ClaimTransformation.apply(issuer, to: evidence) {
        case .success(let facts): return (facts, nil)
        case .failure(let refusal): return (nil, refusal.reason.rawValue)
        }
    }
}
