// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An `application/x-www-form-urlencoded` text: the query or body of an OAuth request.
struct Form: Sendable {
    private let values: [String: [String]]

    /// `nil` when the encoding is not valid.
    init?(_ text: String) {
        var values: [String: [String]] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count == 2 ? parts[1] : "") else {
                return nil
            }
            // RFC 6749 section 3.1: a parameter without a value is treated as omitted.
            if !value.isEmpty { values[name, default: []].append(value) }
        }
        self.values = values
    }

    /// The value of a parameter that has exactly one.
    subscript(_ name: String) -> String? {
        values[name].flatMap { $0.count == 1 ? $0[0] : nil }
    }

    /// Every value of a parameter that may be repeated.
    func all(_ name: String) -> [String] {
        values[name] ?? []
    }

    /// RFC 6749 section 3.1: parameters must not be repeated; `resource` may (RFC 8707 section 2).
    var hasRepeatedParameter: Bool {
        values.contains { $0.key != "resource" && $0.value.count > 1 }
    }

    static func decoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default:
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }.joined()
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
