// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// The policies of one resource, evaluated together: what any of them denies or requires always applies.
///
/// The order of rules and policies does not decide whether a request is allowed. A deny, or a require that is not met,
/// overrides every allow; without an allow, the decision is deny. `allow` and `require` need their condition to be
/// true; `deny` fires unless its condition is false. So missing data never grants access and never disables a deny.
package struct PolicySet: PolicyEvaluator {
    package let policies: [CompiledPolicy]
    /// Whether the short form allows; if there are allow rules, it can only restrict.
    package let shortFormAllows: Bool

    package init(_ policies: [CompiledPolicy]) {
        self.policies = policies
        // An allow rule in shadow mode counts too: shadow mode must not make the short form allow more.
        mayAllowAnyone = policies.contains { $0.rules.contains { $0.isEnforced && $0.subjectKind == .anyone } }
        let hasAllowRule = policies.contains { $0.rules.contains { $0.effect == .allow } }
        shortFormAllows = !hasAllowRule && policies.contains { $0.isEnforced && !$0.requiredScopes.isEmpty }
    }

    /// These policies and one more.
    package func adding(_ policy: CompiledPolicy) -> PolicySet {
        PolicySet(policies + [policy])
    }

    package var identities: [PolicyIdentity] { policies.map(\.identity) }

    package let mayAllowAnyone: Bool

    /// Why these policies allow no operation to any caller; `nil` when they may allow something.
    package var reasonNothingIsAllowed: String? {
        let rules = policies.flatMap(\.rules).filter(\.isEnforced)
        let general = rules.filter { $0.isForEverybody && $0.targets.matchesAny }
        if let rule = general.first(where: { $0.effect == .require && $0.requiresProof }) {
            return
                "the rule `\(rule.id.printable)` requires every caller to prove possession, and no proof is accepted"
        }
        let isBare = { (rule: PolicyRule) in rule.condition == nil && rule.allScopes.isEmpty && rule.anyScopes.isEmpty }
        if let rule = general.first(where: { $0.effect == .deny && isBare($0) }) {
            return "the rule `\(rule.id.printable)` denies every operation to every caller"
        }
        let mayAllow = shortFormAllows || rules.contains { $0.effect == .allow && !$0.requiresProof }
        return mayAllow ? nil : "no rule allows anything"
    }

    package func evaluate(_ input: PolicyInput) -> PolicyDecision {
        guard let first = policies.first else { return PolicyDecision(.deny(rules: [])) }
        guard case .mcp(let messages) = input.request.operation, messages.count != 1 else {
            return evaluate(input, input.request.onlyMessage, first)
        }
        return evaluate(input, each: messages, first)
    }

    package func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        let findings = input.request.messages.flatMap { message in
            policies.flatMap { policy in
                policy.rules.map { rule in
                    RuleExplainer(policy, rule, revealsClaims: revealingClaims).finding(input, message)
                }
            }
        }
        return PolicyExplanation(answer: evaluate(input), rules: findings)
    }

    package func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet {
        var scopes: ScopeSet = []
        for message in request.messages {
            var allows: [(order: RuleOrder, scopes: ScopeSet)] = []
            for (number, policy) in policies.enumerated() {
                if policy.isEnforced { scopes = scopes.union(policy.requiredScopes) }
                // Read once for all rules: the client has no token and may send much.
                let arguments = policy.argumentTable.values(in: message?.arguments)
                policy.forEachRule(about: request, message) { rule, position in
                    // Scopes that only some operations or callers need are asked for later, when these are known.
                    guard rule.isEnforced, rule.isForEverybody, request.isKnown || rule.targets.matchesAny else {
                        return
                    }
                    // An allow rule that no token can meet, or that also allows without one, needs no scope.
                    if rule.effect == .allow, rule.subjectKind == .anyone || isFalse(rule, request, message, arguments)
                    {
                        return
                    }
                    let named = rule.namedScopes(ScopeHolder(nil, policy))
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
        return ScopeHolder.withoutNeverAsked(scopes)
    }

    /// Whether what the request says makes the rule false, whatever the claims of a token are.
    private func isFalse(
        _ rule: PolicyRule,
        _ request: ProtectedResourceRequest,
        _ message: MCPMessage?,
        _ arguments: ArgumentValues
    ) -> Bool {
        let values = ConditionValues(
            claims: .none,
            areClaimsUnknown: true,
            arguments: arguments,
            captures: rule.readsCaptures ? rule.captures(of: request, message) : []
        )
        return rule.holds(values) == .isFalse
    }

    private func evaluate(
        _ input: PolicyInput,
        _ message: MCPMessage?,
        _ first: CompiledPolicy
    ) -> PolicyDecision {
        let evaluation = evaluation(input, message, first)
        switch evaluation.decision(shortFormAllows: shortFormAllows) {
        case .allow(let rules): return PolicyDecision(.allow(rules: rules), wouldDeny: evaluation.wouldDeny)
        case .deny(let rules): return PolicyDecision(.deny(rules: rules), wouldDeny: evaluation.wouldDeny)
        case .lacking(var lack):
            evaluation.addNeeds(to: &lack, policies)
            return PolicyDecision(lack.outcome, wouldDeny: evaluation.wouldDeny)
        }
    }

    /// Every message of a batch must be allowed; one challenge names what all of them need.
    private func evaluate(
        _ input: PolicyInput,
        each messages: [MCPMessage],
        _ first: CompiledPolicy
    ) -> PolicyDecision {
        let evaluations = messages.map { evaluation(input, $0, first) }
        let wouldDeny = evaluations.flatMap(\.wouldDeny)
        var allowing: [String] = []
        var all = MissingRequirements()
        guard !evaluations.isEmpty else { return PolicyDecision(.deny(rules: []), wouldDeny: []) }
        for evaluation in evaluations {
            switch evaluation.decision(shortFormAllows: shortFormAllows) {
            case .allow(let rules): allowing += rules
            case .deny(let rules): return PolicyDecision(.deny(rules: rules), wouldDeny: wouldDeny)
            case .lacking(let lack): all.formUnion(lack)
            }
        }
        guard !all.isNothing else { return PolicyDecision(.allow(rules: allowing), wouldDeny: wouldDeny) }
        for evaluation in evaluations { evaluation.addNeeds(to: &all, policies) }
        return PolicyDecision(all.outcome, wouldDeny: wouldDeny)
    }

    /// - Parameter first: The first of the policies.
    private func evaluation(
        _ input: PolicyInput,
        _ message: MCPMessage?,
        _ first: CompiledPolicy
    ) -> PolicyEvaluation {
        var evaluation = PolicyEvaluation(for: input, message, by: first)
        for number in policies.indices { evaluation.add(policies[number], number) }
        return evaluation
    }
}

/// The position of a rule among all policies of a resource; of equal rules, the first is chosen.
struct RuleOrder: Comparable {
    let policy: Int
    let rule: Int

    static func < (left: RuleOrder, right: RuleOrder) -> Bool {
        (left.policy, left.rule) < (right.policy, right.rule)
    }
}

extension ProtectedResourceRequest {
    var isKnown: Bool { operation != .unknown }

    /// The MCP message, if there is exactly one; `nil` for plain HTTP and for an operation that is not known.
    var onlyMessage: MCPMessage? {
        guard case .mcp(let messages) = operation, messages.count == 1 else { return nil }
        return messages[0]
    }

    /// What rules are evaluated for, one at a time: every MCP message, or `nil` for the request itself.
    package var messages: [MCPMessage?] {
        guard case .mcp(let messages) = operation else { return [nil] }
        return messages
    }
}
