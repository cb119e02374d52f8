// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// The policies of one resource, together: what any of them denies or requires always applies.
///
/// Order-free. A deny and an unmet require beat every allow; where nothing allows, the answer is deny. `allow` and
/// `require` need their condition to be true; `deny` fires unless it is false, so missing data never grants and never
/// silences a deny.
package struct PolicySet: PolicyEvaluator {
    private let policies: [CompiledPolicy]
    /// Beside allow rules the short form can narrow, never widen.
    private let shortFormAllows: Bool

    package init(_ policies: [CompiledPolicy]) {
        self.policies = policies
        let hasAllowRule = policies.contains { $0.rules.contains { $0.effect == .allow } }
        shortFormAllows = !hasAllowRule && policies.contains { !$0.requiredScopes.isEmpty }
    }

    /// These policies and one more.
    package func adding(_ policy: CompiledPolicy) -> PolicySet {
        PolicySet(policies + [policy])
    }

    package func evaluate(_ input: PolicyInput) -> PolicyOutcome {
        var allowing: [String] = []
        var scopes: ScopeSet = []
        var lacking: [String] = []
        var signIn: PolicyOutcome?
        // Every message of a batch must be allowed; what they lack is asked for at once.
        for message in messages(of: input.operation) {
            let outcome = evaluate(input, message)
            switch outcome {
            case .deny(let rules): return .deny(rules: rules)
            case .allow(let rules): allowing += rules
            case .insufficientAuthentication: signIn = signIn ?? outcome
            case .insufficientScope(let more, let rules):
                scopes = scopes.union(more)
                lacking += rules
            }
        }
        guard lacking.isEmpty else { return .insufficientScope(scopes, rules: lacking) }
        return signIn ?? .allow(rules: allowing)
    }

    package func scopesToRequest(for operation: PolicyOperation) -> ScopeSet {
        var scopes: ScopeSet = []
        for message in messages(of: operation) {
            var allows: [ScopeSet] = []
            for policy in policies {
                scopes = scopes.union(policy.requiredScopes)
                for rule in policy.rules(about: operation, message) {
                    switch rule.effect {
                    case .require: scopes = scopes.union(rule.namedScopes())
                    case .allow: allows.append(rule.namedScopes())
                    case .deny: break
                    }
                }
            }
            if let least = Self.least(allows) { scopes = scopes.union(least) }
        }
        return Self.requestable(scopes)
    }

    private func messages(of operation: PolicyOperation) -> [MCPMessage?] {
        guard case .mcp(let messages) = operation.operation, !messages.isEmpty else { return [nil] }
        return messages
    }

    private func evaluate(_ input: PolicyInput, _ message: MCPMessage?) -> PolicyOutcome {
        var evaluation = Evaluation(input: input, message: message)
        for policy in policies { evaluation.add(policy) }
        return evaluation.outcome(shortFormAllows: shortFormAllows)
    }

    /// The first of the sets with the fewest scopes.
    static func least(_ sets: [ScopeSet]) -> ScopeSet? {
        var best: ScopeSet?
        for set in sets where best.map({ set.count < $0.count }) ?? true { best = set }
        return best
    }

    /// `offline_access` asks the issuer for a refresh token; it is never ours to demand (MCP 2026-07-28).
    static func requestable(_ scopes: ScopeSet) -> ScopeSet {
        ScopeSet(scopes.filter { $0 != "offline_access" })
    }
}

/// What all rules say about one message.
private struct Evaluation {
    let input: PolicyInput
    let message: MCPMessage?
    private var firedDenies: [String] = []
    /// Requires that no scope can meet.
    private var unmetRequires: [String] = []
    private var scopesOfUnmetRequires: ScopeSet = []
    private var requiresLackingScope: [String] = []
    private var requiresLackingSignIn: [PolicyRule] = []
    private var allows: [String] = []
    /// Allow rules that lack nothing but scopes or a sign-in.
    private var nearAllows: [NearAllow] = []

