// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Resolves host names and decides which addresses are public (RFC 6890).
enum AddressRule {
    /// The result of resolving a name.
    enum Resolution: Sendable, Equatable {
        /// All addresses are public.
        case publicAddresses([String])
        /// At least one address belongs to this machine or a private network, or has another special use.
        case notPublic
        case unresolved
    }

    /// The addresses of a host as text.
    ///
    /// Connect to one of them, not to the name.
    ///
    /// All addresses are checked, so that a name cannot mix public and private ones. Blocks the calling thread.
    static func resolve(_ host: String) -> Resolution {
        let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(name, nil, &hints, &list) == 0 else { return .unresolved }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            guard let address = unsafe text(of: entry.pointee), unsafe isPublic(entry.pointee) else {
                return .notPublic
            }
            addresses.append(address)
            unsafe next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .unresolved : .publicAddresses(addresses)
    }

    private static func text(of entry: addrinfo) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let failed = unsafe getnameinfo(
            entry.ai_addr,
            entry.ai_addrlen,
            &buffer,
            socklen_t(buffer.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard failed == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isPublic(_ entry: addrinfo) -> Bool {
        guard let address = unsafe entry.ai_addr else { return false }
        switch unsafe entry.ai_family {
        case AF_INET:
            let bytes = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                unsafe withUnsafeBytes(of: $0.pointee.sin_addr) { unsafe Array($0) }
            }
            return isPublicIPv4(bytes)
        case AF_INET6:
            let bytes = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                unsafe withUnsafeBytes(of: $0.pointee.sin6_addr) { unsafe Array($0) }
            }
            return isPublicIPv6(bytes)
        default:
            return false
        }
    }

    static func isPublicIPv4(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 4 else { return false }
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (169, 254, _), (172, 16...31, _), (192, 168, _), (100, 64...127, _),
            (198, 18...19, _), (192, 0, 0), (192, 0, 2), (192, 88, 99), (198, 51, 100), (203, 0, 113), (224..., _, _):
            return false
        default:
            return true
        }
    }

    static func isPublicIPv6(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 16 else { return false }
        // IPv4-mapped and NAT64 addresses reach the IPv4 address they contain.
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        if bytes.starts(with: mapped) || bytes.starts(with: nat64) { return isPublicIPv4(Array(bytes[12...])) }
        // Of all IPv6 addresses only 2000::/3 is globally routed; 6to4 and Teredo embed other addresses, and 2001:db8::/32 is for
        // documentation.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        let special: [[UInt8]] = [[0x20, 0x02], [0x20, 0x01, 0, 0], [0x20, 0x01, 0x0D, 0xB8]]
        return !special.contains { bytes.starts(with: $0) }
    }
}
