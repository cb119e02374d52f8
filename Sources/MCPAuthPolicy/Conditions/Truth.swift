// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Kleene's three truth values: what is not known is neither true nor false.
enum Truth: Sendable, Hashable {
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

    /// True when all are, false when one is; all of nothing is true.
    static func all<Values: Sequence>(_ values: Values, _ truth: (Values.Element) -> Truth) -> Truth {
        var result = Truth.isTrue
        for value in values {
            result = result.and(truth(value))
            if result == .isFalse { break }
        }
        return result
    }

    /// True when one is, false when all are; any of nothing is false.
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
