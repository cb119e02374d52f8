// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Finds the known word that a mistyped one was probably meant to be.
package enum Suggestion {
    /// `, did you mean `x`` for the closest known word, or nothing when none is close.
    package static func text(for word: String, among known: some Sequence<String>) -> String {
        guard let best = closest(to: word, among: known) else { return "" }
        return ", did you mean `\(best)`"
    }

    private static func closest(to word: String, among known: some Sequence<String>) -> String? {
        let limit = max(1, word.count / 3)
        // Long input is never a near miss of a short word, and the distance costs its product.
        guard word.utf8.count <= 64 else { return nil }
        return known.map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
            .filter { $0.1 <= limit }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?
            .0
    }

    /// The Levenshtein distance, with a swap of neighbours counted as one.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let substitution = previous[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(substitution, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
