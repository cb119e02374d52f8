// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// The evaluation of all policies of a resource for one message; allocates nothing unless something is lacking.
struct PolicyEvaluation {
    /// What became of the message.
    enum Verdict {
        case allow(rules: [String])
        /// No scope and no sign-in would help.
        case deny(rules: [String])
        case lacking(Lack)
    }

    private let authInfo: AuthInfo
    private let now: NumericDate
    /// Opened by the first rule that asks about claims; most operations have none, and then nothing is parsed.
    private var openedClaims: ClaimsView?
    private var firedDenies: [String] = []
    /// Requires that neither scopes nor a sign-in can meet.
    private var unmetRequires: [String] = []
    /// What the other unmet requires lack.
    private var lack = Lack()
    /// The first rule that allows.
    private var allow: Candidate?
    /// The allow rule that lacks nothing but scopes or a sign-in, and of those the least.
    private var nearest: Candidate?
    /// The short form that lacks the fewest scopes.
    private var shortForm: (policy: CompiledPolicy, missing: Int)?
    private(set) var wouldDeny: [String] = []

    /// An allow rule that is for this caller and message, and whose condition is true.
    private struct Candidate {
        let rule: PolicyRule
        let policy: CompiledPolicy
        let missingScopes: Int
        let lacksSignIn: Bool
        let order: RuleOrder
        /// Whether it lacks a scope that no client is ever asked for.
        var isUnobtainable = false

        /// One that can be met, with the fewest scopes, then without a new sign-in, then the first in the files.
        func isNearer(than other: Candidate) -> Bool { rank < other.rank }

        private var rank: (Int, Int, Int, RuleOrder) {
            (isUnobtainable ? 1 : 0, missingScopes, lacksSignIn ? 1 : 0, order)
        }
    }

    init(for authInfo: AuthInfo, now: NumericDate) {
        self.authInfo = authInfo
        self.now = now
    }

    private mutating func holds(_ rule: PolicyRule) -> Truth {
        rule.asksAboutClaims ? rule.holds(for: claims()) : rule.holdsForEveryToken
    }

    private mutating func hasSignIn(_ rule: PolicyRule) -> Bool {
        !rule.demandsSignIn || rule.hasSignIn(claims(), now: now)
    }

    private mutating func claims() -> ClaimsView {
        if let openedClaims { return openedClaims }
        let opened = ClaimsView(authInfo.claims)
        openedClaims = opened
        return opened
    }

    mutating func add(
        _ policy: CompiledPolicy,
        _ number: Int,
        about operation: PolicyOperation,
        _ message: MCPMessage?
    ) {
        let granted = policy.scopeTable.granted(by: authInfo.scopes)
        if !policy.requiredScopes.isEmpty { requireShortForm(policy, granted) }
        policy.forEachRule(about: operation, message) { rule, position in
            let isForCaller = rule.isFor(authInfo)
            guard isForCaller != .isFalse else { return }
            switch rule.effect {
            case .deny: deny(rule, granted)
            case .require: require(rule, granted, policy.scopeTable)
            case .allow where isForCaller == .isTrue && rule.isEnforced:
                allow(rule, granted, policy, RuleOrder(policy: number, rule: position))
            case .allow: break
            }
        }
    }

    private mutating func requireShortForm(_ policy: CompiledPolicy, _ granted: ScopeBits) {
        let isMet = policy.hasRequiredScopes(granted)
        guard policy.isEnforced else {
            if !isMet { wouldDeny += Self.shortForm }
            return
        }
        let missing = isMet ? 0 : policy.scopeTable.missing(policy.requiredScopes, in: granted).count
        if shortForm.map({ missing < $0.missing }) ?? true { shortForm = (policy, missing) }
        if !isMet { lack.add(policy.requiredScopes, Self.shortForm, having: granted, policy.scopeTable) }
    }

    private mutating func deny(_ rule: PolicyRule, _ granted: ScopeBits) {
        guard rule.hasScopes(granted), holds(rule) != .isFalse else { return }
        if rule.isEnforced { firedDenies.appendOnce(rule.id) } else { wouldDeny.appendOnce(rule.id) }
    }

    private mutating func require(_ rule: PolicyRule, _ granted: ScopeBits, _ table: ScopeTable) {
        let holds = self.holds(rule) == .isTrue
        let hasSignIn = self.hasSignIn(rule)
        if rule.demandsSignIn, rule.isEnforced, let signIn = rule.signIn { lack.note(signIn) }
        if holds, hasSignIn, rule.hasScopes(granted) { return }
        if !rule.isEnforced {
            wouldDeny.appendOnce(rule.id)
        } else if !holds {
            unmetRequires.appendOnce(rule.id)
        } else {
            lack.add(rule, needsSignIn: !hasSignIn, having: granted, table)
        }
    }

