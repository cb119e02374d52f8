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

    /// True when all are.
    ///
    /// false when one is. All of nothing is true.
    static func all(_ values: some Sequence<Truth>) -> Truth {
        var result = Truth.isTrue
        for value in values {
            if value == .isFalse { return .isFalse }
            if value == .unknown { result = .unknown }
        }
        return result
    }

    /// True when one is.
    ///
    /// false when all are. Any of nothing is false.
    static func any(_ values: some Sequence<Truth>) -> Truth {
        var result = Truth.isFalse
        for value in values {
            if value == .isTrue { return .isTrue }
            if value == .unknown { result = .unknown }
        }
        return result
    }

    var negated: Truth {
        switch self {
        case .isTrue: .isFalse
        case .isFalse: .isTrue
        case .unknown: .unknown
        }
    }
}
