// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// How a decision came about: one object for the command line, the debug log and a failing policy test.
///
/// It holds names of stages, reasons and rules; never a token, and claim values only when that was asked for.
public struct DecisionTrace: Sendable {
    /// One stage of the request.
    public struct Step: Sendable, Hashable {
        /// `route`, `verify`, `transform`, `checks`, `bounds` or `policy`.
        public let stage: String
        /// What the stage found, in words.
        public let finding: String
    }

    /// Whether the token had to be verified.
    public enum CacheState: String, Sendable, CaseIterable {
        /// It was verified before.
        case hit
        /// It was verified for this request.
        case miss
    }

    /// The stages in the order they ran.
    public private(set) var steps: [Step] = []
    /// The resource the request belongs to.
    public internal(set) var resource: ResourceIdentifier?
    /// What the request wants to do, in words.
    public internal(set) var operation: String?
    /// The verifier that knew the token.
    public internal(set) var verifier: String?
    /// Whether the token had to be verified; `nil` when no verifier accepted it.
    public internal(set) var cache: CacheState?
    /// The policy documents of the resource.
    public internal(set) var policies: [PolicyIdentity] = []
    /// Which configuration since the start of the process decided, counted from 1.
    public internal(set) var generation = 1
    /// Every rule, and how it came out; empty when the policy was not reached.
    public internal(set) var rules: [RuleFinding] = []
    /// Ids of the rules that made the policy's outcome.
    public internal(set) var decidingRules: [String] = []
    /// Ids of the rules in shadow mode that would have denied.
    public internal(set) var wouldDeny: [String] = []
    /// The end of it.
    public internal(set) var decision: Decision?
    /// Seconds that the decision took, measured by who asked for it.
    public package(set) var duration: Double?

    let revealsClaims: Bool

    /// - Parameter revealingClaims: Whether claim values may stand in the words of ``rules``.
    package init(revealingClaims: Bool = false) {
        revealsClaims = revealingClaims
    }

    package mutating func record(_ stage: String, _ finding: @autoclosure () -> String) {
        steps.append(Step(stage: stage, finding: finding()))
    }

    /// Names the resource a request was routed to, and what the request wants.
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