    private struct NearAllow {
        let rule: PolicyRule
        let scopes: ScopeSet
        let missingScopes: Int
        let lacksSignIn: Bool
    }

    init(input: PolicyInput, message: MCPMessage?) {
        self.input = input
        self.message = message
    }

    mutating func add(_ policy: CompiledPolicy) {
        let granted = policy.scopeGraph.expand(input.authInfo.scopes)
        if !policy.requiredScopes.allSatisfy(granted.contains) {
            scopesOfUnmetRequires = scopesOfUnmetRequires.union(policy.requiredScopes)
            requiresLackingScope.append("required_scopes")
        }
        for rule in policy.rules(about: input.operation, message) { apply(rule, granted) }
    }

    private mutating func apply(_ rule: PolicyRule, _ granted: Set<String>) {
        let holds = rule.holds(for: input.authInfo)
        let hasScopes = rule.hasScopes(granted)
        switch rule.effect {
        case .deny:
            if holds != .isFalse && hasScopes { firedDenies.append(rule.id) }
        case .require:
            if holds != .isTrue {
                unmetRequires.append(rule.id)
            } else {
                if !hasScopes {
                    scopesOfUnmetRequires = scopesOfUnmetRequires.union(rule.namedScopes(having: granted))
                    requiresLackingScope.append(rule.id)
                }
                if !rule.hasSignIn(input) { requiresLackingSignIn.append(rule) }
            }
        case .allow:
            guard holds == .isTrue else { return }
            let lacksSignIn = !rule.hasSignIn(input)
            if hasScopes && !lacksSignIn {
                allows.append(rule.id)
            } else {
                let named = rule.namedScopes(having: granted)
                let missing = hasScopes ? 0 : named.filter { !granted.contains($0) }.count
                nearAllows.append(
                    NearAllow(rule: rule, scopes: named, missingScopes: missing, lacksSignIn: lacksSignIn)
                )
            }
        }
    }

    func outcome(shortFormAllows: Bool) -> PolicyOutcome {
        guard firedDenies.isEmpty else { return .deny(rules: firedDenies) }
        guard unmetRequires.isEmpty else { return .deny(rules: unmetRequires) }
        if shortFormAllows || !allows.isEmpty {
            guard requiresLackingScope.isEmpty else {
                return Self.challenge(scopesOfUnmetRequires, requiresLackingScope)
            }
            guard requiresLackingSignIn.isEmpty else { return Self.signInChallenge(requiresLackingSignIn) }
            return .allow(rules: allows.isEmpty ? ["required_scopes"] : allows)
        }
        guard let nearest = nearAllows.enumerated().min(by: { Self.cost($0) < Self.cost($1) })?.element else {
            return .deny(rules: [])
        }
        guard requiresLackingScope.isEmpty, nearest.missingScopes == 0 else {
            let scopes = scopesOfUnmetRequires.union(nearest.scopes)
            return Self.challenge(scopes, requiresLackingScope + [nearest.rule.id])
        }
        return Self.signInChallenge(requiresLackingSignIn + (nearest.lacksSignIn ? [nearest.rule] : []))
    }

    /// The fewest scopes, then no new sign-in, then the first in the file.
    private static func cost(_ near: (offset: Int, element: NearAllow)) -> (Int, Int, Int) {
        (near.element.missingScopes, near.element.lacksSignIn ? 1 : 0, near.offset)
    }

    private static func signInChallenge(_ rules: [PolicyRule]) -> PolicyOutcome {
        let ids = rules.map(\.id)
        guard let needed = SignInDemand.requirement(rules.compactMap(\.signIn)) else { return .deny(rules: ids) }
        return .insufficientAuthentication(needed, rules: ids)
    }

    /// A challenge that names no scope would tell the client nothing.
    private static func challenge(_ scopes: ScopeSet, _ rules: [String]) -> PolicyOutcome {
        let scopes = PolicySet.requestable(scopes)
        return scopes.isEmpty ? .deny(rules: rules) : .insufficientScope(scopes, rules: rules)
    }
}
