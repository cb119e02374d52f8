// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// A value that a condition reads.
package enum KnownValue: Sendable {
    /// The value; `nil` if it is missing.
    case known(PolicyValue?)
    /// It may be missing, or present with any value.
    case unknown
}

/// The values that the conditions of one rule read, for one caller and one message.
struct ConditionValues {
    /// The claims of the caller; without a token, there are none.
    var claims: ClaimsView
    /// Whether nothing is known about claims, as for rules that allow and a caller without a token.
    ///
    /// For rules that deny or require, the claims of such a caller are missing.
    var areClaimsUnknown: Bool
    var arguments: ArgumentValues
    /// The captures of the rule, by their positions in its ``CaptureTable``.
    var captures: [KnownValue]
    /// Whether captures of paths that differ only in case are equal for the host, which then counts against the caller.
    var ignoresCaseOfCaptures = false
    /// The truth of predicates on arguments, if the question is what a caller could do with some arguments; it is the
    /// opposite inside `not`.
    var assumedOfArguments: Bool?

    /// The same values inside `not`.
    var negated: ConditionValues {
        var values = self
        values.assumedOfArguments = assumedOfArguments.map { !$0 }
        return values
    }

    /// The truth of a predicate for its subject.
    func truth(of leaf: Condition.Leaf) -> Truth {
        if let assumedOfArguments, leaf.readsArgument { return Truth(assumedOfArguments) }
        guard case .known(let value) = self.value(of: leaf.reference) else { return .unknown }
        guard let operand = leaf.predicate.operand else { return truth(of: leaf.predicate, leaf, value) }
        guard let compared = leaf.predicate.comparing(with: self.value(of: operand)) else { return .unknown }
        return truth(of: compared, leaf, value)
    }

    private func truth(of predicate: Predicate, _ leaf: Condition.Leaf, _ value: PolicyValue?) -> Truth {
        let truth = predicate.evaluate(value, isSetValued: leaf.reference.isSetValued)
        guard ignoresCaseOfCaptures, leaf.readsCapture else { return truth }
        let folded = predicate.caseFolded.evaluate(value?.caseFolded, isSetValued: leaf.reference.isSetValued)
        return truth == folded ? truth : .unknown
    }

    /// The value of a reference.
    func value(of reference: ValueReference) -> KnownValue {
        switch reference.key {
        case .argument: return arguments[reference.index]
        case .capture: return captures.indices.contains(reference.index) ? captures[reference.index] : .unknown
        case .claim, .rawClaim:
            if areClaimsUnknown { return .unknown }
            let isRaw = reference.key == .rawClaim
            let value = isRaw ? claims.rawClaim(at: reference.pointer) : claims.claim(at: reference.pointer)
            // A claim inside a value that cannot be represented may be present or absent.
            if value == nil, claims.isHidden(at: reference.pointer, raw: isRaw) { return .unknown }
            return .known(value)
        }
    }
}

extension PolicyValue {
    /// The value with the case of all strings folded.
    fileprivate var caseFolded: PolicyValue { .made(json.caseFolded) }
}

extension JSON {
    /// The value with the case of all strings folded, as hosts that ignore case in paths do.
    fileprivate var caseFolded: JSON {
        switch self {
        case .string(let text): .string(RequestPath.caseFolded(text))
        case .array(let elements): .array(elements.map(\.caseFolded))
        default: self
        }
    }
}

extension Predicate {
    /// The same predicate with the case of its operand folded.
    fileprivate var caseFolded: Predicate {
        switch self {
        case .equals(let value): .equals(value.caseFolded)
        case .isIn(let values): .isIn(values.map(\.caseFolded))
        case .contains(let value): .contains(value.caseFolded)
        case .containsAny(let values): .containsAny(values.map(\.caseFolded))
        case .containsAll(let values): .containsAll(values.map(\.caseFolded))
        case .subsetOf(let values): .subsetOf(values.map(\.caseFolded))
        case .prefix(let text): .prefix(RequestPath.caseFolded(text))
        case .suffix(let text): .suffix(RequestPath.caseFolded(text))
        case .glob(let glob): .glob(Glob(RequestPath.caseFolded(glob.pattern), .name))
        case .exists, .absent, .compare, .compared: self
        }
    }
}
