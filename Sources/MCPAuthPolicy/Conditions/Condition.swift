// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// A condition on the claims of a token.
///
/// Total and linear in its size and that of the claims. A predicate on a missing or wrongly typed claim is unknown;
/// only `exists` and `absent` always know.
indirect enum Condition: Sendable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case predicate(ClaimReference, Predicate)

    /// Which claim, and whether before or after the issuer's mapping.
    struct ClaimReference: Sendable {
        let pointer: JSONPointer
        let isRaw: Bool
    }

    /// What is asked of one claim.
    enum Predicate: Sendable {
        case equals(JSON)
        case isIn([JSON])
        case contains(JSON)
        case exists
        case absent
    }

    func evaluate(_ claims: Claims) -> Truth {
        switch self {
        case .all(let conditions): .all(conditions.lazy.map { $0.evaluate(claims) })
        case .any(let conditions): .any(conditions.lazy.map { $0.evaluate(claims) })
        case .not(let condition): condition.evaluate(claims).negated
        case .predicate(let reference, let predicate): predicate.evaluate(reference.value(in: claims), reference)
        }
    }
}

extension Condition.ClaimReference {
    /// Claims of which one value alone means the set of that value (RFC 7519 section 4.1.3 and common use).
    private static let setValued: Set<String> = ["scope", "scp", "aud", "groups", "roles", "amr"]

    func value(in claims: Claims) -> JSON? {
        isRaw ? claims.rawValue(at: pointer) : claims.value(at: pointer)
    }

    /// The value as a set; a scalar is one only for the claims that are sets by convention.
    func elements(of value: JSON) -> [JSON]? {
        if case .array(let elements) = value { return elements }
        guard case .string = value, pointer.tokens.count == 1, Self.setValued.contains(pointer.tokens[0]) else {
            return nil
        }
        return [value]
    }
}

extension Condition.Predicate {
    func evaluate(_ value: JSON?, _ reference: Condition.ClaimReference) -> Truth {
        switch self {
        case .exists: return Truth(value != nil)
        case .absent: return Truth(value == nil)
        case .equals(let constant):
            guard let value else { return .unknown }
            return Self.equal(value, constant)
        case .isIn(let constants):
            guard let value else { return .unknown }
            return Self.anyEqual(constants, value)
        case .contains(let constant):
            guard let value, let elements = reference.elements(of: value) else { return .unknown }
            // An element of another type leaves it open, lest `not` turn a malformed claim into a grant.
            return .any(elements.lazy.map { Self.equal($0, constant) })
        }
    }

    /// True for one that is equal, unknown when none is comparable.
    private static func anyEqual(_ constants: [JSON], _ value: JSON) -> Truth {
        let results = constants.map { equal(value, $0) }
        if results.contains(.isTrue) { return .isTrue }
        return results.contains(.isFalse) || results.isEmpty ? .isFalse : .unknown
    }

    /// Compares scalars of one type; anything else is a type error, which is unknown.
    private static func equal(_ left: JSON, _ right: JSON) -> Truth {
        switch (left, right) {
        case (.string(let left), .string(let right)): Truth(left.utf8.elementsEqual(right.utf8))
        case (.boolean(let left), .boolean(let right)): Truth(left == right)
        case (.integer(let left), .integer(let right)): Truth(left == right)
        case (.integer(let left), .number(let right)): Truth(left == Int64(exactly: right))
        case (.number(let left), .integer(let right)): Truth(Int64(exactly: left) == right)
        case (.number(let left), .number(let right)): Truth(left == right)
        case (.null, .null): .isTrue
        default: .unknown
        }
    }
}
