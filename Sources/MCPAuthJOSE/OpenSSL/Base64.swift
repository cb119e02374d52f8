// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Base64 with padding (RFC 4648 section 4), for the Basic authentication scheme.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        let encoded = unsafe [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { buffer, count in
            count = unsafe Int(EVP_EncodeBlock(buffer.baseAddress, bytes, Int32(bytes.count)))
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Decodes strictly; `nil` for other characters, misplaced padding or a length that is not a multiple of four.
    package static func decode(_ text: String) -> [UInt8]? {
        let unpadded = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard text.utf8.count % 4 == 0, text.utf8.count - unpadded.count <= 2 else { return nil }
        let translated = unpadded.map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): UInt8(ascii: "*")
            default: byte
            }
        }
        return Base64URL.decode(translated[...])
    }
}
