// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// The evaluation of all policies of a resource for one message.
///
/// Allocates nothing unless a rule denies or a requirement is not met.
struct PolicyEvaluation: CandidateVisitor {
    /// The result for the message.
    enum MessageDecision {
        case allow(rules: [String])
        /// Denied, and no scope and no sign-in would help.
        case deny(rules: [String])
        case lacking(MissingRequirements)
    }

    private let input: PolicyInput
    private let message: MCPMessage?
    /// The policy that is evaluated, its position, and the scopes of the caller in it.
    private var policy: CompiledPolicy
    private var number = 0
    private var granted = ScopeBits()
    /// What conditions read; changed for each rule in place, because a copy of it copies many references.
    private var values = ConditionValues(claims: .none, areClaimsUnknown: false, arguments: .unknown, captures: [])
    /// Whether the claims are read: for the first rule that checks claims, since most operations have no such rule.
    private var hasClaims = false
    /// Whether the arguments are read for the current policy: for the first rule that asks for one.
    private var hasArguments = false
    private var refusal: Refusal?
    /// The first rule that allows, in file order.
    private var allow: Candidate?
    /// Of the allow rules that lack only scopes or a sign-in, the one that lacks the least.
    private var nearest: Candidate?

    /// The rules in shadow mode that would have denied.
    var wouldDeny: [String] { refusal?.wouldDeny ?? [] }

    /// What is against the message; most messages have nothing of it, so it has no cost for them.
    private struct Refusal {
        var firedDenies: [String] = []
        /// Require rules that are not met, and that neither scopes nor a sign-in can meet.
        var unmetRequires: [String] = []
        /// What the other require rules that are not met lack.
        var lack = MissingRequirements()
        var wouldDeny: [String] = []
    }

    /// An allow rule for this caller and message whose condition is true.
    private struct Candidate {
        let rule: PolicyRule
        let policy: CompiledPolicy
        /// `nil` if none is missing.
        let missing: ScopeSet?
        let lacksSignIn: Bool
        let order: RuleOrder
        /// Whether the caller lacks a scope that the client cannot get.
        var isUnobtainable = false

        /// Prefers rules that can be met, then fewer missing scopes, then no new sign-in, then the order in the files.
        func isNearer(than other: Candidate) -> Bool { rank < other.rank }

        private var rank: (Int, Int, Int, RuleOrder) {
            (isUnobtainable ? 1 : 0, missing?.count ?? 0, lacksSignIn ? 1 : 0, order)
        }
    }

    /// `nil` for a caller without a token.
    private var authInfo: AuthInfo? { input.authInfo }

    init(for input: PolicyInput, _ message: MCPMessage?, by policy: CompiledPolicy) {
        self.input = input
        self.message = message
        self.policy = policy
    }

    /// Whether a rule that is about the message is true.
    private mutating func holds(_ rule: PolicyRule) -> Truth {
        guard rule.hasCondition else { return rule.holdsWithoutCondition }
        if rule.readsClaims { openClaims() }
        if rule.readsArguments, !hasArguments {
            values.arguments = policy.argumentTable.values(in: message?.arguments)
            hasArguments = true
        }
        if rule.readsCaptures {
            values.captures = rule.captures(of: input.request, message)
            values.ignoresCaseOfCaptures = rule.effect != .allow && input.request.ignoresCase
        }
        values.areClaimsUnknown = input.authInfo == nil && rule.effect == .allow
        if input.withAnyArguments { values.assumedOfArguments = rule.effect != .deny }
        return rule.holds(values)
    }

    private mutating func hasSignIn(_ rule: PolicyRule) -> Bool {
        guard rule.demandsSignIn else { return true }
        openClaims()
        return rule.hasSignIn(values.claims, now: input.now)
    }

    private mutating func openClaims() {
        guard !hasClaims else { return }
        if let authInfo { values.claims = ClaimsView(authInfo.claims) }
        hasClaims = true
    }

