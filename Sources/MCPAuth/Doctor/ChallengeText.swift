// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The `WWW-Authenticate` fields of an answer, as RFC 9110 reads them, and as common MCP clients do.
struct ChallengeText {
    struct Parameter {
        /// The name as it is written.
        let name: String
        /// The value without quotes and escapes.
        let value: String
        /// Whether there is a space before or after the `=`.
        let isSpaced: Bool
    }

    struct Challenge {
        /// The scheme as it is written.
        let scheme: String
        var parameters: [Parameter] = []
        /// Whether parameters may follow: a space followed the scheme, and no credentials without parameters.
        var takesParameters: Bool

        /// The value of a parameter, whose name is given in lower case.
        func value(of name: String) -> String? {
            parameters.first { $0.name.lowercased() == name }?.value
        }
    }

    /// All fields as one text, joined as the libraries of clients do it.
    let text: String
    /// The challenges (RFC 9110 section 11.6.1); `nil` if the text does not follow the grammar.
    let challenges: [Challenge]?

    init(_ values: [String]) {
        text = values.joined(separator: ", ")
        challenges = Self.read(Array(text.utf8))
    }

    /// The first challenge with the scheme Bearer.
    var bearer: Challenge? { challenges?.first { $0.scheme.lowercased() == "bearer" } }

    /// The value that the official clients in TypeScript and Python take for a parameter; `nil` if they find none.
    ///
    /// They search the whole text, quoted strings included, for the first match of `NAME="…"` or `NAME=…`, in exactly
    /// this case and without spaces, and decode no escapes.
    func clientValue(of name: String) -> String? {
        let bytes = Array(text.utf8)
        let wanted = Array(name.utf8) + [UInt8(ascii: "=")]
        guard bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count) where bytes[start...].starts(with: wanted) {
            let rest = bytes[(start + wanted.count)...]
            if rest.first == Self.quote {
                let quoted = rest.dropFirst().prefix { $0 != Self.quote }
                if !quoted.isEmpty, quoted.endIndex < bytes.count { return String(decoding: quoted, as: UTF8.self) }
            }
            let word = rest.prefix { !Self.blanks.contains($0) && $0 != Self.comma }
            if !word.isEmpty { return String(decoding: word, as: UTF8.self) }
        }
        return nil
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let equals = UInt8(ascii: "=")
    private static let blanks: Set<UInt8> = [0x20, 0x09]

    private static func read(_ bytes: [UInt8]) -> [Challenge]? {
        var scanner = Scanner(bytes: bytes)
        var challenges: [Challenge] = []
        while true {
            // Empty elements of a list are allowed (RFC 9110 section 5.6.1).
            scanner.skip { Self.blanks.contains($0) || $0 == Self.comma }
            guard !scanner.isAtEnd else { return challenges }
            guard let word = scanner.token() else { return nil }
            let hasSpace = scanner.skip(Self.blanks.contains) > 0
            if scanner.next == Self.equals {
                guard let last = challenges.indices.last, challenges[last].takesParameters,
                    let value = scanner.parameterValue()
                else { return nil }
                let isSpaced = hasSpace || value.isSpaced
                challenges[last].parameters.append(Parameter(name: word, value: value.text, isSpaced: isSpaced))
                guard scanner.isAtEndOfElement else { return nil }
            } else {
                let hasToken68 = hasSpace && scanner.skipToken68()
                challenges.append(Challenge(scheme: word, takesParameters: hasSpace && !hasToken68))
            }
        }
    }

    /// Reads a text from its beginning to its end.
    private struct Scanner {
        let bytes: [UInt8]
        private var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { position == bytes.count }
        var next: UInt8? { isAtEnd ? nil : bytes[position] }

        /// Skips white space; whether a comma or the end follows.
        var isAtEndOfElement: Bool {
            mutating get {
                skip(blanks.contains)
                return isAtEnd || next == comma
            }
        }

        /// Skips bytes and returns how many.
        @discardableResult
        mutating func skip(_ isSkipped: (UInt8) -> Bool) -> Int {
            let start = position
            while let byte = next, isSkipped(byte) { position += 1 }
            return position - start
        }

        /// A token (RFC 9110 section 5.6.2); `nil` if there is none here.
        mutating func token() -> String? {
            let start = position
            skip(Self.isTokenByte)
            return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
        }

        /// Skips credentials without parameters (RFC 9110 section 11.2), as `Negotiate` has; whether there are any.
        mutating func skipToken68() -> Bool {
            var ahead = self
            ahead.skip { Self.isTokenByte($0) || $0 == UInt8(ascii: "/") }
            ahead.skip { $0 == equals }
            guard ahead.position > position, ahead.isAtEndOfElement else { return false }
            self = ahead
            return true
        }

        /// The value of a parameter, from its `=`; `nil` if it is not a token or a quoted string.
        mutating func parameterValue() -> (text: String, isSpaced: Bool)? {
            position += 1
            let isSpaced = skip(blanks.contains) > 0
            guard next == quote else { return token().map { ($0, isSpaced) } }
            position += 1
            var value: [UInt8] = []
            while let byte = next {
                position += 1
                if byte == quote { return (String(decoding: value, as: UTF8.self), isSpaced) }
                guard byte == UInt8(ascii: "\\") else {
                    value.append(byte)
                    continue
                }
                guard let escaped = next else { return nil }
                value.append(escaped)
                position += 1
            }
            return nil
        }

        private static func isTokenByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }
}
