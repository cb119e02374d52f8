// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// What the rules about one operation read, the values worth trying, and the truth of each predicate for them.
struct SearchValues {
    /// A value that the search chooses.
    struct Variable {
        enum Kind: Hashable {
            case scope(String)
            /// A member of the claims.
            case claim(String)
            /// A member of the arguments.
            case argument(String)
        }

        let kind: Kind
        /// The values; `nil` for a missing one.
        var choices: [JSON?]
        /// The choices that some rule tells apart from the others.
        var domain: [Int]
    }

    /// A rule about the operation.
    struct Use {
        let rule: PolicyRule
        let number: Int
        let side: Int
        let policyIndex: Int
        /// Whether only one side has it.
        let isChanged: Bool
        /// Whether both sides have it in another order.
        let isMoved: Bool
        /// The captures of the operation.
        let captures: [KnownValue]
        fileprivate(set) var condition: Node?
        /// The variables of the sign-in that the rule demands.
        fileprivate(set) var signInVariables: [Int] = []
    }

    /// A condition whose predicates are in ``SearchValues/predicates``.
    indirect enum Node {
        case all([Node])
        case any([Node])
        case not(Node)
        case predicate(Int)
    }

    private(set) var variables: [Variable] = []
    private(set) var uses: [[Use]] = [[], []]
    /// The variables that are scopes.
    private(set) var scopes: [(variable: Int, name: String)] = []
    /// The callers that the rules tell apart; `nil` if they are too many.
    let callers: [SearchCaller]?
    /// What cannot be tried; empty if everything can.
    private(set) var gaps: [String] = []
    private var predicates: [PredicateTable] = []
    private var indexes: [Variable.Kind: Int] = [:]
    /// For each rule that demands a sign-in: whether it is met, by the choices of `acr` and `auth_time`.
    private var signIns: [Int: [[Bool]]] = [:]

    /// - Parameter matched: For each side, the rules about the operation with its captures.
    init(_ rules: ComparedRules, _ matched: [[Use]], at resource: ResourceIdentifier, now: NumericDate) {
        uses = matched
        let all = matched.flatMap { $0 }
        var groups = ReferenceGroups()
        for use in all { groups.add(use) }
        callers = SearchCaller.all(for: all, at: resource) { name in groups.texts(at: .claim([name])) }
        addScopes(rules, all)
        // Values that are compared with those of the caller must be able to equal them.
        for name in SearchCaller.claimNames {
            groups.add(.claim([name]), texts: (callers ?? []).compactMap { $0.claims[name]?.string }.uniqued)
        }
        groups.add(.claim(["scope"]), texts: scopes.map(\.name))
        addMembers(groups, all, now)
        var nodes: [Int: Node] = [:]
        for side in uses.indices {
            for index in uses[side].indices {
                let use = uses[side][index]
                if let condition = use.rule.condition, !use.rule.requiresProof {
                    let node = nodes[use.number] ?? node(condition, of: use)
                    nodes[use.number] = node
                    uses[side][index].condition = node
                }
                if use.rule.demandsSignIn {
                    uses[side][index].signInVariables = ["acr", "auth_time"].compactMap { indexes[.claim($0)] }
                    if signIns[use.number] == nil { signIns[use.number] = signInTable(use.rule, now) }
                }
            }
        }
        for variable in variables.indices { variables[variable].domain = distinct(variable) }
    }

    func domain(of variable: Int) -> [Int] { variables[variable].domain }

    // MARK: Variables

    private mutating func add(_ kind: Variable.Kind, _ choices: [JSON?]) {
        indexes[kind] = variables.count
        variables.append(Variable(kind: kind, choices: choices, domain: Array(choices.indices)))
    }

    private mutating func addScopes(_ rules: ComparedRules, _ uses: [Use]) {
        var names = Set(uses.flatMap { Array($0.rule.allScopes) + Array($0.rule.anyScopes) })
        for policy in rules.sides.flatMap(\.policies) {
            names.formUnion(policy.requiredScopes)
            // A scope that implies others differs from these only if it does not imply them everywhere.
            if rules.differInImplications { names.formUnion(policy.scopeTable.implied.keys) }
        }
        for leaf in uses.flatMap({ $0.rule.condition?.leaves ?? [] }) {
            let references = [leaf.reference] + (leaf.predicate.operand.map { [$0] } ?? [])
            guard references.contains(where: { $0.claim?.tokens.first == "scope" }) else { continue }
            names.insert("x")
            names.formUnion(
                leaf.predicate.constants.compactMap(\.string).flatMap { $0.split(separator: " ").map(String.init) }
            )
        }
        for name in names.filter(ScopeSet.isScopeToken).sorted() {
            scopes.append((variables.count, name))
            add(.scope(name), [nil, .string(name)])
        }
    }

