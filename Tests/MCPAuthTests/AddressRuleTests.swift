// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuth

@Suite struct AddressRuleTests {
    @Test(
        arguments: [
            ([8, 8, 8, 8], true), ([1, 1, 1, 1], true), ([127, 0, 0, 1], false), ([10, 1, 2, 3], false),
            ([172, 16, 0, 1], false),
            ([172, 32, 0, 1], true), ([192, 168, 1, 1], false), ([169, 254, 169, 254], false),
            ([100, 64, 0, 1], false),
            ([0, 0, 0, 0], false), ([224, 0, 0, 1], false), ([255, 255, 255, 255], false), ([198, 18, 0, 1], false),
            ([192, 0, 0, 8], false), ([192, 0, 2, 1], false), ([192, 0, 66, 2], true), ([198, 51, 100, 1], false),
            ([203, 0, 113, 1], false), ([192, 88, 99, 1], false),
        ] as [([UInt8], Bool)]
    )
    func `private, loopback and special IPv4 addresses are not public`(bytes: [UInt8], isPublic: Bool) {
        #expect(AddressRule.isPublicIPv4(bytes) == isPublic)
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes
        #expect(AddressRule.isPublicIPv6(mapped) == isPublic, "IPv4-mapped")
        let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] + bytes
        #expect(AddressRule.isPublicIPv6(nat64) == isPublic, "NAT64")
    }

    @Test(
        arguments: [
            ([0x20, 0x01, 0x48, 0x60], true), ([0xFE, 0x80, 0, 0], false), ([0xFC, 0, 0, 0], false),
            ([0xFF, 0x02, 0, 0], false),
            ([0x20, 0x02, 0x7F, 0], false), ([0x20, 0x01, 0, 0], false), ([0, 0, 0, 0], false),
            ([0x20, 0x01, 0x0D, 0xB8], false),
        ] as [([UInt8], Bool)]
    )
    func `only globally routed IPv6 addresses are public`(start: [UInt8], isPublic: Bool) {
        #expect(AddressRule.isPublicIPv6(start + [UInt8](repeating: 0, count: 11) + [1]) == isPublic)
    }

    @Test func `names of this machine do not resolve to a public address`() {
        for name in ["localhost", "127.0.0.1", "[::1]", "127.1", "2130706433", "0x7f.1", "0"] {
            #expect(AddressRule.resolve(name) == .notPublic, "\(name)")
        }
        #expect(AddressRule.resolve("8.8.8.8") == .publicAddresses(["8.8.8.8"]))
        #expect(AddressRule.resolve("no-such-host.invalid") == .unresolved)
    }
}
