// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The one canonicaliser of request paths.
///
/// A path either is canonical already or is refused: a path that another program might read differently has no
/// meaning here. Refused are relative and empty paths, empty and dot segments, `;`, `\`, `#`, control and non-ASCII
/// bytes, broken percent-encoding, and the percent-encoding of `/`, `\`, `.`, `;`, `%`, NUL or any unreserved
/// character.
package enum RequestPath {
    package static func isCanonical(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { unsafe isCanonical($0) }
    }

    private static func isCanonical(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard unsafe bytes.first == UInt8(ascii: "/"), bytes.count <= 8 * 1024 else { return false }
        var segmentStart = 1
        var index = 1
        while index < bytes.count {
            let byte = unsafe bytes[index]
            switch byte {
            case UInt8(ascii: "/"):
                guard index > segmentStart, unsafe isSegment(bytes[segmentStart..<index]) else { return false }
                segmentStart = index + 1
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = unsafe hex(bytes[index + 1]),
                    let low = unsafe hex(bytes[index + 2]), !changesMeaning(high << 4 | low)
                else { return false }
                index += 2
            case UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "?"), 0...0x20, 0x7F...0xFF:
                return false
            default:
                break
            }
            index += 1
        }
        return unsafe isSegment(bytes[segmentStart...])
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