    /// Evaluates the policy at this position among those of the resource.
    mutating func add(_ policy: CompiledPolicy, _ number: Int) {
        self.policy = policy
        self.number = number
        granted = policy.scopeTable.granted(by: authInfo?.scopes ?? [])
        hasArguments = false
        if !policy.hasRequiredScopes(granted) { noteShortForm(policy) }
        guard !policy.index.visitCandidates(input.request, message, &self) else { return }
        for (position, rule) in policy.rules.enumerated() where rule.isAbout(input.request, message) {
            evaluate(rule, at: position)
        }
    }

    mutating func visit(
        _ rule: PolicyRule,
        at position: Int,
        _ hit: RuleIndex.Hit,
        _ method: String,
        _ name: String
    ) {
        if rule.isAbout(input.request, found: hit, method, name) { evaluate(rule, at: position) }
    }

    private mutating func evaluate(_ rule: PolicyRule, at position: Int) {
        let isForCaller = rule.isFor(authInfo)
        guard isForCaller != .isFalse else { return }
        // Rules that need not be true are not evaluated: a deny fires for callers with its scopes only, and an allow
        // after a better one changes nothing.
        switch rule.effect {
        case .deny where rule.hasScopes(granted): deny(rule, holds(rule))
        case .deny: break
        case .require: require(rule, holds(rule))
        case .allow where isForCaller == .isTrue && rule.isEnforced:
            let order = RuleOrder(policy: number, rule: position)
            if let allow, allow.order < order { return }
            guard holds(rule) == .isTrue else { return }
            allow(rule, order)
        case .allow: break
        }
    }

    private mutating func noteShortForm(_ policy: CompiledPolicy) {
        var refusal = self.refusal ?? Refusal()
        if policy.isEnforced {
            refusal.lack.add(policy.requiredScopes, Self.shortForm, ScopeHolder(authInfo, policy))
        } else {
            refusal.wouldDeny += Self.shortForm
        }
        self.refusal = refusal
    }

    private mutating func deny(_ rule: PolicyRule, _ truth: Truth) {
        guard truth != .isFalse else { return }
        var refusal = self.refusal ?? Refusal()
        if rule.isEnforced { refusal.firedDenies.appendOnce(rule.id) } else { refusal.wouldDeny.appendOnce(rule.id) }
        self.refusal = refusal
    }

    private mutating func require(
        _ rule: PolicyRule,
        _ truth: Truth
    ) {
        let holds = truth == .isTrue
        let hasSignIn = self.hasSignIn(rule)
        if holds, hasSignIn, rule.hasScopes(granted) { return }
        var refusal = self.refusal ?? Refusal()
        if !rule.isEnforced {
            refusal.wouldDeny.appendOnce(rule.id)
        } else if !holds {
            refusal.unmetRequires.appendOnce(rule.id)
        } else {
            refusal.lack.add(rule, needsSignIn: !hasSignIn, ScopeHolder(authInfo, policy))
        }
        self.refusal = refusal
    }

    private mutating func allow(
        _ rule: PolicyRule,
        _ order: RuleOrder
    ) {
        let hasScopes = rule.hasScopes(granted)
        let lacksSignIn = !hasSignIn(rule)
        guard !hasScopes || lacksSignIn else {
            allow = Candidate(rule: rule, policy: policy, missing: nil, lacksSignIn: false, order: order)
            return
        }
        guard allow == nil else { return }
        let holder = ScopeHolder(authInfo, policy)
        let missing = hasScopes ? nil : holder.missing(rule.namedScopes(holder))
        let candidate = Candidate(
            rule: rule,
            policy: policy,
            missing: missing,
            lacksSignIn: lacksSignIn,
            order: order,
            isUnobtainable: !(missing?.allSatisfy(holder.canObtain) ?? true)
        )
        if nearest.map(candidate.isNearer) ?? true { nearest = candidate }
    }

    func decision(shortFormAllows: Bool) -> MessageDecision {
        if let refusal {
            guard refusal.firedDenies.isEmpty else { return .deny(rules: refusal.firedDenies) }
            guard refusal.unmetRequires.isEmpty else { return .deny(rules: refusal.unmetRequires) }
        }
        guard allow != nil || nearest != nil || shortFormAllows else { return .deny(rules: []) }
        if refusal?.lack.isNothing ?? true, shortFormAllows || allow != nil {
            return .allow(rules: allow?.rule.ids ?? Self.shortForm)
        }
        var lack = refusal?.lack ?? MissingRequirements()
        if let nearest, allow == nil {
            lack.add(nearest.rule, needsSignIn: nearest.lacksSignIn, ScopeHolder(authInfo, nearest.policy))
        }
        return .lacking(lack)
    }

