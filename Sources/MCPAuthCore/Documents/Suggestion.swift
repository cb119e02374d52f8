// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Suggests the known word that a mistyped word was probably meant to be.
///
/// A suggestion must not change the meaning: advice on words of other languages comes first (``ForeignWords``), a word
/// is never suggested for its negation, and nothing is suggested if two known words are equally close.
package enum Suggestion {
    /// The text to append to a message: the closest known word, or the advice on a foreign word; may be empty.
    package static func text(
        for word: String,
        among known: some Sequence<String>,
        foreign: ForeignWords = .none
    ) -> String {
        if let advice = foreign.advice(on: word) { return ": \(advice)" }
        guard let best = closest(to: word, among: Set(known).union(foreign.words)) else { return "" }
        if let advice = foreign.advice(on: best) { return ": \(advice)" }
        return ", did you mean `\(best)`"
    }

    /// The closest known word; `nil` if none is close, or if several are equally close.
    package static func closest(to word: String, among known: some Sequence<String>) -> String? {
        // Long input is never close to a known word, and the cost of the distance is the product of the lengths.
        guard word.utf8.count <= 64 else { return nil }
        let lower = Array(word.lowercased())
        var best: (word: String, distance: Int)?
        var isAlone = true
        for candidate in known {
            let other = Array(candidate.lowercased())
            guard let distance = nearMiss(lower, other) else { continue }
            if let found = best, found.distance <= distance {
                if found.distance == distance, found.word != candidate { isAlone = false }
                continue
            }
            best = (candidate, distance)
            isAlone = true
        }
        return isAlone ? best?.word : nil
    }

    /// The distance between two words; `nil` if one is unlikely to be a misspelling of the other.
    private static func nearMiss(_ word: [Character], _ known: [Character]) -> Int? {
        let limit = max(1, min(2, word.count / 3))
        guard abs(word.count - known.count) <= limit, !negates(word, known), !negates(known, word) else { return nil }
        let distance = distance(word, known)
        guard distance <= limit else { return nil }
        // In a short word, a different letter usually makes a different word, such as `and` and `any`.
        let isShort = word.count <= 3 && word.count == known.count
        if isShort, word.sorted() != known.sorted() { return nil }
        // Each part of a name must be close too: `contains_only` is not a misspelling of `contains_any`.
        let parts = word.split(separator: "_").map { Array($0) }
        let knownParts = known.split(separator: "_").map { Array($0) }
        guard parts.count > 1, parts.count == knownParts.count else { return distance }
        return zip(parts, knownParts).allSatisfy { $0 == $1 || nearMiss($0, $1) != nil } ? distance : nil
    }

    private static let negations = ["!", "n", "no", "non", "not", "un", "in", "dis"].map { Array($0) }

    /// Whether a word is the other word after a negation, such as `nin` or `nequals` in other languages.
    private static func negates(_ word: [Character], _ other: [Character]) -> Bool {
        guard word.count > other.count, word.suffix(other.count).elementsEqual(other) else { return false }
        let before = word.prefix(word.count - other.count).filter { $0 != "_" && $0 != "-" }
        return negations.contains(Array(before))
    }

    /// The Levenshtein distance, with a swap of adjacent characters counted as one edit.
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

/// Words of other languages, with advice on what to write instead.
package struct ForeignWords: Sendable {
    private let adviceByWord: [String: String]

    /// - Parameter advice: Lists of words, separated by spaces, with the advice for each list.
    package init(_ advice: KeyValuePairs<String, String>) {
        var adviceByWord: [String: String] = [:]
        for (words, text) in advice {
            for word in words.split(separator: " ") { adviceByWord[Self.plain(String(word))] = text }
        }
        self.adviceByWord = adviceByWord
    }

    package static let none = ForeignWords([:])

    /// The advice on a word; `nil` if there is none.
    package func advice(on word: String) -> String? {
        adviceByWord[Self.plain(word)]
    }

    /// The words, in the form that is used for comparison.
    var words: some Sequence<String> { adviceByWord.keys }

    /// Makes `startsWith`, `starts_with`, `starts-with` and `$startsWith` equal.
    private static func plain(_ word: String) -> String {
        word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != "$" }
    }
}
