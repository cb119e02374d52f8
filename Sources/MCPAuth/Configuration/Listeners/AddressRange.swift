// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A range of IP addresses: one address, or a prefix and its length in bits (RFC 4632, RFC 4291 section 2.3).
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes; the bits after the prefix are 0.
    private let prefix: [UInt8]
    private let bits: Int
    package let description: String

    /// Addresses of this machine.
    package static let loopback = ["127.0.0.0/8", "::1"].compactMap(AddressRange.init)

    /// Reads `10.0.0.0/8`, `::1` and the like; `nil` for anything else, and for a prefix with bits after its length.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        var bits = bytes.count * 8
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.count == 1 || digits.first != 0x30, let length = Int(parts[1]), length <= bits
            else { return nil }
            bits = length
        }
        guard bytes == Self.masked(bytes, bits) else { return nil }
        prefix = bytes
        self.bits = bits
        description = text
    }

    /// Whether an address is in the range; an IPv4 address may be written as an IPv6 address.
    package func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(of: address) else { return false }
        return [bytes, Self.unmapped(bytes)].contains { $0.count == prefix.count && Self.masked($0, bits) == prefix }
    }

    /// The IPv4 address in an IPv4-mapped IPv6 address, as sockets for both families name it.
    private static func unmapped(_ bytes: [UInt8]) -> [UInt8] {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
    }

    private static func masked(_ bytes: [UInt8], _ bits: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let left = min(8, max(0, bits - index * 8))
            return byte & ~UInt8(truncatingIfNeeded: 0xFF >> left)
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var address = in_addr()
        if unsafe inet_pton(AF_INET, text, &address) == 1 {
            return unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
        }
        var longAddress = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &longAddress) == 1 else { return nil }
        return unsafe withUnsafeBytes(of: longAddress) { unsafe Array($0) }
    }
}

extension [AddressRange] {
    /// Whether a caller at this address may ask: it is in one of the ranges, or `nil` for a unix socket, which its
    /// directory protects.
    package func trusts(_ address: String?) -> Bool {
        address.map { address in contains { $0.contains(address) } } ?? true
    }
}
