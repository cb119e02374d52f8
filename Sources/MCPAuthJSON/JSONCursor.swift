// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Reads a JSON text (RFC 8259) from beginning to end, without building a tree.
///
/// For untrusted texts of which only a few values are needed: a tree can need up to eighty times the size of the text,
/// the cursor needs less than twice. It accepts what ``JSONDocument`` accepts with
/// ``JSONDocument/Limits/acceptsUnrepresentable``: duplicate member names are refused in every object, and values that
/// cannot be represented are skipped. The caller states with each call what it expects next; a value that it does not
/// read is still checked.
package struct JSONCursor {
    /// A member name, as written in the text.
    package struct Name {
        fileprivate let bytes: ArraySlice<UInt8>
        fileprivate let hasEscapes: Bool

        fileprivate init(bytes: ArraySlice<UInt8>, hasEscapes: Bool) {
            self.bytes = bytes
            self.hasEscapes = hasEscapes
        }

        /// A name or string from the bytes between its quotes.
        init(content: [UInt8]) {
            self.init(bytes: content[...], hasEscapes: content.contains(UInt8(ascii: "\\")))
        }

        /// The name; `nil` when it contains `\u0000` or a lone surrogate.
        package var text: String? { JSONCursor.decoded(bytes, hasEscapes) }

        /// The bytes of the name, if they are ASCII and have no escapes; `nil` for every other name.
        var plainASCII: ArraySlice<UInt8>? {
            hasEscapes || !bytes.allSatisfy { $0 < 0x80 } ? nil : bytes
        }
    }

    private let bytes: [UInt8]
    private let mostDepth: Int
    private var depth = 0
    /// Hashes of the names of every open object, the innermost last.
    private var hashes: [UInt64] = []

    /// - Throws: ``JSONParsingError`` when the text is empty or too large.
    package init(_ bytes: [UInt8], limits: JSONDocument.Limits) throws(JSONParsingError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.bytes = bytes
        mostDepth = limits.depth
        offset = bytes.starts(with: mark) ? mark.count : 0
        guard bytes.count <= limits.bytes else { throw error("the text is larger than \(limits.bytes) bytes") }
        skipSpace()
        guard offset < bytes.count else { throw error("the text is empty") }
    }

    /// The offset of the next value in the text, in bytes.
    package private(set) var offset: Int

    /// The kind of the next value, judged by its first byte; `nil` when no value begins with that byte.
    package var kind: JSONView.Kind? {
        guard let current else { return nil }
        return switch current {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        default: nil
        }
    }

    /// Checks that the whole text was read.
    ///
    /// - Throws: ``JSONParsingError`` when anything follows the value.
    package mutating func end() throws(JSONParsingError) {
        guard offset == bytes.count else { throw error("unexpected text after the value") }
    }

    /// Reads an object and calls `member` for each of its members; a value that `member` does not read is skipped.
    ///
    /// - Throws: ``JSONParsingError``, also when the next value is not an object.
    package mutating func object(
        _ member: (Name, inout JSONCursor) throws(JSONParsingError) -> Void
    ) throws(JSONParsingError) {
        let firstHash = hashes.count
        try open(UInt8(ascii: "{"), "an object")
        if current == UInt8(ascii: "}") { return close() }
        while true {
            guard current == UInt8(ascii: "\"") else { throw error("expected a member name") }
            let (content, hasEscapes) = try scanString()
            let name = Name(bytes: content, hasEscapes: hasEscapes)
            try keep(Self.hash(name), from: firstHash)
            skipSpace()
            try take(UInt8(ascii: ":"), "expected `:`")
            try readOrSkip { cursor throws(JSONParsingError) in try member(name, &cursor) }
            if current == UInt8(ascii: "}") { break }
            try take(UInt8(ascii: ","), "expected `,` or `}`")
        }
        try refuseDuplicates(from: firstHash)
        hashes.removeLast(hashes.count - firstHash)
        close()
    }

    /// Reads an array and calls `element` for each of its elements; one that `element` does not read is skipped.
    ///
    /// - Throws: ``JSONParsingError``, also when the next value is not an array.
    package mutating func array(
        _ element: (inout JSONCursor) throws(JSONParsingError) -> Void
    ) throws(JSONParsingError) {
        try open(UInt8(ascii: "["), "an array")
        if current == UInt8(ascii: "]") { return close() }
        while true {
            try readOrSkip(element)
            if current == UInt8(ascii: "]") { break }
            try take(UInt8(ascii: ","), "expected `,` or `]`")
        }
        close()
    }

    /// Reads a value of any kind; `nil` unless it is a string that can be represented.
    package mutating func string() throws(JSONParsingError) -> String? {
        guard current == UInt8(ascii: "\"") else {
            try skip()
            return nil
        }
        let (content, hasEscapes) = try scanString()
        skipSpace()
        return Self.decoded(content, hasEscapes)
    }

    /// Reads and discards a value of any kind.
    package mutating func skip() throws(JSONParsingError) {
        switch current {
        // Recursion is bounded by the depth that `open` allows.
        case UInt8(ascii: "{"): try object { _, _ in }
        case UInt8(ascii: "["): try array { _ in }
        case UInt8(ascii: "\""):
            _ = try scanString()
            skipSpace()
        case UInt8(ascii: "t"): try takeWord("true")
        case UInt8(ascii: "f"): try takeWord("false")
        case UInt8(ascii: "n"): try takeWord("null")
        default: try skipNumber()
        }
    }

    private mutating func readOrSkip(
        _ read: (inout JSONCursor) throws(JSONParsingError) -> Void
    ) throws(JSONParsingError) {
        let start = offset
        try read(&self)
        if offset == start { try skip() }
        skipSpace()
    }

    private mutating func open(_ bracket: UInt8, _ what: String) throws(JSONParsingError) {
        guard current == bracket else { throw error("expected \(what)") }
        depth += 1
        guard depth <= mostDepth else { throw error("nested deeper than \(mostDepth) levels") }
        offset += 1
        skipSpace()
    }

    private mutating func close() {
        depth -= 1
        offset += 1
        skipSpace()
    }

    private mutating func take(_ byte: UInt8, _ message: String) throws(JSONParsingError) {
        guard current == byte else { throw error(message) }
        offset += 1
        skipSpace()
    }

    private mutating func takeWord(_ word: String) throws(JSONParsingError) {
        guard bytes[offset...].starts(with: word.utf8) else { throw error("expected a value") }
        offset += word.utf8.count
        skipSpace()
    }

    /// Records the hash of a member name of the innermost object, whose hashes begin at index `first`.
    ///
    /// The array grows by a quarter, because doubling needs three times the memory while it copies. It grows only after
    /// duplicates were refused, so only for different names.
    private mutating func keep(_ hash: UInt64, from first: Int) throws(JSONParsingError) {
        if hashes.count == hashes.capacity {
            try refuseDuplicates(from: first)
            hashes.reserveCapacity(hashes.count + hashes.count / 4 + 8)
        }
        hashes.append(hash)
    }

    /// Refuses an object in which two names have the same hash.
    ///
    /// Equal names have equal hashes. Different names with the same hash are refused too, which is harmless.
    private mutating func refuseDuplicates(from first: Int) throws(JSONParsingError) {
        guard hashes.count - first > 1 else { return }
        hashes[first...].sort()
        for index in (first + 1)..<hashes.count where hashes[index] == hashes[index - 1] {
            throw error("duplicate object key")
        }
    }

    // FNV-1a over the UTF-8 of the name after its escapes are decoded.
    private static func hash(_ name: Name) -> UInt64 {
        hash(name.hasEscapes ? unescaped(name.bytes)[...] : name.bytes)
    }

    /// The hash of a name, from the bytes between its quotes.
    static func hash(ofName content: ArraySlice<UInt8>) -> UInt64 { hash(unescaped(content)[...]) }

    private static func hash(_ plain: ArraySlice<UInt8>) -> UInt64 {
        plain.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    private mutating func skipNumber() throws(JSONParsingError) {
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") {
            offset += 1
        } else {
            try takeDigits()
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try takeDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try takeDigits()
        }
        skipSpace()
    }

    private mutating func takeDigits() throws(JSONParsingError) {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw error("expected a value") }
    }

    /// Reads a string and returns the bytes between its quotes.
    private mutating func scanString() throws(JSONParsingError) -> (content: ArraySlice<UInt8>, hasEscapes: Bool) {
        offset += 1
        let start = offset
        var hasEscapes = false
        var isASCII = true
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw error("a control character in a string") }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try skipEscape()
            } else {
                offset += 1
            }
        }
        guard offset < bytes.count else { throw error("unterminated string") }
        let content = bytes[start..<offset]
        guard isASCII || String(validating: content, as: UTF8.self) != nil else { throw error("not UTF-8") }
        offset += 1
        return (content, hasEscapes)
    }

    private mutating func skipEscape() throws(JSONParsingError) {
        offset += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 1
        case UInt8(ascii: "u"):
            guard Self.codeUnit(bytes[offset...].dropFirst().prefix(4)) != nil else { throw error("invalid escape") }
            offset += 5
        default: throw error("invalid escape")
        }
    }

    private static func codeUnit(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard digits.count == 4 else { return nil }
        var unit: UInt16 = 0
        for byte in digits {
            guard let digit = hexDigit(byte) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static func decoded(_ content: ArraySlice<UInt8>, _ hasEscapes: Bool) -> String? {
        guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
        let plain = unescaped(content)
        // `unescaped` encodes a lone surrogate in three bytes that are not valid UTF-8.
        return plain.contains(0) ? nil : String(validating: plain, as: UTF8.self)
    }

    /// The content of a string in UTF-8, with escapes decoded; a lone surrogate becomes the three bytes of its code
    /// point.
    private static func unescaped(_ content: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(content.count)
        var rest = content
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                plain.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0C)
            case UInt8(ascii: "n"): plain.append(0x0A)
            case UInt8(ascii: "r"): plain.append(0x0D)
            case UInt8(ascii: "t"): plain.append(0x09)
            case UInt8(ascii: "u"): appendCodeUnit(from: &rest, to: &plain)
            default: plain.append(escape)
            }
        }
        return plain
    }

    private static func appendCodeUnit(from rest: inout ArraySlice<UInt8>, to plain: inout [UInt8]) {
        guard let unit = codeUnit(rest.prefix(4)) else { return }
        rest = rest.dropFirst(4)
        var scalar = UInt32(unit)
        let following = rest.dropFirst(2)
        if (0xD800...0xDBFF).contains(unit), rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]),
            let low = codeUnit(following.prefix(4)), (0xDC00...0xDFFF).contains(low)
        {
            scalar = 0x10000 + (UInt32(unit - 0xD800) << 10 | UInt32(low - 0xDC00))
            rest = following.dropFirst(4)
        }
        switch scalar {
        case ..<0x80: plain.append(UInt8(scalar))
        case ..<0x800: plain += [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 0x3F)]
        case ..<0x10000:
            plain += [0xE0 | UInt8(scalar >> 12), 0x80 | UInt8(scalar >> 6 & 0x3F), 0x80 | UInt8(scalar & 0x3F)]
        default:
            plain += [
                0xF0 | UInt8(scalar >> 18), 0x80 | UInt8(scalar >> 12 & 0x3F), 0x80 | UInt8(scalar >> 6 & 0x3F),
                0x80 | UInt8(scalar & 0x3F),
            ]
        }
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private var current: UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    /// An error at the current offset.
    private func error(_ message: String) -> JSONParsingError {
        let before = bytes.prefix(offset)
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONParsingError(message: message, line: line, column: before.count - lineStart + 1)
    }
}
