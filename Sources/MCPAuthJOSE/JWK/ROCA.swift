// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Recognises RSA moduli of the flawed generator known as ROCA (CVE-2017-15361), which can be factored.
///
/// Modulo each of these primes, such a modulus is a power of 65537. The probability that a sound modulus has this
/// property is below one in a hundred million.
enum ROCA {
    private static let primes: [UInt32] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
        109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ]

    static func isWeak(_ modulus: [UInt8]) -> Bool {
        primes.allSatisfy { prime in
            let remainder = modulus.reduce(UInt32(0)) { ($0 << 8 | UInt32($1)) % prime }
            return isPowerOfGenerator(remainder, modulo: prime)
        }
    }

    private static func isPowerOfGenerator(_ remainder: UInt32, modulo prime: UInt32) -> Bool {
        let generator = 65537 % prime
        var power: UInt32 = 1
        repeat {
            if power == remainder { return true }
            power = power * generator % prime
        } while power != 1
        return false
    }
}
