// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore

/// A span and its trace, as two header fields name them (W3C Trace Context, level 1).
///
/// A client can send any value, so no decision depends on it.
package struct TraceContext: Sendable, Hashable {
    /// Identifies a trace: 16 bytes, not all zero.
    package struct TraceID: Sendable, Hashable, CustomStringConvertible {
        package let high: UInt64
        package let low: UInt64

        /// 32 hexadecimal digits.
        package var description: String { high.hexadecimal(16) + low.hexadecimal(16) }
    }

    package let traceID: TraceID
    /// Identifies the span within the trace; not zero.
    package let spanID: UInt64
    /// Whether the span is recorded.
    package let isSampled: Bool
    /// What tracing systems on the way added: `tracestate`, or nothing.
    package let state: String

    static let parentField = "traceparent"
    static let stateField = "tracestate"

    package init(traceID: TraceID, spanID: UInt64, isSampled: Bool, state: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads the fields of a request.
    ///
    /// Of a later version, only the beginning is read, which has the form of version 00. A `tracestate` that is not valid is
    /// left out.
    ///
    /// - Returns: `nil` if `traceparent` is not valid.
    package init?(traceparent: String, tracestate: String? = nil) {
        // 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, and one more byte.
        let bytes = Array(traceparent.utf8.prefix(56))
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xFF,
            bytes.count == 55 || (version > 0 && bytes[55] == dash),
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high != 0 || low != 0,
            let spanID = Self.number(bytes[36..<52]), spanID != 0, let flags = Self.number(bytes[53..<55])
        else { return nil }
        let state = tracestate.flatMap(Self.validState) ?? ""
        self.init(traceID: TraceID(high: high, low: low), spanID: spanID, isSampled: flags & 1 == 1, state: state)
    }

    /// The value of `traceparent`.
    package var traceparent: String { "00-\(traceID)-\(spanID.hexadecimal(16))-0\(isSampled ? 1 : 0)" }

    /// Copies the fields of a request to another one that is decided in its place.
    static func pass(from asked: HTTPRequest, to request: inout HTTPRequest) {
        for name in [parentField, stateField].compactMap({ HTTPField.Name($0) }) {
            request.headerFields[values: name] = asked.headerFields[values: name]
        }
    }

    /// The value of at most 16 hexadecimal digits in lower case.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

extension TraceContext {
    /// The greatest length of a `tracestate` that is passed on, in bytes; the least that the specification allows.
    private static let longestState = 512
    /// Longer members are the first that are left out.
    private static let longestMember = 128

    /// The members of `tracestate` without blanks between them; `nil` if one is not valid.
    private static func validState(_ text: String) -> String? {
        let comma = UInt8(ascii: ",")
        var members = text.utf8.split(separator: comma).map(trimmed).filter { !$0.isEmpty }
        guard members.count <= 32, members.allSatisfy(isMember) else { return nil }
        func length() -> Int { members.reduce(members.count - 1) { $0 + $1.count } }
        if length() > longestState { members.removeAll { $0.count > longestMember } }
        while length() > longestState { members.removeLast() }
        return String(decoding: Array(members.joined(separator: [comma])), as: UTF8.self)
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }

    private static func isMember(_ member: Substring.UTF8View) -> Bool {
        let parts = member.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...256).contains(parts[1].count) else { return false }
        return isKey(parts[0]) && parts[1].allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Whether it is the name of a system, or that of a tenant, `@` and the name of a system.
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard let system = parts.last, let first = system.first, isLetter(first) else { return false }
        guard parts.allSatisfy({ $0.allSatisfy(isKeyByte) }) else { return false }
        if parts.count == 1 { return system.count <= 256 }
        guard parts.count == 2, let tenant = parts.first, let start = tenant.first else { return false }
        return system.count <= 14 && tenant.count <= 241 && (isLetter(start) || isDigit(start))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "_-*/".utf8.contains(byte)
    }
}
