// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A truth value of Kleene's three-valued logic.
package enum Truth: Sendable, Hashable {
    case isTrue
    case isFalse
    case unknown

    init(_ value: Bool) {
        self = value ? .isTrue : .isFalse
    }

    /// Unknown for `nil`.
    init(_ value: Bool?) {
        self = value.map(Truth.init) ?? .unknown
    }

    /// False when one is false, true when all are true, else unknown; true for no values.
    static func all<Values: Sequence>(_ values: Values, _ truth: (Values.Element) -> Truth) -> Truth {
        var result = Truth.isTrue
        for value in values {
            result = result.and(truth(value))
            if result == .isFalse { break }
        }
        return result
    }

    /// True when one is true, false when all are false, else unknown; false for no values.
    static func any<Values: Sequence>(_ values: Values, _ truth: (Values.Element) -> Truth) -> Truth {
        var result = Truth.isFalse
        for value in values {
            result = result.or(truth(value))
            if result == .isTrue { break }
        }
        return result
    }

    func and(_ other: Truth) -> Truth {
        if self == .isFalse || other == .isFalse { return .isFalse }
        return self == .unknown ? .unknown : other
    }

    func or(_ other: Truth) -> Truth {
        if self == .isTrue || other == .isTrue { return .isTrue }
        return self == .unknown ? .unknown : other
    }

    var negated: Truth {
        switch self {
        case .isTrue: .isFalse
        case .isFalse: .isTrue
        case .unknown: .unknown
        }
    }
}
