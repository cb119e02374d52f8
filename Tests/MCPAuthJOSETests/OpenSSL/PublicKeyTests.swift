// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import Testing

/// RSA keys: which are refused, and the algorithms of the others.
@Suite struct PublicKeyTests {
    @Test func `a key verifies only with its own algorithms`() throws {
        let signing = try SigningKey(.rs256)
        let message = Array("message".utf8)
        let signature = try signing.sign(message)
        let modulus = try Self.member("n", of: signing)
        let exponent = try Self.member("e", of: signing)
        let key = try #require(PublicKey(modulus: modulus, exponent: exponent, algorithms: [.rs256]))
        #expect(key.verifies(signature, over: message[...], using: .rs256))
        for other in SignatureAlgorithm.allCases where other != .rs256 {
            #expect(!key.verifies(signature, over: message[...], using: other), "\(other)")
        }
    }

    @Test func `a modulus with the ROCA weakness is refused, and the next odd number is not`() {
        // The modulus is 1 modulo each of the primes, which is 65537 to the power of 0.
        var modulus: [UInt8] = [0xC0] + [UInt8](repeating: 0x5A, count: 560)
        let primes = [
            3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
            109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 2,
        ]
        for prime in primes { modulus = Self.product(of: modulus, and: prime) }
        modulus[modulus.count - 1] &+= 1
        let exponent: [UInt8] = [1, 0, 1]
        #expect(PublicKey(modulus: modulus, exponent: exponent, algorithms: [.rs256]) == nil)
        modulus[modulus.count - 1] &+= 2
        #expect(PublicKey(modulus: modulus, exponent: exponent, algorithms: [.rs256]) != nil)
    }

    @Test(arguments: [[], [0], [1], [0, 1], [2], [1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]] as [[UInt8]])
    func `an exponent that is even, one or too long is refused at every length of the modulus`(exponent: [UInt8]) {
        for bytes in [256, 512, 600, 1024] {
            let modulus: [UInt8] = [0xC1] + [UInt8](repeating: 0xFF, count: bytes - 1)
            #expect(PublicKey(modulus: modulus, exponent: exponent, algorithms: [.rs256]) == nil, "\(bytes)")
        }
    }

    private static func member(_ name: String, of key: SigningKey) throws -> [UInt8] {
        guard case .string(let text)? = key.publicJWK[name] else { return [] }
        return try #require(Base64URL.decode(Array(text.utf8)[...]))
    }

    /// A big-endian number times a small one.
    private static func product(of number: [UInt8], and factor: Int) -> [UInt8] {
        var carry = 0
        let bytes = number.reversed().map { byte in
            carry += Int(byte) * factor
            defer { carry >>= 8 }
            return UInt8(carry & 0xFF)
        }
        return (carry > 0 ? [UInt8(carry)] : []) + bytes.reversed()
    }
}
