// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// Finds the mistakes in a hand-written text that is not JSON (RFC 8259), and explains them in plain words.
///
/// The parser reports only the token after which it stopped. This check runs on texts that the parser has refused; if
/// it finds nothing, the message of the parser is used. Messages repeat nothing of the text except single punctuation
/// marks, because a value may be a secret. Time is linear in the length of the text, and there is no recursion. After a
/// mistake with only one possible meaning (an extra or missing comma, a comment, a duplicate key), it continues, so
/// that the author sees more than the first mistake.
struct JSONSyntaxCheck {
    /// One mistake and its place.
    struct Mistake: Error, Equatable {
        let message: String
        /// The offset from the start of the text, in bytes.
        let offset: Int
        var isDuplicate = false
    }

    /// An open array or object.
    private struct Level {
        let isObject: Bool
        let opening: Int
        /// The member names of an object, with their offsets.
        var names: [ArraySlice<UInt8>: Int] = [:]

        var closing: UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }
    }

    /// What may come next.
    private enum Expectation {
        case value
        /// A value, or the end of an array that is empty.
        case firstElement
        case name
        /// A name, or the end of an object that is empty.
        case firstName
        case commaOrEnd
    }

    private let bytes: [UInt8]
    private let mostDepth: Int
    private var offset = 0
    private var levels: [Level] = []
    /// The mistakes after which reading can continue.
    private var noted: [Mistake] = []
    private var hasComment = false

    private init(_ bytes: [UInt8], mostDepth: Int) {
        self.bytes = bytes
        self.mostDepth = mostDepth
    }

    /// The mistakes in the order of the text, up to the first after which reading cannot continue; empty if none is
    /// found.
    static func mistakes(in bytes: [UInt8], mostDepth: Int) -> [Mistake] {
        var check = JSONSyntaxCheck(bytes, mostDepth: mostDepth)
        do throws(Mistake) {
            try check.lookAtEncoding()
            try check.lookAtText()
        } catch {
            check.noted.append(error)
        }
        return check.noted.sorted { $0.offset < $1.offset }
    }

    private func lookAtEncoding() throws(Mistake) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Mistake(message: "the text is UTF-16; save it as UTF-8", offset: 0)
        }
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        throw Mistake(message: "this byte is not UTF-8; save the file as UTF-8", offset: offset)
    }

    private mutating func lookAtText() throws(Mistake) {
        var expectation = Expectation.value
        while noted.count < Mistakes.most {
            switch expectation {
            case .value:
                skipSpace()
                expectation = try readValue()
            case .firstElement, .firstName:
                skipSpace()
                if let level = levels.last, current == level.closing {
                    close()
                    expectation = .commaOrEnd
                } else {
                    expectation = expectation == .firstName ? try readName() : try readValue()
                }
            case .name:
                skipSpace()
                expectation = try readName()
            case .commaOrEnd:
                let end = offset
                skipSpace()
                guard let level = levels.last else { return try lookAtEnd() }
                expectation = try readCommaOrEnd(of: level, after: end)
            }
        }
    }

    private func lookAtEnd() throws(Mistake) {
        guard let current else { return }
        switch current {
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            throw mistake("this `\(Self.text(current))` does not close anything")
        case UInt8(ascii: ","):
            throw mistake("the document ends before this `,`; remove it")
        default:
            throw mistake("the document ends before this; a file has one object")
        }
    }

    private mutating func readCommaOrEnd(of level: Level, after end: Int) throws(Mistake) -> Expectation {
        guard let byte = current else { throw notClosed(level) }
        switch byte {
        case level.closing:
            close()
            return .commaOrEnd
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let (opened, closing) = (level.isObject ? "{" : "[", Self.text(level.closing))
            throw mistake(
                "expected `\(closing)`, since `\(opened)` was opened at \(place(level.opening)), "
                    + "found `\(Self.text(byte))`"
            )
        case UInt8(ascii: ","):
            let comma = offset
            offset += 1
            skipSpace()
            switch current {
            case UInt8(ascii: ","): throw mistake("there is nothing between two commas; remove one")
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                noted.append(Mistake(message: "nothing comes after this comma; remove it", offset: comma))
                return .commaOrEnd
            default: return level.isObject ? .name : .value
            }
        case UInt8(ascii: ";"): throw mistake("found `;`, expected `,`")
        case UInt8(ascii: ":"):
            let hint = level.isObject ? "" : "; the `[` at \(place(level.opening)) may not be closed"
            throw mistake("found `:`, expected `,` or `\(Self.text(level.closing))`\(hint)")
        case UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: ">"):
            if isConflictMarker { throw mistake("this is an unresolved merge conflict") }
            throw mistake("found `\(Self.text(byte))`, expected `,` or `\(Self.text(level.closing))`")
        default:
            let missing = Mistake(message: "a comma is missing after this", offset: end)
            let isNext = byte == UInt8(ascii: "\"") || (!level.isObject && (byte == 0x5B || byte == 0x7B))
            guard isNext else { throw missing }
            noted.append(missing)
            return level.isObject ? .name : .value
        }
    }

    // MARK: - Names and values

    private mutating func readName() throws(Mistake) -> Expectation {
        guard let byte = current else { throw levels.last.map(notClosed) ?? mistake("the text is empty") }
        let start = offset
        switch byte {
        case UInt8(ascii: "\""): break
        case UInt8(ascii: "'"): throw singleQuote
        case UInt8(ascii: ","): throw mistake("a key is missing before this comma")
        case UInt8(ascii: ":"): throw mistake("a key is missing before this `:`")
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            throw mistake("expected a key in double quotes, found `\(Self.text(byte))`")
        case UInt8(ascii: "]"): throw mistake("expected a key or `}`, found `]`")
        default:
            if isConflictMarker { throw mistake("this is an unresolved merge conflict") }
            try refuseOddCharacter()
            throw mistake("a key is written in double quotes, as in `\"id\"`")
        }
        let name = try readString()
        let index = levels.count - 1
        if let first = levels[index].names.updateValue(start, forKey: name) {
            let message = "this object already has this key, at \(place(first))"
            noted.append(Mistake(message: message, offset: start, isDuplicate: true))
        }
        let end = offset
        skipSpace()
        switch current {
        case UInt8(ascii: ":"): offset += 1
        case UInt8(ascii: "="): throw mistake("found `=`, expected `:` between a key and its value")
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), nil:
            throw Mistake(message: "this key has no value, expected `:` and a value", offset: start)
        default: throw Mistake(message: "a `:` is missing after this key", offset: end)
        }
        return .value
    }

    private mutating func readValue() throws(Mistake) -> Expectation {
        guard let byte = current else { throw levels.last.map(notClosed) ?? mistake("the text is empty") }
        switch byte {
        case UInt8(ascii: "{"): return try open(isObject: true)
        case UInt8(ascii: "["): return try open(isObject: false)
        case UInt8(ascii: "\""): _ = try readString()
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try readNumber()
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            try readWord()
        case UInt8(ascii: "'"): throw singleQuote
        case UInt8(ascii: "`"): throw mistake("a string is written in double quotes, not between backticks")
        case UInt8(ascii: ","): throw mistake("a value is missing before this comma")
        case UInt8(ascii: "}"), UInt8(ascii: "]"): throw mistake("a value is missing before this `\(Self.text(byte))`")
        case UInt8(ascii: ":"): throw mistake("found `:`, expected a value")
        default:
            if isConflictMarker { throw mistake("this is an unresolved merge conflict") }
            try refuseOddCharacter()
            throw mistake("expected a value; a string is written in double quotes")
        }
        return .commaOrEnd
    }

    private mutating func open(isObject: Bool) throws(Mistake) -> Expectation {
        guard levels.count < mostDepth else { throw mistake("nested deeper than \(mostDepth) levels") }
        levels.append(Level(isObject: isObject, opening: offset))
        offset += 1
        return isObject ? .firstName : .firstElement
    }

    private mutating func close() {
        levels.removeLast()
        offset += 1
    }

    /// Reads a string and returns what is between its quotes.
    private mutating func readString() throws(Mistake) -> ArraySlice<UInt8> {
        let start = offset
        offset += 1
        while let byte = current, byte != UInt8(ascii: "\"") {
            switch byte {
            case UInt8(ascii: "\\"): try readEscape()
            case 0x0A, 0x0D:
                let message = "this string is not closed on its line; a line break in a string is written `\\n`"
                throw Mistake(message: message, offset: start)
            case 0x09: throw mistake("a tab in a string is written `\\t`")
            case 0..<0x20: throw mistake("a control character in a string is written as an escape such as `\\u001B`")
            default: offset += 1
            }
        }
        guard current != nil else { throw Mistake(message: "this string is not closed", offset: start) }
        offset += 1
        return bytes[(start + 1)..<(offset - 1)]
    }

    private mutating func readEscape() throws(Mistake) {
        let start = offset
        offset += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 1
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: offset + 1) else {
                throw Mistake(message: "`\\u` is followed by four hexadecimal digits", offset: start)
            }
            offset += 5
            switch unit {
            case 0: throw Mistake(message: "a string must not have a NUL character (`\\u0000`)", offset: start)
            case 0xD800...0xDBFF:
                let isPair = bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
                guard isPair, let low = codeUnit(at: offset + 2), (0xDC00...0xDFFF).contains(low) else {
                    throw Mistake(message: "half of a surrogate pair is not a character", offset: start)
                }
                offset += 6
            case 0xDC00...0xDFFF: throw Mistake(message: "half of a surrogate pair is not a character", offset: start)
            default: break
            }
        default:
            throw Mistake(message: "JSON has no such escape; a backslash itself is written `\\\\`", offset: start)
        }
    }

    private func codeUnit(at start: Int) -> UInt32? {
        let digits = bytes[min(start, bytes.count)...].prefix(4)
        let isHexadecimal = digits.allSatisfy { Unicode.Scalar($0).properties.isASCIIHexDigit }
        guard digits.count == 4, isHexadecimal else { return nil }
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func readNumber() throws(Mistake) {
        let start = offset
        offset =
            bytes[start...].firstIndex { !Self.isWordByte($0) && ![0x2B, 0x2D, 0x2E].contains($0) } ?? bytes.count
        guard let fault = JSONNumberSyntax.fault(of: bytes[start..<offset]) else { return }
        throw Mistake(message: fault, offset: start)
    }

    private mutating func readWord() throws(Mistake) {
        let start = offset
        let end = bytes[start...].firstIndex { !Self.isWordByte($0) } ?? bytes.count
        let word = String(decoding: bytes[start..<end], as: UTF8.self)
        guard !["true", "false", "null"].contains(word) else {
            offset = end
            return
        }
        switch word.lowercased() {
        case "true", "yes", "on": noted.append(mistake("write `true`"))
        case "false", "no", "off": noted.append(mistake("write `false`"))
        case "null", "none", "nil", "undefined": noted.append(mistake("write `null`"))
        case "nan", "infinity", "inf": noted.append(mistake("JSON has no such number"))
        default:
            let advice = levels.isEmpty ? "a file has one object, which begins with `{`" : Self.quotes
            throw mistake(advice)
        }
        offset = end
    }

    private static let quotes = "a string is written in double quotes"

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: - Spaces and comments

    private mutating func skipSpace() {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case UInt8(ascii: "/")
            where [UInt8(ascii: "/"), UInt8(ascii: "*")].contains(bytes.dropFirst(offset + 1).first),
                UInt8(ascii: "#"):
                skipComment()
            default: return
            }
        }
    }

    /// Reports only the first comment: a file with one usually has many.
    private mutating func skipComment() {
        if !hasComment { noted.append(mistake("JSON has no comments; write a member `\"$comment\"` instead")) }
        hasComment = true
        let isBlock = bytes[offset...].starts(with: "/*".utf8)
        offset += isBlock ? 2 : 1
        while let byte = current, isBlock || (byte != 0x0A && byte != 0x0D) {
            if isBlock, bytes[offset...].starts(with: "*/".utf8) {
                offset += 2
                return
            }
            offset += 1
        }
    }

    /// Refuses characters that editors and word processors write instead of straight quotes and spaces.
    private func refuseOddCharacter() throws(Mistake) {
        let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first
        guard let scalar, !scalar.isASCII || !scalar.isVisible else { return }
        switch scalar {
        case "\u{2018}"..."\u{201F}", "\u{AB}", "\u{BB}", "\u{2039}", "\u{203A}", "\u{FF02}":
            throw mistake("this is a typographic quote; write a straight one, `\"`")
        case "\u{FEFF}": throw mistake("this is a byte order mark; remove it")
        case _ where !scalar.isVisible:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            throw mistake(
                "this is an invisible character (U+\(code)); remove it"
            )
        default: return
        }
    }

    private var isConflictMarker: Bool {
        ["<<<<<<<", "=======", ">>>>>>>"].contains { bytes[offset...].starts(with: $0.utf8) }
    }

    private var singleQuote: Mistake { mistake("a string is written in double quotes, not in single quotes") }

    private func notClosed(_ level: Level) -> Mistake {
        let opened = level.isObject ? "{" : "["
        return mistake("the text ends here, but `\(opened)` at \(place(level.opening)) is not closed")
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func mistake(_ message: String) -> Mistake { Mistake(message: message, offset: offset) }

    private func place(_ offset: Int) -> String {
        let position = JSONLocator.position(of: offset, in: bytes)
        return "line \(position.line), column \(position.column)"
    }

    private static func text(_ byte: UInt8) -> String { String(Unicode.Scalar(byte)) }
}
