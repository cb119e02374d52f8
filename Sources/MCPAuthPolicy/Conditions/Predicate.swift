// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// A test of one value: an operator with its operand.
package enum Predicate: Sendable {
    /// The operators, as written in a policy.
    package enum Operator: String, Sendable, CaseIterable {
        case equals
        case isIn = "in"
        case contains
        case containsAny = "contains_any"
        case containsAll = "contains_all"
        case subsetOf = "subset_of"
        case prefix
        case suffix
        case glob
        case exists
        case absent
        case lessThan = "lt"
        case atMost = "lte"
        case greaterThan = "gt"
        case atLeast = "gte"

        /// The comparison of numbers and times; `nil` for the other operators.
        var comparison: Comparison? {
            switch self {
            case .lessThan: .lessThan
            case .atMost: .atMost
            case .greaterThan: .greaterThan
            case .atLeast: .atLeast
            default: nil
            }
        }

        /// Whether the operand may be another value of the request in place of a constant.
        package var takesValue: Bool { ![.glob, .exists, .absent].contains(self) }
    }

    case equals(JSON)
    case isIn([JSON])
    case contains(JSON)
    case containsAny([JSON])
    case containsAll([JSON])
    case subsetOf([JSON])
    case prefix(String)
    case suffix(String)
    case glob(Glob)
    case exists
    case absent
    case compare(Comparison, Bound)
    /// Any of these with another value of the request as operand.
    indirect case compared(Operator, to: ValueReference)

    package enum Comparison: Sendable {
        case lessThan
        case atMost
        case greaterThan
        case atLeast

        func holds<Number: Comparable>(_ left: Number, _ right: Number) -> Bool {
            switch self {
            case .lessThan: left < right
            case .atMost: left <= right
            case .greaterThan: left > right
            case .atLeast: left >= right
            }
        }
    }

    /// The operand of a comparison; the result is unknown for a value of another kind.
    package enum Bound: Sendable {
        case number(JSON)
        /// A date-time (RFC 3339), in seconds since the epoch.
        case time(Double)
    }

    /// The predicate of an operator with a value of the request as operand.
    ///
    /// `nil` if the operator does not take this value: it is `null`, an object, an empty list, or of a type that the
    /// operator does not compare. The result is then unknown.
    ///
    /// - Parameter isSetValued: Whether a string counts as an array of that string.
    init?(_ name: Operator, _ operand: PolicyValue, isSetValued: Bool) {
        switch name {
        case .equals: self.init(operand.scalar.map(Predicate.equals))
        case .contains: self.init(operand.scalar.map(Predicate.contains))
        case .isIn: self.init(operand.scalars(isSetValued).map(Predicate.isIn))
        case .containsAny: self.init(operand.scalars(isSetValued).map(Predicate.containsAny))
        case .containsAll: self.init(operand.scalars(isSetValued).map(Predicate.containsAll))
        case .subsetOf: self.init(operand.scalars(isSetValued).map(Predicate.subsetOf))
        // Every text has the empty text as a prefix.
        case .prefix: self.init(operand.text.flatMap { $0.isEmpty ? nil : Predicate.prefix($0) })
        case .suffix: self.init(operand.text.flatMap { $0.isEmpty ? nil : Predicate.suffix($0) })
        case .lessThan, .atMost, .greaterThan, .atLeast:
            guard let comparison = name.comparison, let bound = Bound(operand) else { return nil }
            self = .compare(comparison, bound)
        case .glob, .exists, .absent: return nil
        }
    }

    private init?(_ predicate: Predicate?) {
        guard let predicate else { return nil }
        self = predicate
    }

    package var `operator`: Operator {
        switch self {
        case .equals: .equals
        case .isIn: .isIn
        case .contains: .contains
        case .containsAny: .containsAny
        case .containsAll: .containsAll
        case .subsetOf: .subsetOf
        case .prefix: .prefix
        case .suffix: .suffix
        case .glob: .glob
        case .exists: .exists
        case .absent: .absent
        case .compare(.lessThan, _): .lessThan
        case .compare(.atMost, _): .atMost
        case .compare(.greaterThan, _): .greaterThan
        case .compare(.atLeast, _): .atLeast
        case .compared(let name, _): name
        }
    }

    /// The value of the request that is the operand; `nil` for a constant.
    package var operand: ValueReference? {
        if case .compared(_, let operand) = self { return operand }
        return nil
    }

    /// A predicate with this value as its operand; `nil` if the value is not known, missing, or of a wrong type.
    func comparing(with operand: KnownValue) -> Predicate? {
        guard case .compared(let name, let reference) = self, case .known(let value?) = operand else { return nil }
        return Predicate(name, value, isSetValued: reference.isSetValued)
    }

    /// The truth for a value of `subject`, and one of the operand if that is a value of the request.
    ///
    /// For tools that try values; a request is decided by ``Condition``.
    package func truth(of subject: ValueReference, _ value: KnownValue, operand: KnownValue) -> Truth {
        guard case .known(let value) = value else { return .unknown }
        let predicate = self.operand == nil ? self : comparing(with: operand)
        return predicate?.evaluate(value, isSetValued: subject.isSetValued) ?? .unknown
    }

    /// - Parameter value: `nil` if it is missing.
    func evaluate(_ value: PolicyValue?, isSetValued: Bool) -> Truth {
        switch self {
        case .exists: return Truth(value != nil)
        case .absent: return Truth(value == nil)
        default: break
        }
        guard let value else { return .unknown }
        switch self {
        case .exists, .absent, .compared: return .unknown
        case .equals(let constant): return Truth(value.equals(constant))
        case .isIn(let constants): return Self.isOne(value, of: constants)
        case .contains(let constant):
            return Self.any(value, isSetValued) { Truth($0.equals(constant)) }
        case .containsAny(let constants):
            let isAmong = ScalarSet.membership(in: constants, for: value)
            return Self.any(value, isSetValued, isAmong)
        case .containsAll(let constants):
            return ScalarSet.containsAll(constants, of: value)
                ?? .all(constants) { constant in Self.any(value, isSetValued) { Truth($0.equals(constant)) } }
        case .subsetOf(let constants):
            return Self.all(value, isSetValued, ScalarSet.membership(in: constants, for: value))
        case .prefix(let text): return Truth(value.text?.utf8.starts(with: text.utf8))
        case .suffix(let text): return Truth(value.text.map { $0.utf8.reversed().starts(with: text.utf8.reversed()) })
        case .glob(let glob): return Truth(value.text.map(glob.matches))
        case .compare(let comparison, .number(let bound)):
            return Truth(value.compare(comparison, bound))
        case .compare(let comparison, .time(let bound)):
            return Truth(value.text.flatMap(Timestamp.seconds).map { comparison.holds($0, bound) })
        }
    }

    /// True when a constant equals the value; unknown when all constants have another type than the value.
    private static func isOne(_ value: PolicyValue, of constants: [JSON]) -> Truth {
        var result = constants.isEmpty ? Truth.isFalse : .unknown
        for constant in constants {
            switch value.equals(constant) {
            case true?: return .isTrue
            case false?: result = .isFalse
            case nil: break
            }
        }
        return result
    }

    /// Whether `truth` is true for any element; unknown for a value that is not a set.
    ///
    /// If no element makes it true, an element of another type makes it unknown, so that `not` does not turn a
    /// malformed claim into a grant.
    private static func any(_ value: PolicyValue, _ isSetValued: Bool, _ truth: (PolicyValue) -> Truth) -> Truth {
        guard let count = value.elementCount else { return isSetValued && value.isText ? truth(value) : .unknown }
        return .any(0..<count) { value.element($0).map(truth) ?? .unknown }
    }

    private static func all(_ value: PolicyValue, _ isSetValued: Bool, _ truth: (PolicyValue) -> Truth) -> Truth {
        guard let count = value.elementCount else { return isSetValued && value.isText ? truth(value) : .unknown }
        return .all(0..<count) { value.element($0).map(truth) ?? .unknown }
    }
}

