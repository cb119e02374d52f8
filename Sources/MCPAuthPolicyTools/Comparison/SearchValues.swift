// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// The truths that a condition may have.
struct TruthSet: OptionSet {
    let rawValue: UInt8

    static let isTrue = TruthSet(rawValue: 1)
    static let isFalse = TruthSet(rawValue: 2)
    static let unknown = TruthSet(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ truth: Truth) {
        self =
            switch truth {
            case .isTrue: .isTrue
            case .isFalse: .isFalse
            case .unknown: .unknown
            }
    }

    var negated: TruthSet {
        TruthSet(rawValue: (rawValue & 1) << 1 | (rawValue & 2) >> 1 | rawValue & 4)
    }

    /// The truths of a conjunction of independent parts.
    func and(_ other: TruthSet) -> TruthSet {
        var result = intersection(other).intersection([.isTrue])
        if contains(.isFalse) || other.contains(.isFalse) { result.insert(.isFalse) }
        let known: TruthSet = [.isTrue]
        if contains(.unknown), !other.intersection(known.union(.unknown)).isEmpty { result.insert(.unknown) }
        if other.contains(.unknown), !intersection(known.union(.unknown)).isEmpty { result.insert(.unknown) }
        return result
    }

    func or(_ other: TruthSet) -> TruthSet { negated.and(other.negated).negated }
}

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

    /// A predicate with its truth for all choices of the variables that it reads.
    fileprivate struct Leaf {
        let subject: ValueReference
        let predicate: Predicate
        let captures: [KnownValue]
        let isOfAllow: Bool
        /// The variables of the subject and the operand; `nil` for what is not a variable.
        let first: Int?
        let second: Int?
        /// Whether it reads all scopes, or `iss`, `sub` or `client_id`, and so has no table.
        let readsCaller: Bool
        let readsScopes: Bool
        let readsArguments: Bool
        let readsClaims: Bool
        /// The truths, by the choice of `first` and then of `second`.
        var table: [[Truth]] = []
        /// All truths in the table.
        var all: TruthSet = []
    }

    private(set) var variables: [Variable] = []
    private(set) var uses: [[Use]] = [[], []]
    /// The variables that are scopes.
    private(set) var scopes: [(variable: Int, name: String)] = []
    /// What cannot be tried; empty if everything can.
    private(set) var gaps: [String] = []
    private var leaves: [Leaf] = []
    private var indexes: [Variable.Kind: Int] = [:]
    /// For each rule that demands a sign-in: whether it is met, by the choices of `acr` and `auth_time`.
    private var signIns: [Int: [[Bool]]] = [:]

    /// - Parameter matched: For each side, the rules about the operation with its captures.
    init(_ rules: ComparedRules, _ matched: [[Use]], now: NumericDate) {
        uses = matched
        let all = matched.flatMap { $0 }
        addScopes(rules, all)
        addMembers(all, now)
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
        for leaf in uses.flatMap({ $0.rule.condition?.leaves ?? [] })
        where leaf.reference.claim?.tokens.first == "scope" {
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
    private mutating func addMembers(_ uses: [Use], _ now: NumericDate) {
        var groups = ReferenceGroups()
        for use in uses { groups.add(use) }
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
        let own = leaves.filter { $0.first == variable || $0.second == variable }
        let name: String? = if case .claim(let name) = variables[variable].kind { name } else { nil }
        let tables = name == "acr" || name == "auth_time" ? Array(signIns.sorted { $0.key < $1.key }.map(\.value)) : []
        if case .scope = variables[variable].kind { return [1, 0] }
        // Such a predicate has no table.
        if own.contains(where: { $0.readsCaller || $0.readsScopes }) {
            return Array(variables[variable].choices.indices)
        }
        var seen = Set<[UInt8]>()
        return variables[variable].choices.indices.filter { choice in
            var row: [UInt8] = []
            for leaf in own {
                if leaf.first == variable {
                    row += leaf.table[choice].map { TruthSet($0).rawValue }
                } else {
                    row += leaf.table.map { TruthSet($0[choice]).rawValue }
                }
            }
            for table in tables {
                row += (name == "acr" ? table[choice] : table.map { $0[choice] }).map { $0 ? 1 : 0 }
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
            leaves.append(leaf(part.reference, part.predicate, of: use))
            return .predicate(leaves.count - 1)
        }
    }

    private func leaf(_ subject: ValueReference, _ predicate: Predicate, of use: Use) -> Leaf {
        let references = [subject] + (predicate.operand.map { [$0] } ?? [])
        let claims = references.compactMap { $0.claim?.tokens.first }
        var first = index(of: subject)
        var second = predicate.operand.flatMap(index)
        if first == nil { swap(&first, &second) }
        if first == second { second = nil }
        var leaf = Leaf(
            subject: subject,
            predicate: predicate,
            captures: use.captures,
            isOfAllow: use.rule.effect == .allow,
            first: first,
            second: second,
            readsCaller: claims.contains { SearchCaller.claimNames.contains($0) },
            readsScopes: claims.contains("scope"),
            readsArguments: references.contains { $0.key == .argument },
            readsClaims: !claims.isEmpty
        )
        let rows = first.map { variables[$0].choices } ?? [nil]
        let columns = second.map { variables[$0].choices } ?? [nil]
        guard !leaf.readsCaller, !leaf.readsScopes else {
            leaf.table = rows.map { _ in columns.map { _ in .unknown } }
            leaf.all = [.isTrue, .isFalse, .unknown]
            return leaf
        }
        leaf.table = rows.map { row in
            columns.map { column in
                truth(of: leaf) { reference in
                    guard let variable = index(of: reference) else { return nil }
                    return variable == first ? row : column
                }
            }
        }
        leaf.all = leaf.table.joined().reduce(into: []) { $0.formUnion(TruthSet($1)) }
        return leaf
    }

    private func index(of reference: ValueReference) -> Int? {
        guard let name = reference.pointer.tokens.first else { return nil }
        switch reference.key {
        case .capture: return nil
        case .argument: return indexes[.argument(name)]
        case .claim, .rawClaim: return indexes[.claim(name)]
        }
    }

    /// The truth of a predicate.
    ///
    /// - Parameter member: The member of the claims or the arguments that a reference reads.
    private func truth(of leaf: Leaf, _ member: (ValueReference) -> JSON?) -> Truth {
        func value(_ reference: ValueReference) -> KnownValue {
            guard reference.key != .capture else {
                return leaf.captures.indices.contains(reference.index) ? leaf.captures[reference.index] : .unknown
            }
            let value = reference.pointer.tokens.dropFirst().reduce(member(reference)) { $0?[$1] }
            return .known(value.map(PolicyValue.made))
        }
        return leaf.predicate.truth(
            of: leaf.subject,
            value(leaf.subject),
            operand: leaf.predicate.operand.map(value) ?? .unknown
        )
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
        return truths(node) { self.truths(ofLeaf: leaves[$0], chosen, caller, knowsArguments) }
    }

    private func truths(_ node: Node, _ leaf: (Int) -> TruthSet) -> TruthSet {
        switch node {
        case .all(let parts): parts.reduce(.isTrue) { $0.and(truths($1, leaf)) }
        case .any(let parts): parts.reduce(.isFalse) { $0.or(truths($1, leaf)) }
        case .not(let part): truths(part, leaf).negated
        case .predicate(let index): leaf(index)
        }
    }

    private func truths(ofLeaf leaf: Leaf, _ chosen: [Int], _ caller: SearchCaller, _ knowsArguments: Bool) -> TruthSet
    {
        if leaf.readsArguments, !knowsArguments { return .unknown }
        if caller.authInfo == nil, leaf.readsClaims {
            if leaf.isOfAllow { return .unknown }
            return table(of: leaf, chosen, claimsAreMissing: true)
        }
        guard leaf.readsCaller || leaf.readsScopes else { return table(of: leaf, chosen, claimsAreMissing: false) }
        guard open(leaf, chosen) == nil else { return leaf.all }
        let truth = truth(of: leaf) { reference in
            let name = reference.pointer.tokens.first ?? ""
            if reference.claim != nil, SearchCaller.claimNames.contains(name) { return caller.claims[name] }
            if reference.claim != nil, name == "scope" {
                let held = scopes.filter { chosen[$0.variable] == 1 }.map(\.name)
                if reference.key == .claim { return .array(held.map(JSON.string)) }
                return held.isEmpty ? nil : .string(held.joined(separator: " "))
            }
            return index(of: reference).flatMap { variables[$0].choices[chosen[$0]] }
        }
        return TruthSet(truth)
    }

    /// The truths in the table of a predicate that are left.
    ///
    /// The first choice of a member is the missing one.
    private func table(of leaf: Leaf, _ chosen: [Int], claimsAreMissing: Bool) -> TruthSet {
        func choice(_ variable: Int?) -> Int {
            guard let variable else { return 0 }
            if claimsAreMissing, case .claim = variables[variable].kind { return 0 }
            return chosen[variable]
        }
        let (row, column) = (choice(leaf.first), choice(leaf.second))
        if row >= 0, column >= 0 { return TruthSet(leaf.table[row][column]) }
        if row >= 0 { return leaf.table[row].reduce(into: []) { $0.formUnion(TruthSet($1)) } }
        if column >= 0, leaf.second != nil {
            return leaf.table.reduce(into: []) { $0.formUnion(TruthSet($1[column])) }
        }
        return leaf.all
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
            truths(of: use, chosen, caller, knowsArguments: knowsArguments).rawValue.nonzeroBitCount > 1,
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
            let truths = truths(ofLeaf: leaves[index], chosen, caller, knowsArguments)
            return truths.rawValue.nonzeroBitCount > 1 ? open(leaves[index], chosen) : nil
        }
    }

    private func open(_ leaf: Leaf, _ chosen: [Int]) -> Int? {
        let own = [leaf.first, leaf.second].compactMap { $0 }.first { chosen[$0] < 0 }
        return own ?? (leaf.readsScopes ? openScope(chosen) : nil)
    }

    /// A scope of the rule, else any scope, that is not decided yet.
    func openScope(of rule: PolicyRule, _ chosen: [Int]) -> Int? {
        let named = Set(rule.allScopes).union(rule.anyScopes)
        return scopes.first { named.contains($0.name) && chosen[$0.variable] < 0 }?.variable ?? openScope(chosen)
    }

    func openScope(_ chosen: [Int]) -> Int? { scopes.first { chosen[$0.variable] < 0 }?.variable }
}

extension Array {
    /// `nil` for an empty array.
    fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}