    /// One variable for each member of the claims and of the arguments.
    private mutating func addMembers(_ groups: ReferenceGroups, _ uses: [Use], _ now: NumericDate) {
        var groups = groups
        if let ages = uses.compactMap(\.rule.maxAge).uniqued.nonEmpty {
            let seconds = ages.map { now.secondsSinceEpoch - Double($0) } + [now.secondsSinceEpoch + 60]
            groups.add(.claim(["auth_time"]), numbers: seconds.map { .number($0) })
        }
        if let values = uses.compactMap(\.rule.acrValues).joined().map({ $0 }).uniqued.nonEmpty {
            groups.add(.claim(["acr"]), texts: values)
        }
        for (kind, pointers) in groups.members {
            let lists = pointers.map { pointer, choices in
                if !choices.isComplete { gaps.append("the values of \(kind.words) are too many to try all") }
                return (pointer, choices.values)
            }
            let members = MemberChoices(lists)
            if !members.isComplete { gaps.append("the values of \(kind.words) are too many to try all") }
            add(kind, members.values)
        }
    }

    /// The choices of a variable of which no two give every predicate the same truth.
    private func distinct(_ variable: Int) -> [Int] {
        if case .scope = variables[variable].kind { return [1, 0] }
        let own = predicates.filter { $0.first == variable || $0.second == variable }
        // Such a predicate has no truths for its choices alone.
        if !own.allSatisfy(\.hasTruths) {
            return Array(variables[variable].choices.indices)
        }
        let signIns = signIns.sorted { $0.key < $1.key }.map(\.value)
        var seen = Set<[UInt8]>()
        return variables[variable].choices.indices.filter { choice in
            var row = own.flatMap { $0.truths(ofChoice: choice, of: variable) }
            switch variables[variable].kind {
            case .claim("acr"): row += signIns.flatMap { $0[choice] }.map { $0 ? 1 : 0 }
            case .claim("auth_time"): row += signIns.flatMap { $0.map { $0[choice] } }.map { $0 ? 1 : 0 }
            default: break
            }
            return seen.insert(row).inserted
        }
    }

    // MARK: Predicates

    private mutating func node(_ condition: Condition, of use: Use) -> Node {
        switch condition {
        case .all(let parts): return .all(parts.map { node($0, of: use) })
        case .any(let parts): return .any(parts.map { node($0, of: use) })
        case .not(let part): return .not(node(part, of: use))
        case .predicate(let part):
            let table = PredicateTable(part, of: use, variable: index) { variables[$0].choices }
            predicates.append(table)
            return .predicate(predicates.count - 1)
        }
    }

    private func index(of reference: ValueReference) -> Int? {
        guard let name = reference.pointer.tokens.first else { return nil }
        switch reference.key {
        case .capture: return nil
        case .argument: return indexes[.argument(name)]
        case .claim, .rawClaim: return indexes[.claim(name)]
        }
    }

    private func signInTable(_ rule: PolicyRule, _ now: NumericDate) -> [[Bool]] {
        func choices(_ name: String) -> [JSON?] { indexes[.claim(name)].map { variables[$0].choices } ?? [nil] }
        return choices("acr").map { acr in
            choices("auth_time").map { time in
                var claims: [String: JSON] = [:]
                claims["acr"] = acr
                claims["auth_time"] = time
                return rule.hasSignIn(
                    ClaimsView(Claims(payload: JSON.object(claims).encoded(), scopes: [], clientID: nil)),
                    now: now
                )
            }
        }
    }

    // MARK: What chosen values decide

    /// The truths that the condition of a rule may have with the chosen values.
    func truths(of use: Use, _ chosen: [Int], _ caller: SearchCaller, knowsArguments: Bool) -> TruthSet {
        guard !use.rule.requiresProof else { return .isFalse }
        guard let node = use.condition else { return .isTrue }
        return truths(node) { self.truths(of: predicates[$0], chosen, caller, knowsArguments) }
    }

    private func truths(_ node: Node, _ leaf: (Int) -> TruthSet) -> TruthSet {
        switch node {
        case .all(let parts): parts.reduce(.isTrue) { $0.and(truths($1, leaf)) }
        case .any(let parts): parts.reduce(.isFalse) { $0.or(truths($1, leaf)) }
        case .not(let part): truths(part, leaf).negated
        case .predicate(let index): leaf(index)
        }
    }

