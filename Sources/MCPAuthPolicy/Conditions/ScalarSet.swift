// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Scalars for quick comparison with many others; gives the same truth as comparing one by one.
///
/// Both lists of a comparison may come from a client, so long ones are not compared element by element.
struct ScalarSet {
    private enum Key: Hashable {
        case text(ExactString)
        case boolean(Bool)
        case null
        case integer(Int64)
        case number(Double)

        init?(_ value: JSON) {
            switch value {
            case .string(let text): self = .text(ExactString(text))
            case .boolean(let value): self = .boolean(value)
            case .null: self = .null
            case .integer(let value): self = .integer(value)
            // An integer and a number of the same value are equal.
            case .number(let value): self = Int64(exactly: value).map(Key.integer) ?? .number(value)
            case .array, .object, .unrepresentable: return nil
            }
        }

        /// Values of different kinds cannot be compared.
        var kind: Int {
            switch self {
            case .text: 0
            case .boolean: 1
            case .null: 2
            case .integer, .number: 3
            }
        }
    }

    private var keys = Set<Key>()
    private var kinds = Set<Int>()
    private var hasOther = false

    init(_ values: some Sequence<JSON>) {
        for value in values {
            guard let key = Key(value) else {
                hasOther = true
                continue
            }
            keys.insert(key)
            kinds.insert(key.kind)
        }
    }

    /// Whether a value is one of these; unknown if it is not, and cannot be compared with one of them.
    func contains(_ value: JSON) -> Truth {
        guard let key = Key(value) else { return keys.isEmpty && !hasOther ? .isFalse : .unknown }
        if keys.contains(key) { return .isTrue }
        return hasOther || !kinds.subtracting([key.kind]).isEmpty ? .unknown : .isFalse
    }

    /// Above this number of comparisons, a set is made.
    private static let mostComparisons = 4096

    /// Tells for each element of a value whether it is one of the constants.
    static func membership(in constants: [JSON], for value: PolicyValue) -> (PolicyValue) -> Truth {
        guard (value.elementCount ?? 1) * constants.count > mostComparisons else {
            return { element in .any(constants) { Truth(element.equals($0)) } }
        }
        let set = ScalarSet(constants)
        return { set.contains($0.json) }
    }

    /// Whether a long array has all of the constants; `nil` for a short one, which is compared element by element.
    static func containsAll(_ constants: [JSON], of value: PolicyValue) -> Truth? {
        guard let count = value.elementCount, count * constants.count > mostComparisons else { return nil }
        let set = ScalarSet((0..<count).lazy.compactMap { value.element($0)?.json })
        return .all(constants) { set.contains($0) }
    }
}
