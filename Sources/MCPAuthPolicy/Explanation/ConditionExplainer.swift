// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Explains the truth of a condition: which part of it decided, and why.
///
/// Every truth comes from the evaluator.
struct ConditionExplainer {
    typealias Part = RuleExplainer.Part

    let values: ConditionValues
    let revealsValues: Bool

    func explain(_ condition: Condition, _ pointer: JSONPointer, _ leaves: inout [RuleFinding.Leaf]) -> Part {
        let truth = condition.evaluate(values)
        switch condition {
        case .all(let conditions):
            let parts = explain(conditions, pointer.appending("all"), &leaves)
            let decisive = truth == .isTrue ? nil : parts.first { $0.truth == truth }
            return decisive ?? Part(truth: truth, pointer: pointer, why: "all of \(parts.count) conditions are true")
        case .any(let conditions):
            let parts = explain(conditions, pointer.appending("any"), &leaves)
            let decisive = truth == .isFalse ? nil : parts.first { $0.truth == truth }
            return decisive ?? Part(truth: truth, pointer: pointer, why: "none of \(parts.count) conditions is true")
        case .not(let inner):
            let part = explain(inner, pointer.appending("not"), &leaves)
            return Part(truth: truth, pointer: part.pointer, why: "not: \(part.why)")
        case .predicate(let leaf):
            leaves.append(RuleFinding.Leaf(pointer: pointer.description, result: truth.result))
            return Part(truth: truth, pointer: pointer, why: words(leaf.reference, leaf.predicate, truth))
        }
    }

    private func explain(
        _ conditions: [Condition],
        _ pointer: JSONPointer,
        _ leaves: inout [RuleFinding.Leaf]
    ) -> [Part] {
        var parts: [Part] = []
        for (index, condition) in conditions.enumerated() {
            parts.append(explain(condition, pointer.appending(String(index)), &leaves))
        }
        return parts
    }

    private func words(_ subject: ValueReference, _ predicate: Predicate, _ truth: Truth) -> String {
        let what = subject.inWords
        guard case .known(let found) = values.value(of: subject) else { return absence(of: subject) }
        guard let value = found else { return "\(what) is missing" }
        switch truth {
        case .isTrue: return "\(what) is \(shown(value)), which matches\(other(predicate))"
        case .isFalse: return "\(what) is \(shown(value)), which does not match\(other(predicate))"
        case .unknown where value.isUnrepresentable: return "\(what) is \(value.kindInWords)"
        case .unknown:
            if let operand = predicate.operand {
                guard case .known(let other) = values.value(of: operand) else { return absence(of: operand) }
                guard other != nil else { return "\(operand.inWords) is missing" }
            }
            let name = predicate.operator.rawValue
            return "\(what) is \(value.kindInWords) (\(shown(value))), and `\(name)` needs \(predicate.expectation)"
        }
    }

    /// Why nothing is known about a value.
    private func absence(of reference: ValueReference) -> String {
        switch reference.key {
        case .claim, .rawClaim:
            if !values.areClaimsUnknown {
                return "\(reference.inWords) is inside a value that cannot be represented"
            }
            return "the caller has no token, so nothing is known about \(reference.inWords)"
        case .argument:
            return "\(reference.inWords) is not known: the arguments of the operation are not given"
        case .capture:
            return "\(reference.inWords) is not known: it can be read in several ways, or no pattern with it matches"
        }
    }

    /// The operand, if it is another value of the request.
    private func other(_ predicate: Predicate) -> String {
        guard let operand = predicate.operand, case .known(let value?) = values.value(of: operand) else {
            return ""
        }
        return " \(operand.inWords), \(shown(value))"
    }

    private func shown(_ value: PolicyValue) -> String {
        revealsValues ? "`\(String(decoding: value.json.encoded(), as: UTF8.self).printable)`" : "<redacted>"
    }
}

extension ValueReference {
    fileprivate var inWords: String {
        switch key {
        case .claim: "the claim `\(text.printable)`"
        case .rawClaim: "the token's own claim `\(text.printable)`"
        case .argument: "the argument `\(text.printable)`"
        case .capture: "the capture `\(text.printable)`"
        }
    }
}

extension PolicyValue {
    fileprivate var kindInWords: String {
        switch self {
        case .view(let value): value.kind.inWords
        case .made(.null): JSONView.Kind.null.inWords
        case .made(.boolean): JSONView.Kind.boolean.inWords
        case .made(.integer), .made(.number): JSONView.Kind.number.inWords
        case .made(.string): JSONView.Kind.string.inWords
        case .made(.array): JSONView.Kind.array.inWords
        case .made(.object): JSONView.Kind.object.inWords
        case .made(.unrepresentable): JSONView.Kind.unrepresentable.inWords
        }
    }
}

extension Predicate {
    /// The kind of value that it needs to be true or false.
    fileprivate var expectation: String {
        switch self {
        case .equals, .isIn: "a value of the type that it is compared with"
        case .contains, .containsAny, .containsAll, .subsetOf: "an array of values of the type that it looks for"
        case .prefix, .suffix, .glob: "a string"
        case .exists, .absent: "nothing"
        case .compare(_, .number): "a number"
        case .compare(_, .time): "a date-time (RFC 3339)"
        case .compared: "two values of types that it compares"
        }
    }
}
