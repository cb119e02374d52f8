// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The points of edwards25519 whose order divides the cofactor 8 (RFC 8032 section 5.1), as public keys.
///
/// With such a key one signature is valid for many messages or for all, and OpenSSL accepts the key.
enum SmallOrder {
    /// Whether 32 bytes encode such a point, in a canonical or non-canonical encoding.
    static func isPoint(_ encoded: [UInt8]) -> Bool {
        var y = encoded
        // The highest bit is the sign of x, and both signs have the same order.
        y[31] &= 0x7F
        return coordinates.contains(y)
    }

    /// The y coordinates in little-endian order: of the points of order 4, 1, 8, 8 and 2, then 0 and 1 encoded as p and
    /// p + 1.
    private static let coordinates: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31),
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ], nearPrime(0xEC), nearPrime(0xED), nearPrime(0xEE),
    ]

    /// p = 2^255 - 19 is `ED FF … FF 7F`.
    private static func nearPrime(_ lowest: UInt8) -> [UInt8] {
        [lowest] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
    }
}
