// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// How a decision was made, for the command line, the debug log and failing policy tests.
///
/// It contains names of stages, reasons and rules. It never contains a token, and contains claim values only on
/// request.
package struct DecisionTrace: Sendable {
    /// One stage of the request.
    package struct Step: Sendable, Hashable {
        /// `route`, `verify`, `transform`, `checks`, `bounds` or `policy`.
        package let stage: String
        /// What the stage found, in words.
        package let finding: String
    }

    /// Whether the token had to be verified.
    package enum CacheState: String, Sendable, CaseIterable {
        /// It was verified for an earlier request.
        case hit
        /// It was verified for this request.
        case miss
    }

    /// The stages in the order they ran.
    package private(set) var steps: [Step] = []
    /// The resource of the request.
    package internal(set) var resource: ResourceIdentifier?
    /// What the request wants to do, in words.
    package internal(set) var operation: String?
    /// The verifier that recognised the token.
    package internal(set) var verifier: String?
    /// Whether the token had to be verified; `nil` when no verifier accepted it.
    package internal(set) var cache: CacheState?
    /// The policy documents of the resource.
    package internal(set) var policies: [PolicyIdentity] = []
    /// The number of the configuration snapshot that decided, counted from 1 since the start of the process.
    package internal(set) var generation = 1
    /// The result of every rule; empty if the policy was not reached.
    package internal(set) var rules: [RuleFinding] = []
    /// The ids of the rules that led to the policy's decision.
    package internal(set) var decidingRules: [String] = []
    /// The ids of the rules in shadow mode that would have denied.
    package internal(set) var wouldDeny: [String] = []
    /// The decision of the engine.
    package internal(set) var decision: Decision?
    /// The duration of the decision in seconds, measured by the caller.
    package var duration: Double?

    let revealsClaims: Bool

    /// - Parameter revealingClaims: Whether ``rules`` may contain claim values.
    package init(revealingClaims: Bool = false) {
        revealsClaims = revealingClaims
    }

    package mutating func record(_ stage: String, _ finding: @autoclosure () -> String) {
        steps.append(Step(stage: stage, finding: finding()))
    }

    /// Records the resource of a request and what the request wants.
    mutating func begin(_ request: ProtectedResourceRequest, at resource: ProtectedResource) {
        self.resource = resource.identifier
        operation = request.summary
        policies = resource.policy.identities
        generation = resource.generation
        record("route", "resource \(resource.identifier)")
    }

    mutating func recordVerification(by verifier: String, _ cache: CacheState) {
        self.verifier = verifier
        self.cache = cache
    }

    mutating func record(_ explanation: PolicyExplanation) {
        rules = explanation.rules
        decidingRules = explanation.answer.kind.rules
        wouldDeny = explanation.answer.wouldDeny
        record("policy", explanation.answer.kind.summary)
    }
}

extension DecisionTrace {
    /// The whole trace as one JSON object.
    package var json: JSON {
        var members: [String: JSON] = [
            "resource": resource.map { .string($0.description) } ?? .null,
            "operation": operation.map(JSON.string) ?? .null,
            "generation": .integer(Int64(generation)),
            "policies": .array(policies.map { ["file": .string($0.file), "sha256": .string($0.sha256)] }),
            "steps": .array(steps.map { ["stage": .string($0.stage), "finding": .string($0.finding)] }),
            "rules": .array(rules.map(\.json)),
            "deciding_rules": .array(decidingRules.map(JSON.string)),
            "would_deny": .array(wouldDeny.map(JSON.string)),
        ]
        members["verifier"] = verifier.map(JSON.string)
        members["cache"] = (cache?.rawValue).map(JSON.string)
        members["duration_seconds"] = duration.map(JSON.number)
        switch decision {
        case nil: break
        case .allow:
            members["decision"] = "allow"
        case .deny(let denial):
            members["decision"] = "deny"
            members["status"] = .integer(Int64(denial.status))
            members["reason"] = .string("\(denial.reason)")
            members["challenge"] = denial.challenge.map(Self.json)
            members["retry_after"] = denial.retryAfter.map { .integer(Int64($0)) }
        }
        return .object(members)
    }

    private static func json(_ challenge: BearerChallenge) -> JSON {
        var members: [String: JSON] = ["resource_metadata": .string(challenge.resourceMetadata)]
        members["error"] = (challenge.error?.rawValue).map(JSON.string)
        if !challenge.scope.isEmpty { members["scope"] = .string(challenge.scope.description) }
        if let authentication = challenge.authentication {
            members["acr_values"] = .array(authentication.acrValues.map(JSON.string))
            members["max_age"] = authentication.maxAge.map { .integer(Int64($0)) }
        }
        return .object(members)
    }
}

extension PolicyDecision.Kind {
    fileprivate var summary: String {
        let list = rules.joined(separator: ", ")
        return switch self {
        case .allow: "allow by \(list)"
        case .insufficientScope(let scopes, _): "needs scope \(scopes) for \(list)"
        case .insufficientAuthentication: "needs another sign-in for \(list)"
        case .deny: rules.isEmpty ? "no rule allows" : "deny by \(list)"
        }
    }
}
