// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuthJSON

/// Finds the token in a text: alone, in a header line, a command, a URL, a JSON response, a mail or a log.
///
/// A JWT or JWE is found anywhere in the text, even when it is broken into lines. Any other token is what follows
/// `Bearer`, or the whole text without quotes and white space.
struct TokenText {
    /// The token; empty when there is none.
    private(set) var token: [UInt8] = []
    /// The number of other JWTs in the text.
    private(set) var others = 0

    init(_ bytes: [UInt8]) {
        let text = Self.plain(Self.decoded(bytes))
        let jwts = Self.jwts(in: text)
        let whole = jwts.filter(\.isWhole)
        if let best = whole.first(where: \.isNamed) ?? whole.first {
            token = best.bytes
            others = Set(whole.map(\.bytes)).count - 1
        } else {
            let opaque = Self.opaqueToken(in: text)
            token = opaque.isEmpty ? jwts.first?.bytes ?? [] : opaque
        }
    }

    /// The text in UTF-8 without byte order mark; some shells write UTF-16, with or without a mark.
    private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
        guard bytes.count >= 4 else { return bytes }
        let isMarked = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        // One byte of each ASCII character is zero in UTF-16.
        let hasZeros = (bytes[0] == 0) != (bytes[1] == 0) && (bytes[2] == 0) != (bytes[3] == 0)
        guard isMarked || (hasZeros && (bytes[0] == 0) == (bytes[2] == 0)) else { return bytes }
        let isLittle = bytes[0] == 0xFF || bytes[1] == 0
        let units = stride(from: isMarked ? 2 : 0, to: bytes.count - 1, by: 2).map { index in
            isLittle
                ? UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8
                : UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// The text without terminal colours and without the encodings of mails and URLs.
    private static func plain(_ text: [UInt8]) -> [UInt8] {
        var text = uncoloured(text)
        // A quoted-printable mail encodes each equals sign as `=3D`.
        let isQuotedPrintable = text.indices.dropLast(2).contains { index in
            text[index] == UInt8(ascii: "=") && text[index + 1] == UInt8(ascii: "3")
                && text[index + 2] == UInt8(ascii: "D")
        }
        if isQuotedPrintable { text = hexDecoded(text, after: UInt8(ascii: "=")) }
        // No token has a percent sign, so one with two hexadecimal digits is percent-encoding of a URL.
        return hexDecoded(text, after: UInt8(ascii: "%"))
    }

    /// The text without the escape sequences that colour it in a terminal (ECMA-48 section 5.4).
    private static func uncoloured(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x1B) else { return text }
        var plain: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == 0x1B, index + 1 < text.count, text[index + 1] == UInt8(ascii: "[") else {
                plain.append(text[index])
                index += 1
                continue
            }
            index += 2
            while index < text.count, (0x20...0x3F).contains(text[index]) { index += 1 }
            index += 1
        }
        return plain
    }

    /// The text with each mark and the two hexadecimal digits after it as one byte.
    private static func hexDecoded(_ text: [UInt8], after mark: UInt8) -> [UInt8] {
        guard text.contains(mark) else { return text }
        var decoded: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == mark, index + 2 < text.count,
                let byte = UInt8(String(decoding: text[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(text[index])
                index += 1
            }
        }
        return decoded
    }

    // MARK: JWTs

    private struct Found {
        var bytes: [UInt8]
        /// Whether the text before it names it as the access token.
        let isNamed: Bool

        var isWhole: Bool { [2, 4].contains(bytes.count { $0 == UInt8(ascii: ".") }) }
    }

    private static func jwts(in text: [UInt8]) -> [Found] {
        var found: [Found] = []
        var index = 0
        while index < text.count {
            guard isTokenByte(text[index]) else {
                index += 1
                continue
            }
            guard beginsJWT(text[index...]) else {
                index = text[index...].firstIndex { !isTokenByte($0) } ?? text.count
                continue
            }
            let before = text[max(0, index - 24)..<index]
            let (bytes, end) = run(in: text, from: index)
            index = end
            if bytes.contains(UInt8(ascii: ".")) || bytes.count >= 16 {
                found.append(Found(bytes: bytes, isNamed: namesAccessToken(before)))
            }
        }
        return found
    }

    /// Whether the text begins with the base64url encoding of the beginning of a JSON object.
    private static func beginsJWT(_ text: ArraySlice<UInt8>) -> Bool {
        guard let head = Base64URL.decode(text.prefix(4)), head.count >= 2, head[0] == UInt8(ascii: "{") else {
            return false
        }
        return [UInt8(ascii: "\""), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D].contains(head[1])
    }

    private static func namesAccessToken(_ before: ArraySlice<UInt8>) -> Bool {
        let words = String(decoding: before, as: UTF8.self).lowercased().split { !$0.isLetter && $0 != "_" }
        return words.last == "bearer" || words.last == "access_token"
    }

    /// The token that begins at an index, joined where it was broken into lines.
    private static func run(in text: [UInt8], from start: Int) -> (bytes: [UInt8], end: Int) {
        var pieces = TokenPieces()
        var index = start
        // The beginning of the line is needed only to know whether the line is full.
        let earliest = max(0, start - TokenPieces.fullLine)
        var lineStart = text[earliest..<start].lastIndex(of: 0x0A).map { $0 + 1 } ?? earliest
        while true {
            let end = text[index...].firstIndex { !isTokenByte($0) } ?? text.count
            pieces.append(text[index..<end])
            guard let next = continuation(in: text, after: end) else {
                // Invalid characters at the end are kept, or an invalid token would look valid.
                let tail = text[end...].prefix { isTokenByte($0) || "=+/~".utf8.contains($0) }
                return (pieces.bytes + tail, end + tail.count)
            }
            let beginsToken = beginsJWT(text[next.index...])
            let goesOn = pieces.goesOn(afterLineOf: end - lineStart, with: next.length, beginsToken: beginsToken)
            guard next.isForced || goesOn else { return (pieces.bytes, end) }
            lineStart = next.lineStart
            index = next.index
        }
    }

    /// Where the next line continues the token; `nil` when it has other text.
    private static func continuation(
        in text: [UInt8],
        after end: Int
    ) -> (index: Int, lineStart: Int, length: Int, isForced: Bool)? {
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        var index = text[end...].firstIndex { !blanks.contains($0) } ?? text.count
        // Quoted-printable mails end a broken line with `=`, shells with a backslash.
        let isForced = index < text.count && [UInt8(ascii: "="), UInt8(ascii: "\\")].contains(text[index])
        if isForced { index += 1 }
        while index < text.count, blanks.contains(text[index]) { index += 1 }
        guard index < text.count, text[index] == 0x0A else { return nil }
        index += 1
        let lineStart = index
        let margin = [0x20, 0x09, UInt8(ascii: ">"), UInt8(ascii: "|")]
        while index < text.count, margin.contains(text[index]) { index += 1 }
        let runEnd = text[index...].firstIndex { !isTokenByte($0) } ?? text.count
        guard runEnd > index else { return nil }
        let isAlone = runEnd == text.count || !isWordByte(text, at: runEnd)
        return isAlone ? (index, lineStart, runEnd - index, isForced) : nil
    }

    /// Whether more words follow a run on its line, which makes the run an ordinary word too.
    private static func isWordByte(_ text: [UInt8], at index: Int) -> Bool {
        let rest = text[index...].prefix { $0 != 0x0A }.drop { [0x20, 0x09, 0x0D].contains($0) }
        return rest.first.map { isTokenByte($0) || $0 == UInt8(ascii: ":") } ?? false
    }

    /// Whether a byte is base64url or a dot between parts.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    // MARK: Other tokens

    private static func opaqueToken(in text: [UInt8]) -> [UInt8] {
        let limits = JSONDocument.Limits(bytes: max(1, text.count), depth: 32)
        if let answer = try? JSONDocument(parsing: text, limits: limits).root["access_token"]?.string {
            return Array(answer.utf8)
        }
        var lines = words(of: text)
        guard let first = lines.first else { return [] }
        if let bearer = first.lastIndex(where: { $0.lowercased() == "bearer" }) {
            lines[0] = Array(first[(bearer + 1)...].prefix(1))
            // The rest of a command is not part of the token.
            if first.count > bearer + 2 { lines = [lines[0]] }
        } else if first[0].lowercased() == "authorization:" {
            lines[0].removeFirst()
        }
        guard lines.allSatisfy({ $0.count <= 1 }) else { return [] }
        return lines.flatMap { $0 }.flatMap { Array($0.utf8) }
    }

    /// The words of each line that has any, without quotes and invisible characters.
    private static func words(of text: [UInt8]) -> [[String]] {
        // Text that is copied from web pages has zero-width characters and no-break spaces.
        let invisible = Set("\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}".unicodeScalars)
        let quotes = Set("\"'`<>;,\u{201C}\u{201D}\u{2018}\u{2019}".unicodeScalars)
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars.filter { !invisible.contains($0) }
        return scalars.split { $0 == "\n" || $0 == "\r" }.map { line in
            line.split { $0.properties.isWhitespace || quotes.contains($0) }.map(String.init)
        }.filter { !$0.isEmpty }
    }
}
#endif
