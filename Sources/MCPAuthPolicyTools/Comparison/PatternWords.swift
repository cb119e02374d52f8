// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthPolicy

/// Texts that tell patterns apart: one for every set of patterns that a text can match.
///
/// All patterns are followed at once, byte by byte, breadth first, so each text is the shortest of its kind. Bytes that
/// no pattern names are alike; one of them stands for all.
struct PatternWords {
    /// What texts are possible.
    enum Kind {
        case name
        /// A path begins with a slash, has no empty segment, and does not end in a slash. Rules that deny or require also
        /// match a path with a slash added, so texts that differ in that are told apart too.
        case path
        case uri
    }

    let words: [String]
    /// False if there are too many sets of patterns to find a text for each.
    let isComplete: Bool

    private static let slash = UInt8(ascii: "/")
    /// The places to which patterns with stars may lead.
    ///
    /// Each byte of a pattern leads to one more in any case, up to
    /// `mostBytes` of them.
    private static let mostStates = 4000
    private static let mostBytes = 60_000

    /// A place that the search has reached: where it is in the patterns, and the byte that led there.
    private struct Step {
        let positions: [Int]
        let parent: Int
        let byte: UInt8
    }

    /// What tells one place from another.
    private struct Place: Hashable {
        let positions: [Int]
        let isAfterSlash: Bool
        /// Whether no byte is read: no text is empty.
        let isStart: Bool
    }

    /// - Parameter patterns: The elements of each pattern, as in ``Glob``.
    init(_ patterns: [[UInt16]], _ kind: Kind) {
        let patterns = Array(Set(patterns)).sorted { $0.lexicographicallyPrecedes($1) }
        // All patterns in one array; `end` stands after each.
        let end = UInt16.max
        let elements = patterns.flatMap { $0 + [end] }
        let starts = patterns.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count + 1) }.dropLast()
        let literals = Set(elements.filter { $0 < Glob.star }.map { UInt8(truncatingIfNeeded: $0) })
        let other = Self.letters.first { !literals.contains($0) }

        func closed(_ positions: some Sequence<Int>) -> [Int] {
            var all = Set<Int>()
            for var position in positions where all.insert(position).inserted {
                while elements[position] == Glob.star || elements[position] == Glob.doubleStar {
                    position += 1
                    all.insert(position)
                }
            }
            return all.sorted()
        }
        func after(_ byte: UInt8, _ positions: [Int]) -> [Int] {
            closed(
                positions.compactMap { position in
                    switch elements[position] {
                    case UInt16(byte): position + 1
                    case Glob.doubleStar: position
                    case Glob.star where byte != Self.slash: position
                    default: nil
                    }
                }
            )
        }

        var words: [String] = []
        var found = Set<[Int]>()
        var steps: [Step] = []
        var seen = Set<Place>()
        func add(_ positions: [Int], _ parent: Int, _ byte: UInt8) {
            let isAfterSlash = kind == .path && byte == Self.slash
            guard seen.insert(Place(positions: positions, isAfterSlash: isAfterSlash, isStart: byte == 0)).inserted
            else { return }
            steps.append(Step(positions: positions, parent: parent, byte: byte))
        }
        let start = closed(starts)
        switch kind {
        case .path: add(after(Self.slash, start), -1, Self.slash)
        case .name, .uri: add(start, -1, 0)
        }
        var index = 0
        let mostSteps = Self.mostStates + min(elements.count, Self.mostBytes)
        while index < steps.count, steps.count < mostSteps {
            let step = steps[index]
            let isAfterSlash = kind == .path && step.byte == Self.slash
            var key = step.positions.filter { elements[$0] == end }
            if kind == .path, !isAfterSlash {
                key += [-1] + after(Self.slash, step.positions).filter { elements[$0] == end }
            }
            // The root is the only path that ends in a slash.
            if !isAfterSlash || index == 0, !found.contains(key), let word = Self.word(steps, index, kind) {
                found.insert(key)
                words.append(word)
            }
            var bytes = Set(step.positions.map { elements[$0] }.filter { $0 < Glob.star }.map { UInt8($0) })
            if kind != .name { bytes.insert(Self.slash) }
            if let other { bytes.remove(other) }
            // The byte that stands for others first, so that texts have no half of an escape such as `%2`.
            for byte in (other.map { [$0] } ?? []) + bytes.sorted()
            where !(isAfterSlash && byte == Self.slash) && (index == 0 || isAfterSlash || !step.positions.isEmpty) {
                add(after(byte, step.positions), index, byte)
            }
            index += 1
        }
        self.words = words
        isComplete = index == steps.count
    }

    /// Bytes that may stand for all others, `x` first.
    private static let letters = Array("xyzwvutsrqponmlkjihgfedcba0123456789-_~".utf8)

    private static func word(_ steps: [Step], _ index: Int, _ kind: Kind) -> String? {
        var bytes: [UInt8] = []
        var index = index
        while index >= 0 {
            if steps[index].byte != 0 { bytes.append(steps[index].byte) }
            index = steps[index].parent
        }
        guard !bytes.isEmpty else { return nil }
        return String(validating: bytes.reversed(), as: UTF8.self)
    }
}
