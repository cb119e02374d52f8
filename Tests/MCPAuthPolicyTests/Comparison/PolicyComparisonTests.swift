// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

import class Foundation.ProcessInfo

@testable import MCPAuthCore
@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

/// Compares random policies by search and by brute force.
@Suite struct PolicyComparisonTests {
    /// In ten parts, so that a failure can be reproduced from the number of its part.
    @Test(arguments: UInt64(0)..<10)
    func `search finds a difference wherever random requests do, and every difference is real`(
        part: UInt64
    ) async throws {
        var generator = PolicyGenerator(seed: 0xD1FF_0000 + part)
        var (found, same, undecided) = (0, 0, 0)
        for round in 0..<Self.pairs {
            await Task.yield()
            guard let (old, new) = try Self.pair(&generator) else { continue }
            var effort = PolicyComparison.Effort()
            effort.stopsAtFirst = true
            effort.mostVisits = 2000
            effort.mostVisitsInAll = 10_000
            effort.samples = 50
            effort.samplesInAll = 4000
            let comparison = PolicyComparison(
                old: try old.map(Self.text),
                new: try new.map(Self.text),
                at: try ResourceIdentifier("https://h.example/mcp"),
                now: Self.now,
                effort: effort
            )
            guard let witness = comparison.changes.first?.witness else {
                if comparison.undecided.isEmpty { same += 1 } else { undecided += 1 }
                if let request = try Self.difference(old, new, &generator) {
                    let context = "\(old.map(Self.words))\n\(new.map(Self.words))\n\(request)\n\(comparison.undecided)"
                    Issue.record("\(part)/\(round): search found no difference\n\(context)")
                    return
                }
                continue
            }
            found += 1
            let request = Self.request(of: witness)
            let before = NaiveEvaluator(policies: old, readings: Self.readings).decide(request)
            let after = NaiveEvaluator(policies: new, readings: Self.readings).decide(request)
            let isReal =
                request.hasToken || witness.arguments != nil
                ? before != after : before != after || witness.old != witness.new
            guard isReal else {
                Issue.record(
                    "\(part)/\(round): \(before) \(after) \(witness)\n\(old.map(Self.words))\n\(new.map(Self.words))"
                )
                return
            }
        }
        // Most pairs are decided, and both outcomes are usual.
        #expect(found * 6 > Self.pairs, "\(found)")
        #expect(same * 10 > Self.pairs, "\(same)")
        #expect(undecided * 4 < Self.pairs, "\(undecided)")
    }

