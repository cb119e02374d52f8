// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A condition on the claims of a token and on what the request says.
///
/// Evaluation always has a result. A predicate on a missing or wrongly typed value is unknown, except `exists` and
/// `absent`. Every predicate is unknown for a value that is not known: inside one that cannot be represented, or not
/// seen at all.
package indirect enum Condition: Sendable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case predicate(Leaf)

    /// A predicate with its subject; a class, so that evaluation copies one reference.
    package final class Leaf: Sendable {
        package let reference: ValueReference
        package let predicate: Predicate
        /// Whether the value or the operand is an argument, and whether one is a capture.
        let readsArgument: Bool
        let readsCapture: Bool

        init(_ reference: ValueReference, _ predicate: Predicate) {
            self.reference = reference
            self.predicate = predicate
            let keys = [reference.key, predicate.operand?.key]
            readsArgument = keys.contains(.argument)
            readsCapture = keys.contains(.capture)
        }
    }

    func evaluate(_ values: ConditionValues) -> Truth {
        switch self {
        case .all(let conditions): .all(conditions) { $0.evaluate(values) }
        case .any(let conditions): .any(conditions) { $0.evaluate(values) }
        case .not(let condition):
            (values.assumedOfArguments == nil ? condition.evaluate(values) : condition.evaluate(values.negated)).negated
        case .predicate(let leaf): values.truth(of: leaf)
        }
    }

    /// The truth of a condition that is the same for all requests; `nil` when it depends on them.
    var constantTruth: Truth? {
        switch self {
        case .all(let conditions):
            let truths = conditions.map(\.constantTruth)
            if truths.contains(.isFalse) { return .isFalse }
            return truths.allSatisfy { $0 == .isTrue } ? .isTrue : nil
        case .any(let conditions):
            let truths = conditions.map(\.constantTruth)
            if truths.contains(.isTrue) { return .isTrue }
            return truths.allSatisfy { $0 == .isFalse } ? .isFalse : nil
        case .not(let condition): return condition.constantTruth?.negated
        case .predicate: return nil
        }
    }

    /// False when no values make the condition true; not every such condition is recognised.
    var canBeTrue: Bool {
        guard constantTruth != .isFalse else { return false }
        switch self {
        case .all(let conditions): return conditions.allSatisfy(\.canBeTrue) && !Self.contradict(conditions)
        case .any(let conditions): return conditions.contains(where: \.canBeTrue)
        case .not, .predicate: return true
        }
    }

    /// Whether the conditions need one value to be both present and absent.
    private static func contradict(_ conditions: [Condition]) -> Bool {
        var absent = Set<ValueReference>()
        var present = Set<ValueReference>()
        for case .predicate(let leaf) in conditions where leaf.reference.key != .rawClaim {
            if leaf.predicate.operator == .absent {
                absent.insert(leaf.reference)
            } else {
                present.insert(leaf.reference)
            }
        }
        return !absent.isDisjoint(with: present)
    }

    /// Every predicate with its subject.
    package var leaves: [Leaf] {
        switch self {
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.leaves)
        case .not(let condition): condition.leaves
        case .predicate(let leaf): [leaf]
        }
    }

    /// Every value that is read, as subject or operand.
    package var references: [ValueReference] {
        leaves.flatMap { leaf in [leaf.reference] + (leaf.predicate.operand.map { [$0] } ?? []) }
    }

    /// The same condition, whose arguments have their slots in the table of the policy.
    func resolved(in arguments: inout ArgumentTable) -> Condition {
        switch self {
        case .all(let conditions): return .all(conditions.map { $0.resolved(in: &arguments) })
        case .any(let conditions): return .any(conditions.map { $0.resolved(in: &arguments) })
        case .not(let condition): return .not(condition.resolved(in: &arguments))
        case .predicate(let leaf):
            let subject = leaf.reference.resolved(in: &arguments)
            guard case .compared(let name, let operand) = leaf.predicate else {
                return .predicate(Leaf(subject, leaf.predicate))
            }
            return .predicate(Leaf(subject, .compared(name, to: operand.resolved(in: &arguments))))
        }
    }
}
