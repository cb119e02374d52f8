// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The path of a request in canonical form, computed once when the request is read.
///
/// A path that another program might interpret differently is refused: relative and empty paths, paths longer than 8
/// KiB, empty and dot segments, spaces, `;`, `\`, `#`, control and non-ASCII bytes, broken percent-encoding,
/// percent-encoded bytes that are not UTF-8 (some servers decode overlong forms of `.` and `/`), and the
/// percent-encoding of `/`, `\`, `.`, `;`, `%`, a control character or any unreserved character. The other spellings of a
/// path become one: characters that a segment may contain (RFC 3986 section 3.3) are decoded, and all others are
/// percent-encoded in upper case, including those that browsers do not encode.
public struct RequestPath: Sendable, Hashable, CustomStringConvertible {
    /// The canonical path, without a trailing slash unless it is the root.
    public let description: String
    /// The path with its trailing slash, if the request had one.
    ///
    /// Hosts route both forms to one handler, so rules that
    /// deny or require apply to both.
    package let withSlash: String?

    /// Reads the path of a request target, without its query; `nil` when it is refused.
    package init?(_ received: String) {
        guard let canonical = Self.canonical(received) else { return nil }
        self.init(canonical: canonical)
    }

    /// The path of a resource identifier, which an operator wrote; a path that no request can have is kept unchanged.
    package init(of url: HTTPURL) {
        self.init(canonical: Self.canonical(url.path) ?? url.path)
    }

    private init(canonical: String) {
        let hasSlash = canonical.utf8.count > 1 && canonical.utf8.last == UInt8(ascii: "/")
        description = hasSlash ? String(canonical.dropLast()) : canonical
        withSlash = hasSlash ? canonical : nil
    }

    /// The path without a trailing slash; empty for the root.
    var prefix: String { description == "/" ? "" : description }

    /// Whether a path is this path or below it: `/notes` contains `/notes` and `/notes/1`, not `/notes2`.
    package func contains(_ other: RequestPath) -> Bool {
        let own = prefix.utf8
        return other.description.utf8.starts(with: own)
            && [nil, UInt8(ascii: "/")].contains(other.description.utf8.dropFirst(own.count).first)
    }

    /// The canonical form of a path; `nil` if it is refused.
    ///
    /// A trailing slash is kept.
    package static func canonical(_ path: String) -> String? {
        var path = path
        guard !path.utf8.contains(UInt8(ascii: "%")) || String(validating: decoded(path.utf8), as: UTF8.self) != nil
        else {
            return nil
        }
        return switch path.withUTF8({ unsafe spelling($0) }) {
        case .canonical: path
        case .another: respelled(path)
        case .refused: nil
        }
    }

    /// A path, or a part of it, decoded and with case folded, as a host that ignores case sees it.
    ///
    /// Only for comparisons that restrict a caller.
    package static func folded(_ part: some Sequence<UInt8>) -> String {
        caseFolded(String(decoding: decoded(part), as: UTF8.self))
    }

    /// A text with case folded.
    package static func caseFolded(_ text: String) -> String {
        // Three conversions, because one does not make all letters equal that differ in case: `ẞ`, `ß` and `SS` are
        // one.
        text.lowercased().uppercased().lowercased()
    }

    /// The bytes of a part of a path, with percent-encoding decoded.
    package static func decoded(_ part: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(part)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
                let low = hex(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }

    private enum Spelling {
        case canonical
        /// It may not be canonical.
        case another
        case refused
    }

    private static func respelled(_ path: String) -> String {
        let bytes = Array(path.utf8)
        var respelled: [UInt8] = []
        respelled.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
                let low = hex(bytes[index + 2])
            {
                if standsForItself(high << 4 | low) {
                    respelled.append(high << 4 | low)
                } else {
                    respelled += [bytes[index], digits[Int(high)], digits[Int(low)]]
                }
                index += 3
            } else if mustBeEncoded(bytes[index]) {
                respelled += [UInt8(ascii: "%"), digits[Int(bytes[index] >> 4)], digits[Int(bytes[index] & 0x0F)]]
                index += 1
            } else {
                respelled.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: respelled, as: UTF8.self)
    }

    /// Whether the character may be unencoded in a segment; for characters that are not unreserved.
    private static func standsForItself(_ byte: UInt8) -> Bool { "!$&'()*+,=:@".utf8.contains(byte) }

    /// Whether a segment must not contain the character unencoded, although some clients send it so.
    private static func mustBeEncoded(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Reads each byte once, because this runs for every request.
    private static func spelling(_ bytes: UnsafeBufferPointer<UInt8>) -> Spelling {
        guard unsafe bytes.first == UInt8(ascii: "/"), bytes.count <= 8 * 1024 else { return .refused }
        var spelling = Spelling.canonical
        var segmentStart = 1
        var index = 1
        while index < bytes.count {
            let byte = unsafe bytes[index]
            switch byte {
            case UInt8(ascii: "/"):
                guard index > segmentStart, unsafe isSegment(bytes[segmentStart..<index]) else { return .refused }
                segmentStart = index + 1
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = unsafe hex(bytes[index + 1]),
                    let low = unsafe hex(bytes[index + 2]), !changesMeaning(high << 4 | low)
                else { return .refused }
                spelling = .another
                index += 2
            case UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "?"), 0...0x20, 0x7F...0xFF:
                return .refused
            default:
                if mustBeEncoded(byte) { spelling = .another }
            }
            index += 1
        }
        return unsafe isSegment(bytes[segmentStart...]) ? spelling : .refused
    }

    /// Whether a segment is neither `.` nor `..`.
    private static func isSegment(_ segment: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        unsafe !((1...2).contains(segment.count) && segment.allSatisfy { $0 == UInt8(ascii: ".") })
    }

    private static func changesMeaning(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: ";"), UInt8(ascii: "%"), 0...0x1F:
            true
        default: false
        }
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