    /// Adds everything that the message needs, met or not: the short forms, every require rule, and the allow rule that
    /// is met or comes nearest.
    ///
    /// A new token may have only the scopes that the client asks for, so the challenge must also name those that it
    /// already has. The rules are looked up again here, because most requests lack nothing.
    func addNeeds(to lack: inout MissingRequirements, _ policies: [CompiledPolicy]) {
        for policy in policies {
            let holder = ScopeHolder(authInfo, policy)
            if policy.isEnforced { lack.need(policy.requiredScopes, nil, holder) }
            policy.forEachRule(about: input.request, message) { rule, _ in
                guard rule.effect == .require, rule.isEnforced, rule.isFor(authInfo) != .isFalse else { return }
                lack.need(rule.namedScopes(holder), rule.signIn, holder)
            }
        }
        guard let candidate = allow ?? nearest else { return }
        let holder = ScopeHolder(authInfo, candidate.policy)
        lack.need(candidate.rule.namedScopes(holder), candidate.rule.signIn, holder)
    }

    private static let shortForm = ["required_scopes"]
}

/// The scopes and sign-ins that a message lacks and that a client may be able to get.
struct MissingRequirements {
    private var missing: ScopeSet = []
    /// Whether the issuer of the token may not grant a scope that is missing.
    private var isUngrantable = false
    private var rulesLackingScopes: [String] = []
    private var rulesLackingSignIn: [String] = []
    /// Every scope that the operation needs, including those that the client has.
    private var needed: ScopeSet = []
    /// Every sign-in demand that applies, met or not: one new sign-in must meet all of them.
    private var signIns: [SignInDemand] = []

    /// Whether neither a scope nor a sign-in is lacking.
    var isNothing: Bool { missing.isEmpty && rulesLackingSignIn.isEmpty }

    mutating func add(_ scopes: ScopeSet, _ rules: [String], _ caller: ScopeHolder) {
        let lacking = caller.missing(scopes)
        guard !lacking.isEmpty else { return }
        missing = missing.union(lacking)
        if !lacking.allSatisfy(caller.isGrantable) { isUngrantable = true }
        for rule in rules { rulesLackingScopes.appendOnce(rule) }
    }

    mutating func add(_ rule: PolicyRule, needsSignIn: Bool, _ caller: ScopeHolder) {
        add(rule.namedScopes(caller), rule.ids, caller)
        if needsSignIn { rulesLackingSignIn.appendOnce(rule.id) }
    }

    /// Adds what a rule needs, whether the client has it or not.
    mutating func need(_ scopes: ScopeSet, _ signIn: SignInDemand?, _ caller: ScopeHolder) {
        needed = needed.union(caller.requested(scopes))
        if let signIn { signIns.append(signIn) }
    }

    mutating func formUnion(_ other: MissingRequirements) {
        missing = missing.union(other.missing)
        if other.isUngrantable { isUngrantable = true }
        for rule in other.rulesLackingScopes { rulesLackingScopes.appendOnce(rule) }
        for rule in other.rulesLackingSignIn { rulesLackingSignIn.appendOnce(rule) }
    }

    /// The decision: a challenge for scopes, else one for a sign-in, or a denial without a challenge if none can help.
    var outcome: PolicyDecision.Kind {
        guard missing.isEmpty else {
            return isUngrantable || ScopeHolder.withoutNeverAsked(missing).isEmpty
                ? .deny(rules: rulesLackingScopes)
                : .insufficientScope(ScopeHolder.withoutNeverAsked(needed), rules: rulesLackingScopes)
        }
        guard let needed = SignInDemand.requirement(signIns) else { return .deny(rules: rulesLackingSignIn) }
        return .insufficientAuthentication(needed, rules: rulesLackingSignIn)
    }
}

extension [String] {
    /// Appends an id unless it is present; rules of several files may have the same id.
    fileprivate mutating func appendOnce(_ rule: String) {
        if !contains(rule) { append(rule) }
    }
}
