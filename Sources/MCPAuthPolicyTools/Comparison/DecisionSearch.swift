// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A search for values with which two sets of policies decide differently about one operation and one caller.
///
/// Values are chosen one at a time. The search goes back as soon as the values chosen so far leave only one decision to
/// both sides, whatever the others are: so it visits few of all combinations, and misses none of them.
struct DecisionSearch {
    /// The outcome of a search.
    enum Outcome {
        case same
        case different(PolicyWitness)
        /// There are too many combinations to visit.
        case undecided
    }

    /// Which differences are searched for.
    enum Question {
        /// One side allows what the other does not.
        case isAllowed
        /// Also those of what a caller lacks.
        case whatIsNeeded
    }

    private let values: SearchValues
    private let question: Question
    private let rules: ComparedRules
    private let operation: ComparedOperation
    private let caller: SearchCaller
    private let knowsArguments: Bool
    private let resource: ResourceIdentifier
    private let now: NumericDate
    /// For each side, the rules about the operation.
    private let uses: [[SearchValues.Use]]
    private let changed: [SearchValues.Use]
    /// The rule that differs from a changed one only in its condition, by the number of the changed one.
    private let partners: [Int: SearchValues.Use]
    /// The chosen value of each variable, as an index of its choices; -1 if none is chosen.
    private var chosen: [Int]
    private(set) var visits = 0
    private let mostVisits: Int
    private let samples: Int
    private(set) var sampled = 0

    init(
        _ rules: ComparedRules,
        _ operation: ComparedOperation,
        _ values: SearchValues,
        _ caller: SearchCaller,
        _ question: Question,
        knowsArguments: Bool,
        at resource: ResourceIdentifier,
        now: NumericDate,
        mostVisits: Int,
        samples: Int
    ) {
        self.samples = samples
        self.question = question
        self.resource = resource
        self.rules = rules
        self.operation = operation
        self.values = values
        self.caller = caller
        self.knowsArguments = knowsArguments
        self.now = now
        self.mostVisits = mostVisits
        uses = values.uses
        let changed = uses.joined().filter { $0.isChanged || question == .whatIsNeeded && $0.isMoved }
        self.changed = changed
        partners = changed.reduce(into: [:]) { partners, use in
            let number = rules.withOtherCondition[use.number]
            partners[use.number] = changed.first { $0.number == number }
        }
        chosen = Array(repeating: -1, count: values.variables.count)
    }

    private static let mostVariables = 2000

    mutating func run() -> Outcome {
        // Each variable is one level of calls.
        let outcome = chosen.count <= Self.mostVariables ? visit() : .undecided
        guard case .undecided = outcome else { return outcome }
        return sample() ?? .undecided
    }

    /// Tries combinations at random, the same ones in every run; `nil` if none makes a difference.
    private mutating func sample() -> Outcome? {
        var random = SplitMix64(seed: 0)
        while sampled < samples {
            sampled += 1
            for variable in chosen.indices {
                chosen[variable] = values.domain(of: variable).randomElement(using: &random) ?? -1
            }
            if case .different(let witness) = compare() { return .different(witness) }
        }
        return nil
    }

    private mutating func visit() -> Outcome {
        visits += 1
        guard visits <= mostVisits else { return .undecided }
        switch next() {
        case .same: return .same
        case .compare: return compare()
        case .choose(let variable):
            var isDecided = true
            for choice in values.domain(of: variable) {
                chosen[variable] = choice
                switch visit() {
                case .same: continue
                case .different(let witness): return .different(witness)
                case .undecided: isDecided = false
                }
                if visits > mostVisits { break }
            }
            chosen[variable] = -1
            return isDecided ? .same : .undecided
        }
    }

    // MARK: What the chosen values decide

    private enum Step {
        /// Both sides have the same decision, whatever the other values are.
        case same
        /// The other values do not matter.
        case compare
        case choose(Int)
    }

    /// What the chosen values decide about one side.
    private struct Side {
        /// `nil` if it depends on other values.
        var isAllowed: Bool?
        /// Whether it is denied and no challenge could help.
        var isDenied = false
        /// A variable on which the decision depends.
        var open: Int?
    }

