// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import MCPAuthPolicyTools
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

/// Compares the compiled evaluator with one that reads the JSON, on random policies and requests.
@Suite struct OracleTests {
    /// In ten parts, so that a failure can be reproduced from the number of its part.
    @Test(arguments: UInt64(0)..<10)
    func `both evaluators agree on twenty thousand policies and requests`(part: UInt64) async throws {
        var generator = PolicyGenerator(seed: 0x5EED_0000 + part)
        var outcomes: [String: Int] = [:]
        for round in 0..<400 {
            // Other tests run at the same time and wait for answers.
            await Task.yield()
            let (documents, policies) = try Self.acceptable(&generator)
            let naive = NaiveEvaluator(policies: documents, readings: Self.readings)
            for _ in 0..<50 {
                let request = Self.withoutMappingToNull(generator.request())
                let answer = policies.evaluate(try Self.input(request))
                let expected = naive.decide(Self.withoutProof(request))
                outcomes["\(expected)".prefix { $0 != "(" }.description, default: 0] += 1
                let wouldDeny = Set(answer.wouldDeny).subtracting(["required_scopes"])
                // Without a token, everything but an allow is the same challenge.
                let isSame =
                    request.hasToken
                    ? Self.decision(answer) == expected : answer.isAllowed == (expected == .allow)
                guard isSame, wouldDeny == naive.wouldDeny(Self.withoutProof(request)) else {
                    Issue.record("\(part)/\(round): \(answer) is not \(expected)\n\(Self.text(documents))\n\(request)")
                    return
                }
            }
        }
        #expect(outcomes.count == 4 && outcomes.values.allSatisfy { $0 > 20 }, "every outcome occurs: \(outcomes)")
    }

    @Test func `an explanation has the answer of the evaluation, and the rule results that led to it`() async throws {
        var generator = PolicyGenerator(seed: 0xE01A)
        for _ in 0..<2000 {
            await Task.yield()
            let policies = try Self.acceptable(&generator).policies
            let input = try Self.input(generator.request())
            let explanation = policies.explain(input, revealingClaims: false)
            #expect(explanation.answer == policies.evaluate(input))
            switch explanation.answer.kind {
            case .allow(let rules):
                let allowing = explanation.rules.filter {
                    $0.effect == "allow" && $0.isEnforced && $0.result == .isTrue
                }
                #expect(rules.allSatisfy { rule in rule == "required_scopes" || allowing.contains { $0.id == rule } })
                #expect(!explanation.rules.contains { $0.isEnforced && $0.effect == "deny" && $0.result == .isTrue })
            case .deny(let rules):
                let against = explanation.rules.filter { $0.isEnforced && $0.result != .notApplicable }
                #expect(rules.allSatisfy { rule in rule == "required_scopes" || against.contains { $0.id == rule } })
            default: break
            }
        }
    }

    @Test func `adding a deny never grants access`() async throws {
        try await Self.compare(seed: 0xD1) { documents, request, generator in
            var documents = documents
            let index = Int.random(in: 0..<documents.count, using: &generator.random)
            documents[index] = PolicyMutation.adding(generator.rule(id: "new", effect: "deny"), to: documents[index])
            return (documents, request)
        }
    }

    @Test func `removing a claim never grants access`() async throws {
        try await Self.compare(seed: 0xC1, testsPresence: false) { documents, request, generator in
            let names = PolicyMutation.claimNames(of: request)
            guard let name = names.randomElement(using: &generator.random) else { return (documents, request) }
            return (documents, PolicyMutation.removing(claim: name, from: request))
        }
    }

    @Test func `removing an argument never grants access`() async throws {
        try await Self.compare(seed: 0xA6, testsPresence: false) { documents, request, generator in
            let name = generator.random.pick(["tenant", "groups", "level", "time", "suspended"])
            return (documents, PolicyMutation.removing(argument: name, from: request))
        }
    }

    @Test func `without a token nothing is granted but what rules for anyone grant`() async throws {
        var generator = PolicyGenerator(seed: 0xA0)
        var allowed = 0
        for _ in 0..<3000 {
            await Task.yield()
            let (documents, policies) = try Self.acceptable(&generator)
            var request = generator.request()
            PolicyMutation.removeToken(from: &request)
            let input = try Self.input(request)
            if policies.evaluate(input).isAllowed { allowed += 1 }
            guard let closed = try Self.compiled(documents.map(PolicyMutation.withoutOpenRules)) else { continue }
            #expect(!closed.evaluate(input).isAllowed, "\(Self.text(documents))\n\(request)")
        }
        #expect(allowed > 50, "\(allowed)")
    }

    @Test func `adding the short form to a policy with allow rules never grants access`() async throws {
        try await Self.compare(seed: 0x5F) { documents, request, generator in
            guard documents.contains(where: PolicyMutation.hasAllowRule) else { return (documents, request) }
            let scopes = [generator.random.pick(PolicyVocabulary.scopes)]
            return (
                documents.dropLast() + [
                    PolicyMutation.adding(requiredScopes: scopes, to: documents[documents.count - 1])
                ], request
            )
        }
    }

