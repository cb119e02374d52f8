// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Finds values in a JSON text that was read before, so that it is known to be valid and to have no duplicate names.
///
/// Reads forward once and checks nothing again. For a few values of a text that ``JSONCursor`` has accepted; the policy
/// benchmark prints what it saves.
package struct ValidJSON {
    /// The offset of the next value.
    package private(set) var offset: Int

    package init(_ bytes: Span<UInt8>, from offset: Int) {
        self.offset = offset
        skipSpace(bytes)
    }

    private func current(_ bytes: Span<UInt8>) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    package func isObject(_ bytes: Span<UInt8>) -> Bool { current(bytes) == UInt8(ascii: "{") }
    package func isArray(_ bytes: Span<UInt8>) -> Bool { current(bytes) == UInt8(ascii: "[") }

    /// Enters an object or array; false if it is empty, and then it was read to its end.
    package mutating func enter(_ bytes: Span<UInt8>) -> Bool {
        offset += 1
        skipSpace(bytes)
        guard current(bytes) == UInt8(ascii: "}") || current(bytes) == UInt8(ascii: "]") else { return true }
        offset += 1
        skipSpace(bytes)
        return false
    }

    /// Goes on after an element or a member; false at the end of the array or object.
    package mutating func next(_ bytes: Span<UInt8>) -> Bool {
        let hasNext = current(bytes) == UInt8(ascii: ",")
        offset += 1
        skipSpace(bytes)
        return hasNext
    }

    /// Reads the name of a member, up to its value.
    package mutating func name(_ bytes: Span<UInt8>, among names: MemberNames) -> MemberNames.Match {
        let start = offset + 1
        let isPlain = skipString(bytes)
        let content = start..<offset - 1
        skipSpace(bytes)
        offset += 1
        skipSpace(bytes)
        if isPlain, let match = names.match(ascii: bytes.extracting(content)) { return match }
        return names.match(JSONCursor.Name(content: copy(bytes, content)))
    }

    /// Reads and discards a value.
    package mutating func skip(_ bytes: Span<UInt8>) {
        var depth = 0
        repeat {
            switch current(bytes) {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                offset += 1
            case UInt8(ascii: "\""): _ = skipString(bytes)
            case UInt8(ascii: ","), UInt8(ascii: ":"): offset += 1
            default: while offset < bytes.count, !Self.endsScalar(bytes[offset]) { offset += 1 }
            }
            skipSpace(bytes)
        } while depth > 0 && offset < bytes.count
    }

    /// Reads a scalar, or an array of scalars.
    ///
    /// An object becomes an empty one, also as an element. What is beyond the limits, or cannot be represented, becomes
    /// ``JSON/unrepresentable``.
    ///
    /// - Parameters:
    ///   - mostBytes: The maximum length of a string.
    ///   - mostElements: The maximum number of elements.
    package mutating func value(_ bytes: Span<UInt8>, mostBytes: Int, mostElements: Int) -> JSON {
        guard isArray(bytes) else { return scalar(bytes, mostBytes) }
        var elements: [JSON] = []
        var count = 0
        guard enter(bytes) else { return .array([]) }
        repeat {
            count += 1
            if count <= mostElements { elements.append(scalar(bytes, mostBytes)) } else { skip(bytes) }
        } while next(bytes)
        return count <= mostElements ? .array(elements) : .unrepresentable
    }

    private mutating func scalar(_ bytes: Span<UInt8>, _ mostBytes: Int) -> JSON {
        let start = offset
        switch current(bytes) {
        case UInt8(ascii: "\""):
            _ = skipString(bytes)
            let content = start + 1..<offset - 1
            skipSpace(bytes)
            guard content.count <= mostBytes else { return .unrepresentable }
            return JSONCursor.Name(content: copy(bytes, content)).text.map(JSON.string) ?? .unrepresentable
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            let first = current(bytes)
            skip(bytes)
            return first == UInt8(ascii: "n") ? .null : .boolean(first == UInt8(ascii: "t"))
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            skip(bytes)
            return .object([:])
        default: return number(bytes)
        }
    }

    private mutating func number(_ bytes: Span<UInt8>) -> JSON {
        let start = offset
        var integer: Int64? = 0
        let isNegative = current(bytes) == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        while offset < bytes.count, let digit = Self.digit(bytes[offset]) {
            integer = integer.flatMap { Self.appending(isNegative ? -digit : digit, to: $0) }
            offset += 1
        }
        guard offset < bytes.count, !Self.endsScalar(bytes[offset]) else {
            skipSpace(bytes)
            return integer.map(JSON.integer) ?? .unrepresentable
        }
        while offset < bytes.count, !Self.endsScalar(bytes[offset]) { offset += 1 }
        let text = String(decoding: copy(bytes, start..<offset), as: UTF8.self)
        skipSpace(bytes)
        return Double(text).flatMap { $0.isFinite ? JSON.number($0) : nil } ?? .unrepresentable
    }

    private static func appending(_ digit: Int64, to value: Int64) -> Int64? {
        let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, isStillTooLarge) = product.addingReportingOverflow(digit)
        return isTooLarge || isStillTooLarge ? nil : sum
    }

    private static func digit(_ byte: UInt8) -> Int64? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }

    private func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(bytes[index]) }
        return copy
    }

    /// Reads a string with its quotes; true if it is ASCII without escapes.
    private mutating func skipString(_ bytes: Span<UInt8>) -> Bool {
        // In local variables, because most bytes of a body are in strings.
        var index = offset + 1
        var allBits: UInt8 = 0
        var hasEscape = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { break }
            allBits |= byte
            index += 1
            if byte == UInt8(ascii: "\\") {
                hasEscape = true
                index += 1
            }
        }
        offset = index + 1
        return !hasEscape && allBits < 0x80
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }
}