    private mutating func allow(
        _ rule: PolicyRule,
        _ granted: ScopeBits,
        _ policy: CompiledPolicy,
        _ order: RuleOrder
    ) {
        if let allow, allow.order < order { return }
        guard holds(rule) == .isTrue else { return }
        let hasScopes = rule.hasScopes(granted)
        let lacksSignIn = !hasSignIn(rule)
        guard !hasScopes || lacksSignIn else {
            allow = Candidate(rule: rule, policy: policy, missingScopes: 0, lacksSignIn: false, order: order)
            return
        }
        guard allow == nil else { return }
        let table = policy.scopeTable
        let missing = hasScopes ? [] : table.missing(rule.namedScopes(having: granted, table), in: granted)
        let candidate = Candidate(
            rule: rule,
            policy: policy,
            missingScopes: missing.count,
            lacksSignIn: lacksSignIn,
            order: order,
            isUnobtainable: missing.contains("offline_access")
        )
        if nearest.map(candidate.isNearer) ?? true { nearest = candidate }
    }

    func verdict(shortFormAllows: Bool) -> Verdict {
        guard firedDenies.isEmpty else { return .deny(rules: firedDenies) }
        guard unmetRequires.isEmpty else { return .deny(rules: unmetRequires) }
        let candidate = allow ?? nearest
        guard candidate != nil || shortFormAllows else { return .deny(rules: []) }
        if lack.isNothing, shortFormAllows || allow != nil { return .allow(rules: allow?.rule.ids ?? Self.shortForm) }
        // The scopes of the operation are asked for all at once, also those of a rule that would allow already.
        var lack = lack
        if let candidate {
            if let signIn = candidate.rule.signIn { lack.note(signIn) }
            let table = candidate.policy.scopeTable
            let granted = table.granted(by: authInfo.scopes)
            lack.add(candidate.rule, needsSignIn: candidate.lacksSignIn, having: granted, table)
        } else if let policy = shortForm?.policy {
            let granted = policy.scopeTable.granted(by: authInfo.scopes)
            lack.add(policy.requiredScopes, [], having: granted, policy.scopeTable)
        }
        return .lacking(lack)
    }

    private static let shortForm = ["required_scopes"]
}

/// What keeps rules from being met, as far as the client can do something about it.
struct Lack {
    /// Scopes as the rules name them, also those that the client has.
    private var named: ScopeSet = []
    private var missing: ScopeSet = []
    private var rulesLackingScopes: [String] = []
    /// Every demand that applies, met or not: one new sign-in has to meet all of them.
    private var signIns: [SignInDemand] = []
    private var rulesLackingSignIn: [String] = []

    /// Whether neither a scope nor a sign-in is lacking.
    var isNothing: Bool { missing.isEmpty && rulesLackingSignIn.isEmpty }

    /// Remembers a demand that applies.
    mutating func note(_ signIn: SignInDemand) {
        signIns.append(signIn)
    }

    mutating func add(_ scopes: ScopeSet, _ rules: [String], having granted: ScopeBits, _ table: ScopeTable) {
        named = named.union(scopes)
        let lacking = table.missing(scopes, in: granted)
        guard !lacking.isEmpty else { return }
        missing = missing.union(lacking)
        for rule in rules { rulesLackingScopes.appendOnce(rule) }
    }

    mutating func add(_ rule: PolicyRule, needsSignIn: Bool, having granted: ScopeBits, _ table: ScopeTable) {
        add(rule.namedScopes(having: granted, table), rule.ids, having: granted, table)
        if needsSignIn { rulesLackingSignIn.appendOnce(rule.id) }
    }

    mutating func formUnion(_ other: Lack) {
        named = named.union(other.named)
        missing = missing.union(other.missing)
        for rule in other.rulesLackingScopes { rulesLackingScopes.appendOnce(rule) }
        signIns += other.signIns
        for rule in other.rulesLackingSignIn { rulesLackingSignIn.appendOnce(rule) }
    }

    /// Scopes first, then the sign-in; a challenge that could not help is a plain refusal.
    var outcome: PolicyOutcome {
        guard missing.isEmpty else {
            return PolicySet.requestable(missing).isEmpty
                ? .deny(rules: rulesLackingScopes)
                : .insufficientScope(PolicySet.requestable(named), rules: rulesLackingScopes)
        }
        guard let needed = SignInDemand.requirement(signIns) else { return .deny(rules: rulesLackingSignIn) }
        return .insufficientAuthentication(needed, rules: rulesLackingSignIn)
    }
}

extension [String] {
    /// Names a rule once, in however many ways it was found.
    fileprivate mutating func appendOnce(_ rule: String) {
        if !contains(rule) { append(rule) }
    }
}
