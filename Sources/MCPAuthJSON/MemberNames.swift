// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Names of members that are looked for in an untrusted object.
///
/// Finds also the names that another parser might take for one of them: those that differ only in case, in either
/// direction (some parsers fold U+017F to `s` and U+212A to `k`), and those that contain a NUL, where some parsers end
/// a name. The time for a name depends on its length, not on the number of names that are looked for.
package struct MemberNames: Sendable {
    /// How the name of a member relates to the names that are looked for.
    package enum Match {
        /// It is the name at this index.
        case one(Int)
        /// Another parser might read it as one of the names at these indexes.
        case perhaps([Int])
        case another
    }

    package let names: [String]
    /// The ASCII names by the hash of their bytes in lower case.
    private var byHash: [UInt64: [Int]] = [:]
    private var byLowercase: [String: [Int]] = [:]
    private var byUppercase: [String: [Int]] = [:]
    private var hasOthers = false
    private var longest = 0

    package init(_ names: [String]) {
        self.names = names
        for (index, name) in names.enumerated() {
            byLowercase[name.lowercased(), default: []].append(index)
            byUppercase[name.uppercased(), default: []].append(index)
            longest = max(longest, name.utf8.count)
            if name.utf8.allSatisfy({ $0 < 0x80 }) {
                byHash[Self.hash(name.utf8), default: []].append(index)
            } else {
                hasOthers = true
            }
        }
    }

    /// Compares the name of a member with the names.
    package func match(_ member: JSONCursor.Name) -> Match {
        guard !hasOthers, let plain = member.plainASCII else { return matchDecoded(member) }
        let candidates = (byHash[Self.hash(plain)] ?? []).filter { Self.isSame(names[$0].utf8, plain) }
        let exact = candidates.first { names[$0].utf8.elementsEqual(plain) }
        return exact.map(Match.one) ?? (candidates.isEmpty ? .another : .perhaps(candidates))
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

    // FNV-1a over the bytes in lower case.
    private static func hash(_ name: some Sequence<UInt8>) -> UInt64 {
        name.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64(lowercased($1))) &* 0x0000_0100_0000_01b3 }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func isSame(_ name: String.UTF8View, _ other: ArraySlice<UInt8>) -> Bool {
        name.count == other.count && zip(name, other).allSatisfy { lowercased($0) == lowercased($1) }
    }
}
