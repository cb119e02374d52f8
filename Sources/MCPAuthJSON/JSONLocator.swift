// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Finds the position of the value that a JSON Pointer names in a JSON text, for error messages.
///
/// Jansson does not keep the positions of values, so the text is scanned again after an error was found. The text must
/// be valid JSON. When the pointer names nothing, the position is the start of the text.
package struct JSONLocator {
    /// A place in a text, counted from 1; columns count bytes.
    package struct Position: Hashable, Sendable {
        package let line: Int
        package let column: Int
    }

    /// Which part of a member is located.
    package enum Part: Sendable {
        case name
        case value
    }

    private let bytes: [UInt8]
    private var offset = 0

    /// The position of the value that `pointer` names, or of its member name.
    package static func position(of pointer: JSONPointer, part: Part = .value, in bytes: [UInt8]) -> Position {
        // Editors do not count a byte order mark as a column.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        var locator = JSONLocator(bytes: bytes)
        return position(of: locator.offset(of: pointer.tokens[...], part: part) ?? 0, in: bytes)
    }

    /// The position of a byte.
    package static func position(of offset: Int, in bytes: [UInt8]) -> Position {
        let before = bytes.prefix(offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return Position(line: line, column: offset - lineStart + 1)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func offset(of tokens: ArraySlice<String>, part: Part) -> Int? {
        skipSpace()
        guard let token = tokens.first else { return offset }
        let rest = tokens.dropFirst()
        switch current {
        case UInt8(ascii: "{"):
            return offsetInObject(token, rest, part)
        case UInt8(ascii: "["):
            return offsetInArray(token, rest, part)
        default:
            return nil
        }
    }

    private mutating func offsetInObject(_ token: String, _ rest: ArraySlice<String>, _ part: Part) -> Int? {
        offset += 1
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { return nil }
            let nameOffset = offset
            skipString()
            let name = try? JSONDocument(parsing: Array(bytes[nameOffset..<offset]), limits: .file).root.string
            skipSpace()
            offset += 1
            if name?.utf8.elementsEqual(token.utf8) ?? false {
                return rest.isEmpty && part == .name ? nameOffset : self.offset(of: rest, part: part)
            }
            guard skipToNextElement() else { return nil }
        }
    }

    private mutating func offsetInArray(_ token: String, _ rest: ArraySlice<String>, _ part: Part) -> Int? {
        guard let index = JSONPointer.arrayIndex(token) else { return nil }
        offset += 1
        for _ in 0..<index {
            guard skipToNextElement() else { return nil }
        }
        return offset(of: rest, part: part)
    }

    /// Skips one value and the comma after it; false at the end of the array or object.
    private mutating func skipToNextElement() -> Bool {
        var level = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                level += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if level == 0 { return false }
                level -= 1
            case UInt8(ascii: ",") where level == 0:
                offset += 1
                return true
            default:
                break
            }
            offset += 1
        }
        return false
    }

    private mutating func skipString() {
        offset += 1
        while let byte = current, byte != UInt8(ascii: "\"") {
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        offset += 1
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
    }

    private var current: UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }
}