    private func next() -> Step {
        let granted = uses.indices.map { side in Granted(rules.sides[side].policies, caller, chosen, values) }
        // Rules that both sides have cannot make them differ.
        var isInert = !rules.isFrameChanged
        var open: Int?
        for use in changed {
            let state = state(of: use, granted[use.side])
            let partner = partners[use.number]
            if !state.isInert, !(partner.map { decideTheSame(use, $0) } ?? false) { isInert = false }
            if open == nil { open = state.open ?? partner.flatMap { openVariable(of: use) ?? openVariable(of: $0) } }
        }
        // The challenge without a token depends on rules that are not for this caller.
        guard caller.authInfo != nil || knowsArguments || question == .isAllowed else { return .compare }
        if isInert { return .same }
        let states = uses.indices.map { side in self.state(ofSide: side, granted[side]) }
        if states[0].isDenied, states[1].isDenied { return .same }
        switch (states[0].isAllowed, states[1].isAllowed) {
        case (true?, true?): return .same
        case (false?, false?) where caller.authInfo == nil || question == .isAllowed: return .same
        case (let old?, let new?) where old != new: return .compare
        default: break
        }
        if let variable = open ?? states[0].open ?? states[1].open { return .choose(variable) }
        // The scopes that a challenge names depend on all that the caller has.
        let scope = values.scopes.first { chosen[$0.variable] < 0 }
        return scope.map { .choose($0.variable) } ?? .compare
    }

    /// Whether two rules that differ only in their conditions do the same with the chosen values.
    private func decideTheSame(_ use: SearchValues.Use, _ other: SearchValues.Use) -> Bool {
        let (one, two) = (truths(of: use), truths(of: other))
        switch use.rule.effect {
        case .deny: return one == .isFalse && two == .isFalse || !one.union(two).contains(.isFalse)
        case .allow, .require: return one == .isTrue && two == .isTrue || !one.union(two).contains(.isTrue)
        }
    }

    private func openVariable(of use: SearchValues.Use) -> Int? {
        values.openVariable(of: use, chosen, caller, knowsArguments: knowsArguments)
    }

    private struct RuleState {
        /// Whether the rule cannot take part in the decision.
        var isInert = false
        /// Whether it fires, is met or allows; `nil` if that depends on other values.
        var isTrue: Bool?
        /// For a require rule: whether its condition is false, so that no challenge helps.
        var isUnmet = false
        /// A variable on which the state depends.
        var open: Int?
    }

    private func state(of use: SearchValues.Use, _ granted: Granted) -> RuleState {
        let rule = use.rule
        let isFor = caller.isFor[use.number] ?? rule.isFor(caller.authInfo)
        let isAllow = rule.effect == .allow
        guard rule.isEnforced, isFor != .isFalse, !isAllow || isFor == .isTrue else {
            return RuleState(isInert: true, isTrue: rule.effect == .require)
        }
        let truths = truths(of: use)
        let (low, high) = granted.bits(use.policyIndex)
        let scopes: Bool? = rule.hasScopes(low) ? true : rule.hasScopes(high) ? nil : false
        let signIn = rule.demandsSignIn ? values.signIn(use, chosen, caller) : true
        func open() -> Int? {
            values.openVariable(of: use, chosen, caller, knowsArguments: knowsArguments)
                ?? (scopes == nil ? values.openScope(of: rule, chosen) : nil)
        }
        switch rule.effect {
        case .deny:
            if truths == .isFalse || scopes == false { return RuleState(isInert: true, isTrue: false) }
            if !truths.contains(.isFalse), scopes == true { return RuleState(isTrue: true) }
            return RuleState(open: open())
        case .require, .allow:
            if !truths.contains(.isTrue) { return RuleState(isInert: isAllow, isTrue: false, isUnmet: !isAllow) }
            guard truths == .isTrue else { return RuleState(open: open()) }
            if scopes == true, signIn == true { return RuleState(isTrue: true) }
            // What is lacking may depend on other values.
            let isLacking = scopes == false || signIn == false
            return RuleState(isTrue: isLacking ? false : nil, open: scopes == nil || signIn == nil ? open() : nil)
        }
    }