    private func truths(
        of table: PredicateTable,
        _ chosen: [Int],
        _ caller: SearchCaller,
        _ knowsArguments: Bool
    ) -> TruthSet {
        if table.readsArguments, !knowsArguments { return .unknown }
        let hasNoClaims = caller.authInfo == nil && table.readsClaims
        if hasNoClaims, table.isOfAllow { return .unknown }
        guard !table.hasTruths else {
            return table.truths { variable in
                // The first choice of a member is the missing one.
                if hasNoClaims, case .claim = variables[variable].kind { return 0 }
                return chosen[variable]
            }
        }
        guard open(table, chosen, caller) == nil else { return table.all }
        return TruthSet(table.truth { member(of: $0, chosen, caller) })
    }

    /// The member of the claims or the arguments that a reference reads, of a caller with a token or of one without.
    private func member(of reference: ValueReference, _ chosen: [Int], _ caller: SearchCaller) -> JSON? {
        let name = reference.pointer.tokens.first ?? ""
        if reference.claim != nil {
            guard caller.authInfo != nil else { return nil }
            if SearchCaller.claimNames.contains(name) { return caller.claims[name] }
            if name == "scope" {
                let held = scopes.filter { chosen[$0.variable] == 1 }.map(\.name)
                if reference.key == .claim { return .array(held.map(JSON.string)) }
                return held.isEmpty ? nil : .string(held.joined(separator: " "))
            }
        }
        return index(of: reference).flatMap { variables[$0].choices[chosen[$0]] }
    }

    /// Whether the sign-in of the chosen values satisfies the rule; `nil` if that depends on other values.
    func signIn(_ use: Use, _ chosen: [Int], _ caller: SearchCaller) -> Bool? {
        guard let table = signIns[use.number] else { return true }
        guard caller.authInfo != nil else { return false }
        func rows(_ name: String) -> [Int] {
            guard let variable = indexes[.claim(name)] else { return [0] }
            return chosen[variable] >= 0 ? [chosen[variable]] : variables[variable].domain
        }
        var found = Set<Bool>()
        for acr in rows("acr") { for time in rows("auth_time") { found.insert(table[acr][time]) } }
        return found.count == 1 ? found.first : nil
    }

    // MARK: Open variables

    /// A variable that the rule reads and that has no value yet.
    func openVariable(of use: Use, _ chosen: [Int], _ caller: SearchCaller, knowsArguments: Bool) -> Int? {
        if let node = use.condition,
            !truths(of: use, chosen, caller, knowsArguments: knowsArguments).isOne,
            let open = open(node, chosen, caller, knowsArguments)
        {
            return open
        }
        return caller.authInfo == nil ? nil : use.signInVariables.first { chosen[$0] < 0 }
    }

    private func open(_ node: Node, _ chosen: [Int], _ caller: SearchCaller, _ knowsArguments: Bool) -> Int? {
        switch node {
        case .all(let parts), .any(let parts):
            for part in parts { if let open = open(part, chosen, caller, knowsArguments) { return open } }
            return nil
        case .not(let part): return open(part, chosen, caller, knowsArguments)
        case .predicate(let index):
            let truths = truths(of: predicates[index], chosen, caller, knowsArguments)
            return truths.isOne ? nil : open(predicates[index], chosen, caller)
        }
    }

    /// Without a token, claims and scopes need no values.
    private func open(_ table: PredicateTable, _ chosen: [Int], _ caller: SearchCaller) -> Int? {
        let hasToken = caller.authInfo != nil
        let own = [table.first, table.second].compactMap { $0 }.first { variable in
            chosen[variable] < 0 && (hasToken || variables[variable].kind.isArgument)
        }
        return own ?? (hasToken && table.readsScopes ? openScope(chosen) : nil)
    }

    /// A scope of the rule, else any scope, that is not decided yet.
    func openScope(of rule: PolicyRule, _ chosen: [Int]) -> Int? {
        let named = Set(rule.allScopes).union(rule.anyScopes)
        return scopes.first { named.contains($0.name) && chosen[$0.variable] < 0 }?.variable ?? openScope(chosen)
    }

    func openScope(_ chosen: [Int]) -> Int? { scopes.first { chosen[$0.variable] < 0 }?.variable }
}

extension SearchValues.Variable.Kind {
    var isArgument: Bool {
        if case .argument = self { return true }
        return false
    }

    /// For messages.
    var words: String {
        switch self {
        case .scope(let name): "the scope `\(name)`"
        case .claim(let name): "the claim `\(name)`"
        case .argument(let name): "the argument `\(name)`"
        }
    }
}

extension Array {
    /// `nil` for an empty array.
    fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}