    @Test func `the order of rules does not change a decision`() async throws {
        try await Self.compare(seed: 0x0D, isEqual: true) { documents, request, _ in
            (documents.map(PolicyMutation.reversed), request)
        }
    }

    /// Checks that a changed policy or request is allowed only if the original is; with `isEqual`, exactly if it is.
    private static func compare(
        seed: UInt64,
        testsPresence: Bool = true,
        isEqual: Bool = false,
        _ change: ([JSON], NaiveRequest, inout PolicyGenerator) throws -> ([JSON], NaiveRequest)
    ) async throws {
        var generator = PolicyGenerator(seed: seed, testsPresence: testsPresence)
        for round in 0..<3000 {
            await Task.yield()
            let (documents, policies) = try acceptable(&generator)
            let request = generator.request()
            let (changedDocuments, changedRequest) = try change(documents, request, &generator)
            guard let changed = try compiled(changedDocuments) else { continue }
            let before = policies.evaluate(try input(request)).isAllowed
            let after = changed.evaluate(try input(changedRequest)).isAllowed
            guard isEqual ? before == after : before || !after else {
                Issue.record(
                    "\(round): \(text(documents))\n\(request)\nbecame \(text(changedDocuments))\n\(changedRequest)"
                )
                return
            }
        }
    }

    /// A rule with only paths also applies to every known message that is sent to them.
    private static let readings: NaiveEvaluator.Readings = {
        var readings = NaiveEvaluator.Readings()
        readings.httpRulesAllowMessages = true
        return readings
    }()

    /// The loaded documents; `nil` when one is refused because of a condition that no token can meet.
    private static func compiled(_ documents: [JSON]) throws -> PolicySet? {
        do {
            return PolicySet(try documents.map { try CompiledPolicy(file: "generated.json", bytes: $0.encoded()) })
        } catch let error as ConfigurationError where error.code == .unreachableRule {
            return nil
        }
    }

    private static func acceptable(
        _ generator: inout PolicyGenerator
    ) throws -> (documents: [JSON], policies: PolicySet) {
        while true {
            let documents = generator.policies()
            if let policies = try compiled(documents) { return (documents, policies) }
        }
    }

    private static func input(_ request: NaiveRequest) throws -> PolicyInput {
        let scopes = ScopeSet(request.scopes)
        var mapped: [String: JSON] = [:]
        guard case .object(let raw) = request.rawClaims, case .object(let normalised) = request.claims else {
            throw GeneratorMistake()
        }
        for name in Set(raw.keys).union(normalised.keys) where raw[name] != normalised[name] && name != "scope" {
            mapped[name] = normalised[name] ?? .null
        }
        let claims = Claims(
            payload: request.rawClaims.encoded(),
            scopes: scopes,
            clientID: request.clientID,
            mapped: mapped
        )
        let method = try #require(HTTPRequest.Method(request.method))
        let read = ProtectedResourceRequest(
            method: method,
            path: request.path,
            operation: request.operation,
            ignoresCase: request.ignoresCase
        )
        let now = NumericDate(request.now)
        guard request.hasToken else { return PolicyInput(authInfo: nil, request: read, now: now) }
        let facts = TokenFacts(
            issuer: IssuerIdentifier(request.issuer),
            subject: request.subject,
            clientID: request.clientID,
            scopes: scopes,
            audience: [],
            expiresAt: NumericDate(.infinity),
            claims: claims
        )
        let authInfo = AuthInfo(
            resource: try ResourceIdentifier("https://h.example/mcp"),
            facts: facts,
            scopes: scopes,
            claims: claims,
            token: AccessToken(bytes: []),
            grantableScopes: request.grantable.map(ScopeSet.init)
        )
        return PolicyInput(authInfo: authInfo, request: read, now: now)
    }

    /// A mapping hides a claim or gives it a value; it never sets one to `null`.
    private static func withoutMappingToNull(_ request: NaiveRequest) -> NaiveRequest {
        guard case .object(let raw) = request.rawClaims, case .object(var claims) = request.claims else {
            return request
        }
        for (name, value) in claims where value == .null && raw[name] != .null { claims[name] = nil }
        var request = request
        request.claims = .object(claims)
        return request
    }

    /// No verifier accepts a token with a proof yet.
    private static func withoutProof(_ request: NaiveRequest) -> NaiveRequest {
        var request = request
        request.hasProof = false
        return request
    }

    private static func decision(_ answer: PolicyDecision) -> NaiveOutcome {
        switch answer.kind {
        case .allow: .allow
        case .deny: .deny
        case .insufficientScope(let scopes, _): .insufficientScope(Set(scopes))
        case .insufficientAuthentication(let needed, _):
            .insufficientAuthentication(acrValues: needed.acrValues, maxAge: needed.maxAge)
        }
    }

    private static func text(_ documents: [JSON]) -> String {
        documents.map { String(decoding: $0.encoded(), as: UTF8.self) }.joined(separator: "\n")
    }

    private struct GeneratorMistake: Error {}
}

extension PolicyDecision {
    fileprivate var isAllowed: Bool {
        if case .allow = kind { return true }
        return false
    }
}
