// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// A test of one claim: an operator with its operand.
package enum Predicate: Sendable {
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

    package enum Comparison: String, Sendable, CaseIterable {
        case lessThan = "lt"
        case atMost = "lte"
        case greaterThan = "gt"
        case atLeast = "gte"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .lessThan: left < right
            case .atMost: left <= right
            case .greaterThan: left > right
            case .atLeast: left >= right
            }
        }
    }

    /// The operand of a comparison; the result is unknown for a claim of another kind.
    package enum Bound: Sendable {
        case number(Double)
        /// A date-time (RFC 3339), in seconds since the epoch.
        case time(Double)
    }

    func evaluate(_ value: ClaimValue?, isSetValued: Bool) -> Truth {
        switch self {
        case .exists: return Truth(value != nil)
        case .absent: return Truth(value == nil)
        default: break
        }
        guard let value else { return .unknown }
        switch self {
        case .exists, .absent: return .unknown
        case .equals(let constant): return Truth(value.equals(constant))
        case .isIn(let constants): return Self.isOne(value, of: constants)
        case .contains(let constant):
            return Self.any(value, isSetValued) { Truth($0.equals(constant)) }
        case .containsAny(let constants):
            return Self.any(value, isSetValued) { element in .any(constants) { Truth(element.equals($0)) } }
        case .containsAll(let constants):
            return .all(constants) { constant in Self.any(value, isSetValued) { Truth($0.equals(constant)) } }
        case .subsetOf(let constants):
            return Self.all(value, isSetValued) { element in .any(constants) { Truth(element.equals($0)) } }
        case .prefix(let text): return Truth(value.text?.utf8.starts(with: text.utf8))
        case .suffix(let text): return Truth(value.text.map { $0.utf8.reversed().starts(with: text.utf8.reversed()) })
        case .glob(let glob): return Truth(value.text.map(glob.matches))
        case .compare(let comparison, .number(let bound)):
            return Truth(value.number.map { comparison.holds($0, bound) })
        case .compare(let comparison, .time(let bound)):
            return Truth(value.text.flatMap(Timestamp.seconds).map { comparison.holds($0, bound) })
        }
    }

    /// True when a constant equals the value; unknown when all constants have another type than the value.
    private static func isOne(_ value: ClaimValue, of constants: [JSON]) -> Truth {
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
    private static func any(_ value: ClaimValue, _ isSetValued: Bool, _ truth: (ClaimValue) -> Truth) -> Truth {
        guard let count = value.elementCount else { return isSetValued && value.isText ? truth(value) : .unknown }
        return .any(0..<count) { value.element($0).map(truth) ?? .unknown }
    }

    private static func all(_ value: ClaimValue, _ isSetValued: Bool, _ truth: (ClaimValue) -> Truth) -> Truth {
        guard let count = value.elementCount else { return isSetValued && value.isText ? truth(value) : .unknown }
        return .all(0..<count) { value.element($0).map(truth) ?? .unknown }
    }
}
