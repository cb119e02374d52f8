// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// A path pattern, matched as by a host that ignores case in its routes.
///
/// Such hosts decode a path and compare each segment as text, so `%C3%89`, `%c3%a9` and an `e` with a combining accent
/// are equal. Segments are split at bytes, not at characters: a combining mark after `/` would hide the slash.
struct CaseFoldedGlob: Sendable {
    private enum Code {
        static let slash = UInt16(UInt8(ascii: "/"))
        /// Stands for every character of a path that is not in the pattern.
        static let other: UInt16 = 0
        /// The first code for a character of the pattern; patterns are too short to use up the codes.
        static let first: UInt16 = 1024
    }

    private let elements: [UInt16]
    private let codes: [Character: UInt16]

    init(_ pattern: String) {
        var codes: [Character: UInt16] = [:]
        var elements: [UInt16] = []
        let star = UInt8(ascii: "*")
        for (index, segment) in pattern.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if index > 0 { elements.append(Code.slash) }
            for (index, part) in segment.split(separator: star, omittingEmptySubsequences: false).enumerated() {
                if index > 0 { Glob.appendStar(to: &elements) }
                for character in RequestPath.folded(part) {
                    let code = codes[character] ?? Code.first + UInt16(truncatingIfNeeded: codes.count)
                    codes[character] = code
                    elements.append(code)
                }
            }
        }
        self.elements = elements
        self.codes = codes
    }

    /// Whether the whole path matches.
    package func matches(_ path: String) -> Bool {
        var text: [UInt16] = []
        for (index, segment) in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if index > 0 { text.append(Code.slash) }
            text += RequestPath.folded(segment).map { codes[$0] ?? Code.other }
        }
        return Glob.matches(elements, text)
    }
}
