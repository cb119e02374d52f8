// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The path of a request in its one canonical spelling: made once, when a request is read.
///
/// A path that another program might read as something else is refused: relative and empty paths, empty and dot
/// segments, `;`, `\`, `#`, control and non-ASCII bytes, broken percent-encoding, and the percent-encoding of `/`, `\`,
/// `.`, `;`, `%`, NUL or any unreserved character. Of the spellings that clients do send for one path, there is one here:
/// what may stand for itself (RFC 3986 section 3.3) does, and other bytes are encoded in upper case, also those that
/// browsers leave as they are.
public struct RequestPath: Sendable, Hashable, CustomStringConvertible {
    /// The canonical path, without a slash at its end unless it is the root.
    public let description: String
    /// The same with the slash, where the request had one: hosts route both to one handler, so what either denies is
    /// denied.
    package let withSlash: String?

    /// Reads the path of a request target, without its query; `nil` when it is refused.
    package init?(_ received: String) {
        guard let canonical = Self.canonical(received) else { return nil }
        self.init(canonical: canonical)
    }

    /// The path of a resource identifier, which an operator wrote; one that no request can have is taken as it is.
    package init(of url: HTTPURL) {
        self.init(canonical: Self.canonical(url.path) ?? url.path)
    }

    private init(canonical: String) {
        let hasSlash = canonical.utf8.count > 1 && canonical.utf8.last == UInt8(ascii: "/")
        description = hasSlash ? String(canonical.dropLast()) : canonical
        withSlash = hasSlash ? canonical : nil
    }

    /// Without any slash at the end: empty for the root.
    var prefix: String { description == "/" ? "" : description }

    /// Whether it is this path or one below it: `/notes` contains `/notes` and `/notes/1`, not `/notes2`.
    package func contains(_ other: RequestPath) -> Bool {
        let own = prefix.utf8
        return other.description.utf8.starts(with: own)
            && [nil, UInt8(ascii: "/")].contains(other.description.utf8.dropFirst(own.count).first)
    }

    /// The one spelling of a path; `nil` when it is refused.
    ///
    /// A slash at the end stays.
    package static func canonical(_ path: String) -> String? {
        var path = path
        return switch path.withUTF8({ unsafe spelling($0) }) {
        case .canonical: path
        case .another: respelled(path)
        case .refused: nil
        }
    }

    /// The path, or a part of it, as a host sees it that ignores case: decoded, and one letter for each in whatever case.
    ///
    /// For comparisons that count against a caller only.
    package static func folded(_ part: some Sequence<UInt8>) -> String {
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
        // Three times, since some letters have a case of their own: `ẞ`, `ß` and `SS` are one.
        return String(decoding: decoded, as: UTF8.self).lowercased().uppercased().lowercased()
    }

    private enum Spelling {
        case canonical
        /// Perhaps not the canonical one.
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

    /// The characters of a segment that are neither unreserved nor refused.
    private static func standsForItself(_ byte: UInt8) -> Bool { "!$&'()*+,=:@".utf8.contains(byte) }

    /// What no segment may have as it is, and some clients send.
    private static func mustBeEncoded(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    /// One look at each byte, since every request has it.
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
