// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

/// A sentence about the policy language, a call that shows it, and the outcome.
struct PolicyExample: Sendable, CustomTestStringConvertible {
    let sentence: String
    let policy: String
    let call: String
    let arguments: JSON?
    /// `nil` for a caller without a token.
    let claims: JSON?
    let outcome: String

    init(
        _ sentence: String,
        _ rules: String,
        _ call: String,
        arguments: JSON? = nil,
        _ claims: JSON?,
        _ outcome: String
    ) {
        self.sentence = sentence
        policy = rules.hasPrefix("{\"version\"") ? rules : #"{"version":1,"rules":[\#(rules)]}"#
        self.call = call
        self.arguments = arguments
        self.claims = claims.map { $0.merging(patch: ["sub": $0["sub"] ?? "alice"]) }
        self.outcome = outcome
    }

    /// For a caller whose claims do not matter.
    init(_ sentence: String, _ rules: String, _ call: String, arguments: JSON? = nil, _ outcome: String) {
        self.init(sentence, rules, call, arguments: arguments, [:], outcome)
    }

    var testDescription: String { sentence }

    /// The trace of the decision.
    func decide() async throws -> DecisionTrace {
        let policy = try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8))
        let trial = try PolicyTrial([policy], resource: "https://h.example/mcp", claims: claims ?? [:])
        let call = try PolicyCall(reading: call, arguments: arguments)
        let now = NumericDate(1_000_000)
        return await trial.decide(call, hasToken: claims != nil, now: now, revealingClaims: false)
    }

    /// The decision of a trace in words, such as `allow`, `deny`, `scope a b`, `token` or `token a b`.
    static func words(_ trace: DecisionTrace) -> String {
        var words: String
        switch trace.decision {
        case .allow?: words = "allow"
        case .deny(let denial)?:
            words = "deny"
            let scope = denial.challenge?.scope ?? []
            if denial.reason == .insufficientScope { words = "scope \(scope)" }
            if denial.reason == .noCredentials { words = scope.isEmpty ? "token" : "token \(scope)" }
            if let needed = denial.challenge?.authentication {
                words = (["sign-in"] + needed.acrValues + (needed.maxAge.map { ["within \($0)"] } ?? [])).joined(
                    separator: " "
                )
            }
        case nil: words = "nothing"
        }
        return trace.wouldDeny.isEmpty ? words : "\(words) would deny \(trace.wouldDeny.joined(separator: " "))"
    }
}
