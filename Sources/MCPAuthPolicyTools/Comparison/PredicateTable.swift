// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A predicate of a rule, with its truth for all choices of the variables that it reads.
struct PredicateTable {
    /// Whether it belongs to a rule that allows.
    let isOfAllow: Bool
    /// The variables of the subject and the operand; `nil` for what is not a variable.
    let first: Int?
    let second: Int?
    /// Whether it has a truth for each choice.
    ///
    /// It has none if it reads `iss`, `sub` or `client_id`, or all scopes, or if
    /// the choices are too many.
    let hasTruths: Bool
    let readsCaller: Bool
    let readsScopes: Bool
    let readsArguments: Bool
    let readsClaims: Bool
    private let leaf: Condition.Leaf
    private let captures: [KnownValue]
    /// The truths, by the choice of `first` and then of `second`.
    private var rows: [[Truth]] = []
    /// All truths that it may have.
    private(set) var all: TruthSet = [.isTrue, .isFalse, .unknown]

    private static let mostTruths = 65_536

    /// - Parameters:
    ///   - variable: The variable that a reference reads.
    ///   - choices: The choices of a variable.
    init(
        _ leaf: Condition.Leaf,
        of use: SearchValues.Use,
        variable: (ValueReference) -> Int?,
        choices: (Int) -> [JSON?]
    ) {
        let references = [leaf.reference] + (leaf.predicate.operand.map { [$0] } ?? [])
        let claims = references.compactMap { $0.claim?.tokens.first }
        let variables = references.compactMap(variable).uniqued
        self.leaf = leaf
        captures = use.captures
        isOfAllow = use.rule.effect == .allow
        first = variables.first
        second = variables.dropFirst().first
        readsCaller = claims.contains { SearchCaller.claimNames.contains($0) }
        readsScopes = claims.contains("scope")
        readsArguments = references.contains { $0.key == .argument }
        readsClaims = !claims.isEmpty
        let columns = second.map(choices) ?? [nil]
        let first = first
        let choices = first.map(choices) ?? [nil]
        hasTruths = !readsCaller && !readsScopes && choices.count * columns.count <= Self.mostTruths
        guard hasTruths else { return }
        rows = choices.map { row in
            columns.map { column in truth { variable($0).flatMap { $0 == first ? row : column } } }
        }
        all = rows.joined().reduce(into: []) { $0.formUnion(TruthSet($1)) }
    }

    /// The truth.
    ///
    /// - Parameter member: The member of the claims or the arguments that a reference reads.
    func truth(_ member: (ValueReference) -> JSON?) -> Truth {
        func value(_ reference: ValueReference) -> KnownValue {
            guard reference.key != .capture else {
                return captures.indices.contains(reference.index) ? captures[reference.index] : .unknown
            }
            let value = reference.pointer.tokens.dropFirst().reduce(member(reference)) { $0?[$1] }
            return .known(value.map(PolicyValue.made))
        }
        return leaf.predicate.truth(
            of: leaf.reference,
            value(leaf.reference),
            operand: leaf.predicate.operand.map(value) ?? .unknown
        )
    }

    /// The truths that are left.
    ///
    /// - Parameter choice: The choice of a variable; -1 if none is made.
    func truths(_ choice: (Int) -> Int) -> TruthSet {
        let (row, column) = (first.map(choice) ?? 0, second.map(choice) ?? 0)
        switch (row >= 0, column >= 0) {
        case (true, true): return TruthSet(rows[row][column])
        case (true, false): return rows[row].reduce(into: []) { $0.formUnion(TruthSet($1)) }
        case (false, true): return rows.reduce(into: []) { $0.formUnion(TruthSet($1[column])) }
        case (false, false): return all
        }
    }

    /// The truths for one choice of a variable that it reads.
    func truths(ofChoice choice: Int, of variable: Int) -> [UInt8] {
        let truths = variable == first ? rows[choice] : rows.map { $0[choice] }
        return truths.map { TruthSet($0).rawValue }
    }
}
