// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// A condition on the claims of a token.
///
/// Evaluation always has a result. A predicate on a missing or wrongly typed claim is unknown, except `exists` and
/// `absent`. Every predicate is unknown for a claim inside a value that cannot be represented.
package indirect enum Condition: Sendable {
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case predicate(ClaimReference, Predicate)

    /// A claim, and whether it is read before or after the issuer's mapping.
    package struct ClaimReference: Sendable {
        package let pointer: JSONPointer
        package let isRaw: Bool
        /// Whether a string counts as an array of that string (RFC 7519 section 4.1.3, and common use).
        let isSetValued: Bool

        init(pointer: JSONPointer, isRaw: Bool) {
            self.pointer = pointer
            self.isRaw = isRaw
            isSetValued = pointer.tokens.count == 1 && Self.setValued.contains(pointer.tokens[0])
        }

        private static let setValued: Set<String> = ["scope", "scp", "aud", "groups", "roles", "amr"]

        func value(in claims: ClaimsView) -> ClaimValue? {
            isRaw ? claims.rawClaim(at: pointer) : claims.claim(at: pointer)
        }

        /// The truth of a predicate for the claim.
        func truth(of predicate: Predicate, in claims: ClaimsView) -> Truth {
            let value = value(in: claims)
            // A claim inside a value that cannot be represented may be present or absent.
            if value == nil, claims.isHidden(at: pointer, raw: isRaw) { return .unknown }
            return predicate.evaluate(value, isSetValued: isSetValued)
        }
    }

    func evaluate(_ claims: ClaimsView) -> Truth {
        switch self {
        case .all(let conditions): .all(conditions) { $0.evaluate(claims) }
        case .any(let conditions): .any(conditions) { $0.evaluate(claims) }
        case .not(let condition): condition.evaluate(claims).negated
        case .predicate(let reference, let predicate):
            reference.truth(of: predicate, in: claims)
        }
    }

    /// The truth of a condition that is the same for all claims; `nil` when it depends on them.
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

    /// False when no claims make the condition true; not every such condition is recognised.
    var canBeTrue: Bool {
        guard constantTruth != .isFalse else { return false }
        switch self {
        case .all(let conditions): return conditions.allSatisfy(\.canBeTrue) && !Self.contradict(conditions)
        case .any(let conditions): return conditions.contains(where: \.canBeTrue)
        case .not, .predicate: return true
        }
    }

    /// Whether the conditions need one claim to be both present and absent.
    private static func contradict(_ conditions: [Condition]) -> Bool {
        var absent = Set<JSONPointer>()
        var present = Set<JSONPointer>()
        for case .predicate(let reference, let predicate) in conditions where !reference.isRaw {
            switch predicate {
            case .absent: absent.insert(reference.pointer)
            case .exists, .equals, .isIn, .contains, .containsAny, .containsAll, .subsetOf, .prefix, .suffix, .glob,
                .compare:
                present.insert(reference.pointer)
            }
        }
        return !absent.isDisjoint(with: present)
    }

    /// Every predicate with its claim.
    package var leaves: [(reference: ClaimReference, predicate: Predicate)] {
        switch self {
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.leaves)
        case .not(let condition): condition.leaves
        case .predicate(let reference, let predicate): [(reference, predicate)]
        }
    }
}