    /// Pairs of rules that differ for few requests: those in which two values of a request are the same.
    @Test(arguments: [
        // The claims of the caller.
        (#""tools":["t"],"when":{"argument":"/owner","equals":{"claim":"/sub"}}"#, nil),
        (#""tools":["t"],"when":{"claim":"/client_id","in":{"argument":"/clients"}}"#, nil),
        (#""tools":["t"],"when":{"raw_claim":"/iss","equals":{"argument":"/from"}}"#, nil),
        (#""tools":["t"],"when":{"claim":"/scope","contains":{"argument":"/scope"}}"#, nil),
        (#""paths":["/u/{user}"],"when":{"capture":"user","equals":{"claim":"/sub"}}"#, nil),
        (#""resource_uris":["n://{user}/*"],"when":{"claim":"/sub","equals":{"capture":"user"}}"#, nil),
        (
            #""tools":["t"],"when":{"all":[{"argument":"/owner","equals":{"claim":"/sub"}},{"argument":"/owner","equals":"root"}]}"#,
            nil
        ),
        // Without a token, claims are missing for a rule that denies or requires.
        (
            #""tools":["t"],"subject_kind":"anyone""#,
            #""effect":"require","tools":["t"],"when":{"claim":"/sub","absent":true}"#
        ),
        (
            #""tools":["t"],"subject_kind":"anyone""#,
            #""effect":"require","tools":["t"],"when":{"claim":"/scope","absent":true}"#
        ),
        (
            #""tools":["t"],"subject_kind":"anyone""#,
            #""effect":"deny","tools":["t"],"when":{"all":[{"claim":"/sub","absent":true},{"argument":"/n","gt":5}]}"#
        ),
        // Scopes, sign-ins and spellings.
        (#""tools":["t"],"scopes":{"any":["a","b"]},"max_age_seconds":60"#, nil),
        (#""paths":["/a/*/c"]"#, #""effect":"deny","paths":["/a/x/c"]"#),
        (#""mcp_methods":["acme/*"]"#, nil),
    ])
    func `a rule that is added, or taken away, is found to allow or to refuse`(rule: String, other: String?) throws {
        func text(_ rules: [String]) throws -> PolicyText {
            let rules = rules.enumerated().map { index, rule in
                #"{"id":"r\#(index)",\#(rule.contains("effect") ? "" : #""effect":"allow","#)\#(rule)}"#
            }
            let text = #"{"version":1,"rules":[\#(rules.joined(separator: ","))]}"#
            return try PolicyText(file: "example.json", bytes: Array(text.utf8))
        }
        let base = #""mcp_methods":["ping"]"#
        let few = try text(other == nil ? [base] : [base, rule])
        let more = try text([base, rule] + (other.map { [$0] } ?? []))
        let resource = try ResourceIdentifier("https://h.example/mcp")
        for (old, new) in [(few, more), (more, few)] {
            let result = PolicyComparison(old: [old], new: [new], at: resource, now: Self.now)
            #expect(result.undecided.isEmpty, "\(result.undecided)")
            let found = result.changes.contains { ($0.witness.old == .allowed) != ($0.witness.new == .allowed) }
            #expect(found, "\(rule) \(result.changes.map(\.witness.json))")
        }
    }

    /// The number of pairs in each part; `make test-comparison` sets it to 200.
    private static let pairs = ProcessInfo.processInfo.environment["MCPAUTH_PAIRS"].flatMap { Int($0) } ?? 40

    private static let now = NumericDate(Double(PolicyVocabulary.now))

    private static let readings: NaiveEvaluator.Readings = {
        var readings = NaiveEvaluator.Readings()
        readings.httpRulesAllowMessages = true
        return readings
    }()

    private static func text(_ document: JSON) throws -> PolicyText {
        try PolicyText(file: "generated.json", bytes: document.encoded())
    }

    private static func words(_ document: JSON) -> String { String(decoding: document.encoded(), as: UTF8.self) }

    /// Policies, and the same ones after a change of one place, or other policies.
    private static func pair(_ generator: inout PolicyGenerator) throws -> (old: [JSON], new: [JSON])? {
        let old = generator.policies()
        var new = old
        if generator.random.chance(15) {
            new = generator.policies()
        } else {
            let index = Int.random(in: 0..<new.count, using: &generator.random)
            new[index] = changed(new[index], &generator)
        }
        do {
            _ = try (old + new).map(text)
        } catch is ConfigurationError {
            return nil
        }
        return (old, new)
    }

    private static func changed(_ policy: JSON, _ generator: inout PolicyGenerator) -> JSON {
        guard case .object(var members) = policy else { return policy }
        var rules = members["rules"]?.elements ?? []
        let other = generator.rule(id: "other")
        let index = rules.isEmpty ? 0 : Int.random(in: 0..<rules.count, using: &generator.random)
        if rules.isEmpty || generator.random.chance(10) {
            rules.append(other)
        } else if generator.random.chance(10) {
            rules.remove(at: index)
        } else if generator.random.chance(10) {
            rules.reverse()
        } else if generator.random.chance(5) {
            members["required_scopes"] = generator.random.chance(50) ? ["read"] : nil
        } else if generator.random.chance(5) {
            members["scope_implies"] = generator.random.chance(50) ? ["admin": ["write"]] : nil
        } else if case .object(var rule) = rules[index], case .object(let source) = other {
            // One key of a rule, so that most of what it decides stays.
            let keys = ["when", "scopes", "acr", "max_age_seconds", "issuers", "client_ids", "enforce", "when", "when"]
            let key = generator.random.pick(keys)
            if key == "when" {
                rule[key] = generator.condition(depth: 2)
            } else {
                rule[key] = source[key]
            }
            rules[index] = .object(rule)
        }
        if !rules.isEmpty { members["rules"] = .array(rules) } else { members["required_scopes"] = ["read"] }
        return .object(members)
    }

    // MARK: Brute force

    /// A random request about which the policies decide differently; `nil` if none of many is.
    private static func difference(
        _ old: [JSON],
        _ new: [JSON],
        _ generator: inout PolicyGenerator
    ) throws -> NaiveRequest? {
        let sides = try [old, new].map { PolicySet(try $0.map { try text($0).policy }) }
        for _ in 0..<100 {
            var request = generator.request()
            // Mappings, bounds of issuers, batches and hosts that ignore case are not part of the comparison.
            guard case .object(var members) = request.rawClaims else { continue }
            if request.hasToken { members["scope"] = .array(request.scopes.map(JSON.string)) }
            request.claims = .object(members)
            request.grantable = nil
            request.ignoresCase = false
            if case .mcp(let messages) = request.operation { request.operation = .mcp([messages[0]]) }
            if case .mcp(let messages) = request.operation, case .call(let method, nil, _) = messages[0],
                MCPMethod.acting(named: method) != nil
            {
                continue
            }
            let input = try input(request)
            if ComparedDecision(sides[0], input) != ComparedDecision(sides[1], input) {
                // Without a token, only what is allowed is compared if arguments are known.
                let isAllowed = sides.map { ComparedDecision($0, input) == .allowed }
                if request.hasToken || isAllowed[0] != isAllowed[1] { return request }
            }
        }
        return nil
    }

    private static func input(_ request: NaiveRequest) throws -> PolicyInput {
        let resource = try ResourceIdentifier("https://h.example/mcp")
        let read = ProtectedResourceRequest(
            method: try #require(HTTPRequest.Method(request.method)),
            path: request.path,
            operation: request.operation
        )
        let authInfo = request.hasToken ? AuthInfo.assumed(request.rawClaims, at: resource) : nil
        return PolicyInput(authInfo: authInfo, request: read, now: now)
    }

    private static func request(of witness: PolicyWitness) -> NaiveRequest {
        var claims = witness.claims?.members ?? [:]
        let raw = claims
        let scopes = (claims["scope"]?.string ?? "").split(separator: " ").map(String.init)
        if witness.claims != nil { claims["scope"] = .array(scopes.map(JSON.string)) }
        var request = NaiveRequest(
            claims: .object(claims),
            rawClaims: .object(raw),
            issuer: claims["iss"]?.string ?? "",
            subject: claims["sub"]?.string,
            clientID: claims["client_id"]?.string,
            scopes: scopes,
            grantable: nil,
            method: witness.request.method.rawValue,
            path: witness.request.path.withSlash ?? witness.path,
            ignoresCase: false,
            operation: witness.request.operation,
            now: now.secondsSinceEpoch,
            hasProof: false
        )
        if witness.claims == nil { PolicyMutation.removeToken(from: &request) }
        return request
    }
}
