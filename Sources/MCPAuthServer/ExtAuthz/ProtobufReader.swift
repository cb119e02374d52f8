// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of a Protocol Buffers message, one after the other.
///
/// By hand, because of Envoy's messages a dozen fields are needed, and their generated code with all that they import is
/// some thousand lines.
package struct ProtobufReader {
    /// The value of a field; fixed-size numbers are skipped.
    package enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed
    }

    /// The message ends within a field, or has a field of a kind that no longer exists.
    package struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The number and the value of the next field; `nil` at the end.
    package mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        guard let field = Int(exactly: key >> 3), field > 0 else { throw Malformed() }
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1:
            _ = try take(8)
            return (field, .fixed)
        case 2:
            guard let count = Int(exactly: try varint()) else { throw Malformed() }
            return (field, .bytes(try take(count)))
        case 5:
            _ = try take(4)
            return (field, .fixed)
        default: throw Malformed()
        }
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            guard shift < 63 || byte <= 1 else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// Writes the fields of a Protocol Buffers message.
package struct ProtobufWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func number(_ value: UInt64, _ field: Int) {
        varint(UInt64(field) << 3)
        varint(value)
    }

    package mutating func text(_ value: String, _ field: Int) {
        bytes(Array(value.utf8), field)
    }

    package mutating func bytes(_ value: [UInt8], _ field: Int) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    package mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var writer = ProtobufWriter()
        write(&writer)
        bytes(writer.bytes, field)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