    private func state(ofSide side: Int, _ granted: Granted) -> Side {
        let policies = rules.sides[side]
        var result = Side()
        var isMet: Bool? = true
        var allows: Bool? = policies.shortFormAllows
        var mayAllow = policies.shortFormAllows
        for use in uses[side] {
            let state = state(of: use, granted)
            if result.open == nil { result.open = state.open }
            switch use.rule.effect {
            case .deny:
                if state.isTrue == true { result.isDenied = true }
                if state.isTrue == nil, isMet == true { isMet = nil }
            case .require:
                if state.isUnmet { result.isDenied = true }
                if state.isTrue == false { isMet = false }
                if state.isTrue == nil, isMet == true { isMet = nil }
            case .allow:
                if !state.isInert { mayAllow = true }
                if state.isTrue == true { allows = true }
                if state.isTrue == nil, allows == false { allows = nil }
            }
        }
        if !mayAllow { result.isDenied = true }
        for (index, policy) in policies.policies.enumerated() where policy.isEnforced {
            let (low, high) = granted.bits(index)
            if policy.hasRequiredScopes(low) { continue }
            if !policy.hasRequiredScopes(high) {
                isMet = false
            } else if isMet == true {
                isMet = nil
            }
            if result.open == nil { result.open = values.openScope(chosen) }
        }
        if result.isDenied || isMet == false || allows == false {
            result.isAllowed = false
        } else if isMet == true, allows == true {
            result.isAllowed = true
        }
        return result
    }

    private func truths(of use: SearchValues.Use) -> TruthSet {
        values.truths(of: use, chosen, caller, knowsArguments: knowsArguments)
    }

    // MARK: Both decisions

    private func compare() -> Outcome {
        let witness = self.witness
        let isDifferent =
            switch question {
            case .isAllowed: (witness.old == .allowed) != (witness.new == .allowed)
            case .whatIsNeeded: witness.old != witness.new
            }
        return isDifferent ? .different(witness) : .same
    }

    /// The request with the chosen values, and the decision of each side.
    private var witness: PolicyWitness {
        var claims = caller.claims
        var arguments: [String: JSON] = [:]
        var scopes: [String] = []
        for (index, variable) in values.variables.enumerated() {
            guard chosen[index] >= 0 else { continue }
            let value = variable.choices[chosen[index]]
            switch variable.kind {
            case .scope(let scope): if value != nil { scopes.append(scope) }
            case .claim(let name): claims[name] = value
            case .argument(let name): arguments[name] = value
            }
        }
        if !scopes.isEmpty { claims["scope"] = .string(scopes.joined(separator: " ")) }
        let isKnown = operation.takesArguments && knowsArguments
        return PolicyWitness(
            rules.sides,
            operation,
            claims: caller.authInfo == nil ? nil : .object(claims),
            arguments: isKnown ? .object(arguments) : nil,
            at: resource,
            now: now
        )
    }
}

/// The scopes that the chosen values grant at the least and at the most, for each policy.
private struct Granted {
    private let low: [ScopeBits]
    private let high: [ScopeBits]

    init(_ policies: [CompiledPolicy], _ caller: SearchCaller, _ chosen: [Int], _ values: SearchValues) {
        var sure: [String] = []
        var possible: [String] = []
        if caller.authInfo != nil {
            for scope in values.scopes {
                if chosen[scope.variable] != 0 { possible.append(scope.name) }
                if chosen[scope.variable] == 1 { sure.append(scope.name) }
            }
        }
        low = policies.map { $0.scopeTable.granted(by: ScopeSet(sure)) }
        high = sure.count == possible.count ? low : policies.map { $0.scopeTable.granted(by: ScopeSet(possible)) }
    }

    func bits(_ policy: Int) -> (ScopeBits, ScopeBits) { (low[policy], high[policy]) }
}
