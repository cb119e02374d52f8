// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A JSON Pointer (RFC 6901): the path of one value inside a document.
package struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The reference tokens, unescaped.
    package let tokens: [String]

    package init(tokens: [String]) {
        self.tokens = tokens
    }

    /// Parses the string form; `nil` unless it is empty or starts with `/`, with `~` only in `~0` and `~1`.
    package init?(_ text: String) {
        guard !text.isEmpty else {
            self.init(tokens: [])
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        // Split by scalars: a combining mark after `/` forms a single character with it.
        let separator: Unicode.Scalar = "/"
        for token in text.unicodeScalars.dropFirst().split(separator: separator, omittingEmptySubsequences: false) {
            guard let token = Self.unescaped(Substring(token)) else { return nil }
            tokens.append(token)
        }
        self.init(tokens: tokens)
    }

    package static let root = JSONPointer(tokens: [])

    /// This pointer extended by one reference token.
    package func appending(_ token: String) -> JSONPointer {
        JSONPointer(tokens: tokens + [token])
    }

    package var description: String {
        tokens.map { "/" + Self.escaped($0) }.joined()
    }

    /// The array index that a token denotes; `nil` for `-`, a sign or a leading zero (RFC 6901 section 4).
    package static func arrayIndex(_ token: String) -> Int? {
        guard token == "0" || (token.utf8.first.map { (0x31...0x39).contains($0) } ?? false) else { return nil }
        return Int(token)
    }

    private static func unescaped(_ token: Substring) -> String? {
        var result = ""
        var escaping = false
        for character in token.unicodeScalars {
            switch (escaping, character) {
            case (true, "0"): result.append("~")
            case (true, "1"): result.append("/")
            case (true, _): return nil
            case (false, "~"): break
            default: result.unicodeScalars.append(character)
            }
            escaping = !escaping && character == "~"
        }
        return escaping ? nil : result
    }

    private static func escaped(_ token: String) -> String {
        var result = ""
        for character in token.unicodeScalars {
            switch character {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
