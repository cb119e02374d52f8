// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Names of members that are looked for in an untrusted object.
///
/// Finds also the names that another parser might take for one of them: those that differ only in case, in either
/// direction (some parsers fold U+017F to `s` and U+212A to `k`), and those that contain a NUL, where some parsers end
/// a name. A class, so that a table of names copies one reference. The time for a name depends on its length, not on the number of names that are looked for.
package final class MemberNames: Sendable {
    /// How the name of a member relates to the names that are looked for.
    package enum Match {
        /// It is the name at this index.
        case one(Int)
        /// Another parser might read it as one of the names at these indexes.
        case perhaps([Int])
        case another
    }

    package let names: [String]
    private let ascii: [[UInt8]]
    private let lengths: [Int]
    /// The ASCII names by the hash of their bytes in lower case.
    private let byHash: [UInt64: [Int]]
    private let byLowercase: [String: [Int]]
    private let byUppercase: [String: [Int]]
    /// Whether a name is not ASCII.
    private let hasOthers: Bool
    private let longest: Int

    package init(_ names: [String]) {
        self.names = names
        ascii = names.map { Array($0.utf8) }
        lengths = ascii.map(\.count)
        var (byHash, byLowercase, byUppercase) = ([UInt64: [Int]](), [String: [Int]](), [String: [Int]]())
        for (index, name) in names.enumerated() {
            byLowercase[name.lowercased(), default: []].append(index)
            byUppercase[name.uppercased(), default: []].append(index)
            let bytes = ascii[index]
            let hash = Self.hash(bytes.span)
            byHash[hash, default: []].append(index)
        }
        (self.byHash, self.byLowercase, self.byUppercase) = (byHash, byLowercase, byUppercase)
        hasOthers = names.contains { name in name.utf8.contains { $0 >= 0x80 } }
        longest = names.map(\.utf8.count).max() ?? 0
    }

    /// Compares the name of a member with the names.
    package func match(_ member: JSONCursor.Name) -> Match {
        guard let plain = member.plainASCII else { return matchDecoded(member) }
        let name = plain.span
        return match(ascii: name) ?? matchDecoded(member)
    }

    /// Compares a name of ASCII bytes without escapes; `nil` if it must be compared as text.
    func match(ascii name: Span<UInt8>) -> Match? {
        guard !hasOthers else { return nil }
        guard names.count > Self.fewNames else { return match(name, among: names.indices) }
        return match(name, among: byHash[Self.hash(name)] ?? [])
    }

    /// Up to this number, comparing all is faster than a hash.
    private static let fewNames = 8

    private func match(_ name: Span<UInt8>, among candidates: some Collection<Int>) -> Match {
        var similar: [Int] = []
        for index in candidates where lengths[index] == name.count {
            switch Self.compare(ascii[index], name) {
            case .equal: return .one(index)
            case .inAnotherCase: similar.append(index)
            case .different: break
            }
        }
        return similar.isEmpty ? .another : .perhaps(similar)
    }

    private func matchDecoded(_ member: JSONCursor.Name) -> Match {
        guard let text = member.text else { return .perhaps(Array(names.indices)) }
        // A letter has at most three bytes more in another case; a longer name cannot be one of these.
        guard text.utf8.count <= 4 * longest else { return .another }
        let (lower, upper) = (byLowercase[text.lowercased()] ?? [], byUppercase[text.uppercased()] ?? [])
        let similar = lower + upper.filter { !lower.contains($0) }
        let exact = similar.first { names[$0].utf8.elementsEqual(text.utf8) }
        return exact.map(Match.one) ?? (similar.isEmpty ? .another : .perhaps(similar))
    }

    private enum Comparison {
        case equal
        case inAnotherCase
        case different
    }

    private static func compare(_ name: [UInt8], _ other: Span<UInt8>) -> Comparison {
        var result = Comparison.equal
        for position in name.indices where name[position] != other[position] {
            guard lowercased(name[position]) == lowercased(other[position]) else { return .different }
            result = .inAnotherCase
        }
        return result
    }

    // FNV-1a over the bytes in lower case.
    private static func hash(_ name: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for position in 0..<name.count { hash = (hash ^ UInt64(lowercased(name[position]))) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
