// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Strict base64 with padding (RFC 4648 section 4), for the Basic authentication scheme, PEM and `Mcp-*` fields.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes, alphabet)
        return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    /// Decodes; `nil` for other characters, misplaced padding, a length that is not a multiple of four, or unused bits
    /// that are not zero.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let bytes = Array(text.utf8)
        let unpadded = bytes.prefix { $0 != UInt8(ascii: "=") }
        let padding = bytes[unpadded.endIndex...]
        guard bytes.count % 4 == 0, padding.count <= 2, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            return nil
        }
        return Base64URL.decode(unpadded, values)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values = Base64URL.values(of: alphabet)
}
