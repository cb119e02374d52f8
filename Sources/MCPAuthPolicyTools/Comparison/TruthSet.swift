// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthPolicy

/// The truths that a condition may have.
struct TruthSet: OptionSet {
    let rawValue: UInt8

    static let isTrue = TruthSet(rawValue: 1)
    static let isFalse = TruthSet(rawValue: 2)
    static let unknown = TruthSet(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ truth: Truth) {
        self =
            switch truth {
            case .isTrue: .isTrue
            case .isFalse: .isFalse
            case .unknown: .unknown
            }
    }

    /// Whether there is one truth only.
    var isOne: Bool { rawValue.nonzeroBitCount == 1 }

    var negated: TruthSet {
        TruthSet(rawValue: (rawValue & 1) << 1 | (rawValue & 2) >> 1 | rawValue & 4)
    }

    /// The truths of a conjunction of independent parts.
    func and(_ other: TruthSet) -> TruthSet {
        var result = intersection(other).intersection([.isTrue])
        if contains(.isFalse) || other.contains(.isFalse) { result.insert(.isFalse) }
        let notFalse: TruthSet = [.isTrue, .unknown]
        if contains(.unknown), !other.isDisjoint(with: notFalse) { result.insert(.unknown) }
        if other.contains(.unknown), !isDisjoint(with: notFalse) { result.insert(.unknown) }
        return result
    }

    func or(_ other: TruthSet) -> TruthSet { negated.and(other.negated).negated }
}
