// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// The policies of one resource, together: what any of them denies or requires always applies.
///
/// Order-free. A deny and an unmet require beat every allow; where nothing allows, the answer is deny. `allow` and
/// `require` need their condition to be true; `deny` fires unless it is false, so missing data never grants and never
/// silences a deny.
package struct PolicySet: PolicyEvaluator {
    package let policies: [CompiledPolicy]
    /// Beside allow rules the short form can narrow, never widen.
    private let shortFormAllows: Bool

    package init(_ policies: [CompiledPolicy]) {
        self.policies = policies
        // An allow rule in shadow mode is still one: switching it off must not let the short form widen.
        let hasAllowRule = policies.contains { $0.rules.contains { $0.effect == .allow } }
        shortFormAllows = !hasAllowRule && policies.contains { $0.isEnforced && !$0.requiredScopes.isEmpty }
    }

    /// These policies and one more.
    package func adding(_ policy: CompiledPolicy) -> PolicySet {
        PolicySet(policies + [policy])
    }

    package var identities: [PolicyIdentity] { policies.map(\.identity) }

    package func evaluate(_ input: PolicyInput) -> PolicyAnswer {
        guard case .mcp(let messages) = input.operation.operation, messages.count != 1 else {
            return evaluate(input, input.operation.onlyMessage)
        }
        return evaluate(input, each: messages)
    }

    package func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        let findings = input.operation.messages.flatMap { message in
            policies.flatMap { policy in
                policy.rules.map { rule in
                    RuleExplainer(policy, rule, revealsClaims: revealingClaims).finding(input, message)
                }
            }
        }
        return PolicyExplanation(answer: evaluate(input), rules: findings)
    }

    package func scopesToRequest(for operation: PolicyOperation) -> ScopeSet {
        var scopes: ScopeSet = []
        for message in operation.messages {
            var allows: [(order: RuleOrder, scopes: ScopeSet)] = []
            for (number, policy) in policies.enumerated() {
                if policy.isEnforced { scopes = scopes.union(policy.requiredScopes) }
                policy.forEachRule(about: operation, message) { rule, position in
                    // What is only perhaps needed, or only by some callers, is asked for once it is known.
                    guard rule.isEnforced, rule.isForEverybody, operation.isKnown || rule.targets.matchesAny else {
                        return
                    }
                    let named = rule.namedScopes(having: ScopeBits(), policy.scopeTable)
                    switch rule.effect {
                    case .require: scopes = scopes.union(named)
                    case .allow: allows.append((RuleOrder(policy: number, rule: position), named))
                    case .deny: break
                    }
                }
            }
            let least = allows.min { ($0.scopes.count, $0.order) < ($1.scopes.count, $1.order) }
            if let least { scopes = scopes.union(least.scopes) }
        }
        return Self.requestable(scopes)
    }

    private func evaluate(_ input: PolicyInput, _ message: MCPMessage?) -> PolicyAnswer {
        let evaluation = evaluation(input, message)
        let outcome =
            switch evaluation.verdict(shortFormAllows: shortFormAllows) {
            case .allow(let rules): PolicyOutcome.allow(rules: rules)
            case .deny(let rules): PolicyOutcome.deny(rules: rules)
            case .lacking(let lack): lack.outcome
            }
        return PolicyAnswer(outcome, wouldDeny: evaluation.wouldDeny)
    }

    /// Every message of a batch must be allowed; what they lack is asked for at once.
    private func evaluate(_ input: PolicyInput, each messages: [MCPMessage]) -> PolicyAnswer {
        var allowing: [String] = []
        var denies: [String]? = messages.isEmpty ? [] : nil
        var all = Lack()
        var wouldDeny: [String] = []
        for message in messages {
            let evaluation = evaluation(input, message)
            wouldDeny += evaluation.wouldDeny
            switch evaluation.verdict(shortFormAllows: shortFormAllows) {
            case .allow(let rules): allowing += rules
            case .deny(let rules): denies = denies ?? rules
            case .lacking(let lack): all.formUnion(lack)
            }
        }
        if let denies { return PolicyAnswer(.deny(rules: denies), wouldDeny: wouldDeny) }
        return PolicyAnswer(all.isNothing ? .allow(rules: allowing) : all.outcome, wouldDeny: wouldDeny)
    }

    private func evaluation(_ input: PolicyInput, _ message: MCPMessage?) -> PolicyEvaluation {
        var evaluation = PolicyEvaluation(for: input.authInfo, now: input.now)
        for number in policies.indices { evaluation.add(policies[number], number, about: input.operation, message) }
        return evaluation
    }

    /// `offline_access` asks the issuer for a refresh token; it is never ours to demand (MCP 2026-07-28).
    static func requestable(_ scopes: ScopeSet) -> ScopeSet {
        scopes.contains("offline_access") ? ScopeSet(scopes.filter { $0 != "offline_access" }) : scopes
    }
}

/// Where a rule stands among all policies of a resource; ties go to the first.
struct RuleOrder: Comparable {
    let policy: Int
    let rule: Int

    static func < (left: RuleOrder, right: RuleOrder) -> Bool {
        (left.policy, left.rule) < (right.policy, right.rule)
    }
}

extension PolicyOperation {
    var isKnown: Bool { operation != .unknown }

    /// The MCP message, where there is exactly one; `nil` for plain HTTP and for an operation that is not known.
    var onlyMessage: MCPMessage? {
        guard case .mcp(let messages) = operation, messages.count == 1 else { return nil }
        return messages[0]
    }

    /// What rules are asked about one by one: every MCP message, or the request itself.
    var messages: [MCPMessage?] {
        guard case .mcp(let messages) = operation else { return [nil] }
        return messages
    }
}
