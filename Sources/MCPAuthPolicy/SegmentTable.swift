// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Rules by the segments of their path or URI patterns.
///
/// A tree: each level has the children for literal segments, and one child for a segment that is a star or a capture.
/// A pattern whose segment has a star within, or is `**`, ends in the tree there, with the bytes before its star.
/// Each pattern is in one place, so a text finds it at most once; the whole pattern must still be matched.
struct SegmentTable: Sendable {
    /// One pattern of a rule.
    struct Entry: Sendable {
        let rule: Int32
        /// The position of the pattern in its list.
        let pattern: Int32
    }

    private struct Node: Sendable {
        var literals: [UInt64: Int32] = [:]
        var any: Int32?
        /// Patterns that end with the segment before.
        var ends: [Entry] = []
        /// Patterns that go on with a star that is no whole segment, by the bytes before it.
        var prefixes: [UInt64: [Entry]] = [:]
        /// The lengths of these prefixes, ascending.
        var lengths: [Int] = []
    }

    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private var nodes = [Node()]
    /// Whether the table has no pattern.
    private(set) var isEmpty = true

    mutating func add(_ glob: Glob, _ entry: Entry) {
        isEmpty = false
        var node = 0
        var rest = glob.starred.utf8[...]
        while true {
            let segment = rest.prefix { $0 != Self.slash }
            let isLast = segment.endIndex == rest.endIndex
            if let star = segment.firstIndex(of: Self.star), segment.count > 1 {
                return addPrefix(Array(segment[..<star]), entry, at: node)
            }
            node = child(of: node, segment)
            guard !isLast else { break }
            rest = rest[rest.index(after: segment.endIndex)...]
        }
        nodes[node].ends.append(entry)
    }

    private mutating func addPrefix(_ prefix: [UInt8], _ entry: Entry, at node: Int) {
        nodes[node].prefixes[FNV.hash(prefix), default: []].append(entry)
        guard !nodes[node].lengths.contains(prefix.count) else { return }
        nodes[node].lengths.append(prefix.count)
        nodes[node].lengths.sort()
    }

    private mutating func child(of node: Int, _ segment: Substring.UTF8View) -> Int {
        let isStar = segment.elementsEqual([Self.star])
        let hash = FNV.hash(segment)
        if let known = isStar ? nodes[node].any : nodes[node].literals[hash] { return Int(known) }
        nodes.append(Node())
        let new = nodes.count - 1
        if isStar { nodes[node].any = Int32(new) } else { nodes[node].literals[hash] = Int32(new) }
        return new
    }

    /// Calls `body` with each pattern that may match a text.
    ///
    /// - Parameter endsBeforeSlash: Whether the text without its last slash counts too.
    func visit(_ text: String, endsBeforeSlash: Bool = false, _ body: (Entry) -> Void) {
        guard !isEmpty else { return }
        visit(0, text.utf8[...], endsBeforeSlash, body)
    }

    private func visit(
        _ index: Int,
        _ rest: Substring.UTF8View,
        _ endsBeforeSlash: Bool,
        _ body: (Entry) -> Void
    ) {
        let node = nodes[index]
        visitPrefixes(node, rest, body)
        guard !node.literals.isEmpty || node.any != nil else { return }
        let segment = rest.prefix { $0 != Self.slash }
        let literal = node.literals.isEmpty ? nil : node.literals[FNV.hash(segment)]
        for child in [literal, node.any] {
            guard let child = child.map(Int.init) else { continue }
            guard segment.endIndex != rest.endIndex else {
                for entry in nodes[child].ends { body(entry) }
                continue
            }
            let next = rest[rest.index(after: segment.endIndex)...]
            if endsBeforeSlash, next.isEmpty { for entry in nodes[child].ends { body(entry) } }
            visit(child, next, endsBeforeSlash, body)
        }
    }

    private func visitPrefixes(_ node: Node, _ rest: Substring.UTF8View, _ body: (Entry) -> Void) {
        guard let longest = node.lengths.last else { return }
        var hash = FNV.seed
        var next = 0
        var bytes = rest.makeIterator()
        for length in 0...longest {
            if node.lengths[next] == length {
                for entry in node.prefixes[hash] ?? [] { body(entry) }
                next += 1
            }
            guard next < node.lengths.count, let byte = bytes.next() else { return }
            hash = FNV.step(hash, byte)
        }
    }
}

/// The hash function FNV-1a.
///
/// A collision only causes an unnecessary check of a rule, and only the author of a policy can cause one.
enum FNV {
    static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(seed, step) }
}
