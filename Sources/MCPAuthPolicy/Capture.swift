// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// A segment of a path or URI that a pattern names, such as `{tenant}` in `/tenants/{tenant}/**`.
///
/// It matches what `*` matches as a whole segment. A pattern with captures has at most one `**`, so each capture has a
/// fixed position, counted from the beginning or from the end.
package struct Capture: Sendable, Hashable {
    package let name: String
    /// The number of segments before it, or after it if ``isFromEnd``.
    private let position: Int
    private let isFromEnd: Bool

    private static let slash = UInt8(ascii: "/")
    private static let longestName = 64

    /// The captures of a pattern without mistakes.
    static func all(in pattern: String) -> [Capture] {
        let segments = segments(of: pattern)
        let doubleStar = segments.firstIndex { doubleStars(in: $0) > 0 } ?? segments.count
        return segments.enumerated().compactMap { index, segment in
            guard let name = name(of: segment) else { return nil }
            let isFromEnd = index > doubleStar
            return Capture(name: name, position: isFromEnd ? segments.count - 1 - index : index, isFromEnd: isFromEnd)
        }
    }

    /// The pattern with a star in place of each capture.
    static func starred(_ pattern: String) -> String {
        segments(of: pattern).map { name(of: $0) == nil ? $0 : "*" }.joined(separator: "/")
    }

    /// What is wrong with the captures of a pattern; `nil` if nothing is.
    static func mistake(in pattern: String) -> String? {
        let segments = segments(of: pattern)
        for segment in segments
        where segment.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) {
            guard let inner = braced(segment), !inner.contains("{"), !inner.contains("}") else {
                return "`\(segment.printable)`: a capture is a whole segment, such as `{tenant}`"
            }
            guard name(of: segment) != nil else {
                return
                    "`\(segment.printable)`: the name of a capture has lower-case letters, digits and `_`, begins with "
                    + "a letter, and has at most \(longestName) bytes"
            }
        }
        let captures = all(in: pattern)
        var names = Set<String>()
        if let twice = captures.first(where: { !names.insert($0.name).inserted }) {
            return "it captures `\(twice.name)` twice"
        }
        guard !captures.isEmpty, doubleStars(in: pattern) > 1 else { return nil }
        return "a pattern with captures has at most one `**`"
    }

    private static func doubleStars(in pattern: String) -> Int {
        var (count, run) = (0, 0)
        for byte in pattern.utf8 {
            run = byte == UInt8(ascii: "*") ? run + 1 : 0
            if run == 2 { count += 1 }
        }
        return count
    }

    // Split at bytes: a combining mark after `/` would hide the slash among characters.
    private static func segments(of pattern: String) -> [String] {
        pattern.utf8.split(separator: slash, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func braced(_ segment: String) -> String? {
        guard segment.utf8.count > 1, segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
        return String(segment.dropFirst().dropLast())
    }

    private static func name(of segment: String) -> String? {
        guard let name = braced(segment), (1...longestName).contains(name.utf8.count),
            let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            name.utf8.allSatisfy({ isNameByte($0) })
        else { return nil }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    // MARK: Values

    /// The segment of a text that matches the pattern, percent-decoded; `nil` if it could be read in another way.
    ///
    /// That is an empty segment, one that is not UTF-8 when it is decoded or then contains a separator, and the authority
    /// of a URI with user information or a port.
    func value(in text: String) -> String? {
        let bytes = text.utf8
        guard let range = isFromEnd ? Self.segment(position, fromEndOf: bytes) : Self.segment(position, of: bytes)
        else {
            return nil
        }
        let segment = bytes[range]
        let isAuthority = Self.isAuthority(range, in: bytes)
        guard !segment.isEmpty, !(isAuthority && segment.contains { Self.splitsAuthority($0) }) else { return nil }
        guard segment.contains(UInt8(ascii: "%")) else {
            return segment.contains { Self.couldSplit($0) } ? nil : String(text[range])
        }
        let decoded = RequestPath.decoded(segment)
        return decoded.contains { Self.couldSplit($0) } ? nil : String(validating: decoded, as: UTF8.self)
    }

    private static func splitsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "@") || byte == UInt8(ascii: ":")
    }

    /// Whether a server may end or split a segment at the byte, or decode it once more.
    private static func couldSplit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "%"): true
        default: byte < 0x20
        }
    }

    /// Whether a segment is between `//` after a scheme and the next slash.
    private static func isAuthority(_ range: Range<String.Index>, in bytes: String.UTF8View) -> Bool {
        let before = bytes[..<range.lowerBound]
        guard before.suffix(3).elementsEqual("://".utf8) else { return false }
        return before.count { $0 == slash } == 2
    }

    private static func segment(_ index: Int, of bytes: String.UTF8View) -> Range<String.Index>? {
        var start = bytes.startIndex
        for _ in 0..<index {
            guard let slash = bytes[start...].firstIndex(of: slash) else { return nil }
            start = bytes.index(after: slash)
        }
        return start..<(bytes[start...].firstIndex(of: slash) ?? bytes.endIndex)
    }

    private static func segment(_ index: Int, fromEndOf bytes: String.UTF8View) -> Range<String.Index>? {
        var end = bytes.endIndex
        for _ in 0..<index {
            guard let slash = bytes[..<end].lastIndex(of: slash) else { return nil }
            end = slash
        }
        let slash = bytes[..<end].lastIndex(of: slash)
        return (slash.map { bytes.index(after: $0) } ?? bytes.startIndex)..<end
    }
}