extension Predicate.Bound {
    /// The bound that a value of the request is; `nil` for neither a number nor a date-time.
    init?(_ value: PolicyValue) {
        if value.number != nil {
            self = .number(value.json)
        } else if let time = value.text.flatMap(Timestamp.seconds) {
            self = .time(time)
        } else {
            return nil
        }
    }
}

extension PolicyValue {
    /// The value as an operand; `nil` unless it is a string, a number or a boolean.
    fileprivate var scalar: JSON? {
        let value = json
        return switch value {
        case .string, .boolean, .integer, .number: value
        case .null, .array, .object, .unrepresentable: nil
        }
    }

    /// The elements as operands; `nil` for an empty list, one with other elements than scalars, and other values.
    fileprivate func scalars(_ isSetValued: Bool) -> [JSON]? {
        if isSetValued, isText { return scalar.map { [$0] } }
        guard let count = elementCount, (1...ArgumentTable.mostElements).contains(count) else { return nil }
        let elements = (0..<count).compactMap { element($0)?.scalar }
        return elements.count == count ? elements : nil
    }

    /// Compares with a number; `nil` for a value that is not a number.
    ///
    /// Integers are compared as integers, so that large ones are not rounded.
    fileprivate func compare(_ comparison: Predicate.Comparison, _ bound: JSON) -> Bool? {
        if let integer, case .integer(let other) = bound { return comparison.holds(integer, other) }
        guard let number, let other = bound.double else { return nil }
        return comparison.holds(number, other)
    }
}
