// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Rewrites a JSON text so that Jansson can parse it despite values that it cannot represent.
///
/// RFC 8259 allows integers of any size, `1e400`, `\u0000` and lone surrogates; Jansson refuses a text that contains
/// one of them. Each such value is replaced with a string that contains a NUL, as no other string does, and each such
/// member name with one that begins with ``nameMark``. Everything else is copied unchanged, so Jansson still refuses
/// invalid JSON and duplicate member names. The time is linear in the length of the text.
struct LenientText {
    /// Replaces a number that is out of range.
    private static let value = Array(#""\u0000""#.utf8)
    /// U+FDD0, a noncharacter, followed by a hash of the name.
    static let nameMark: [UInt8] = [0xEF, 0xB7, 0x90]

    /// The rewritten text.
    private(set) var text: [UInt8] = []
    private let source: [UInt8]
    private var offset = 0

    init(_ source: [UInt8]) {
        self.source = source
        text.reserveCapacity(source.count + 64)
        while offset < source.count {
            switch source[offset] {
            case UInt8(ascii: "\""): copyString()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): copyNumber()
            default:
                text.append(source[offset])
                offset += 1
            }
        }
    }

    /// Copies a string with a NUL for each lone surrogate; a member name with a NUL is replaced.
    private mutating func copyString() {
        let start = text.count
        let first = offset + 1
        var hasNUL = false
        // Jansson does not see a replaced name, so an invalid name is copied unchanged for Jansson to refuse.
        var isJSON = true
        text.append(source[offset])
        offset += 1
        while offset < source.count, source[offset] != UInt8(ascii: "\"") {
            guard source[offset] == UInt8(ascii: "\\") else {
                if source[offset] < 0x20 { isJSON = false }
                text.append(source[offset])
                offset += 1
                continue
            }
            if let unit = codeUnit(at: offset) {
                copy(unit, &hasNUL)
            } else {
                if !Self.isShortEscape(source[(offset + 1)...].first) { isJSON = false }
                text += source[offset..<min(offset + 2, source.count)]
                offset += 2
            }
        }
        guard offset < source.count else { return }
        text.append(source[offset])
        offset += 1
        guard hasNUL, isJSON, isFollowedByColon else { return }
        // Equal names get equal replacements, so that Jansson refuses duplicates.
        let hash = JSONCursor.hash(ofName: source[first..<(offset - 1)])
        text.removeLast(text.count - start)
        text += [UInt8(ascii: "\"")] + Self.nameMark + Array("\(hash)\"".utf8)
    }

    private static func isShortEscape(_ byte: UInt8?) -> Bool {
        byte.map { "\"\\/bfnrt".utf8.contains($0) } ?? false
    }

    /// Copies a `\u` escape, or a pair of two that encodes one character.
    private mutating func copy(_ unit: UInt16, _ hasNUL: inout Bool) {
        switch unit {
        case 0xD800...0xDBFF:
            if let low = codeUnit(at: offset + 6), (0xDC00...0xDFFF).contains(low) {
                text += source[offset..<(offset + 12)]
                offset += 12
                return
            }
            hasNUL = true
        case 0, 0xDC00...0xDFFF: hasNUL = true
        default:
            text += source[offset..<(offset + 6)]
            offset += 6
            return
        }
        text += Array(#"\u0000"#.utf8)
        offset += 6
    }

    /// The code unit of the `\u` escape that begins at `start`; `nil` when there is none.
    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 6 <= source.count, source[start] == UInt8(ascii: "\\"), source[start + 1] == UInt8(ascii: "u")
        else {
            return nil
        }
        var unit: UInt16 = 0
        for byte in source[(start + 2)..<(start + 6)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    private var isFollowedByColon: Bool {
        let next = source[offset...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return next == UInt8(ascii: ":")
    }

    private mutating func copyNumber() {
        let end = source[offset...].firstIndex { !Self.isNumberByte($0) } ?? source.count
        let token = source[offset..<end]
        text += Self.isBeyondRange(token) ? Self.value : Array(token)
        offset = end
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Whether this is a number (RFC 8259 section 6) out of range: an integer beyond 64 bits, or an infinite double.
    private static func isBeyondRange(_ token: ArraySlice<UInt8>) -> Bool {
        var rest = token
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = digits(&rest)
        guard !whole.isEmpty, whole.first != UInt8(ascii: "0") || whole.count == 1 else { return false }
        let text = String(decoding: token, as: UTF8.self)
        if rest.isEmpty { return Int64(text) == nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard !digits(&rest).isEmpty else { return false }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard !digits(&rest).isEmpty else { return false }
        }
        return rest.isEmpty && !(Double(text)?.isFinite ?? false)
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }
}
