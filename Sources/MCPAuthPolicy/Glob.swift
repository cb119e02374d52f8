// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A pattern with `*`, matched without backtracking.
struct Glob: Sendable, Hashable {
    /// What `*` may match.
    enum Kind: Sendable {
        /// In names, `*` matches anything.
        case name
        /// In paths, `*` stops at `/` and `**` does not.
        case path
    }

    private enum Element: Sendable, Hashable {
        case byte(UInt8)
        case star(crossesSlash: Bool)
    }

    private let elements: [Element]
    /// The pattern itself when it has no star.
    let exactText: String?

    init(_ pattern: String, _ kind: Kind) {
        var elements: [Element] = []
        let bytes = Array(pattern.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "*") else {
                elements.append(.byte(bytes[index]))
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, bytes[index] == UInt8(ascii: "*") { index += 1 }
            elements.append(.star(crossesSlash: kind == .name || index - start > 1))
        }
        self.elements = elements
        exactText = bytes.contains(UInt8(ascii: "*")) ? nil : pattern
    }

    /// Whether the whole text matches.
    ///
    /// Runs the pattern as a set of states, so its time is bounded by the product of the lengths whatever both are.
    func matches(_ text: String) -> Bool {
        if let exactText { return exactText.utf8.elementsEqual(text.utf8) }
        var states = closure([0])
        for byte in text.utf8 {
            var next = Set<Int>()
            for state in states where state < elements.count {
                switch elements[state] {
                case .byte(let expected): if expected == byte { next.insert(state + 1) }
                case .star(let crossesSlash): if crossesSlash || byte != UInt8(ascii: "/") { next.insert(state) }
                }
            }
            if next.isEmpty { return false }
            states = closure(next)
        }
        return states.contains(elements.count)
    }

    /// The states reachable without reading: a star may match nothing.
    private func closure(_ states: Set<Int>) -> Set<Int> {
        var result = states
        for var state in states {
            while state < elements.count, case .star = elements[state] {
                state += 1
                result.insert(state)
            }
        }
        return result
    }
}
