// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJOSE

/// HMAC with SHA-256 (RFC 2104), for the tokens of example modules.
package enum KeyedHash {
    /// The 32 bytes of the hash as 64 lower-case hexadecimal digits.
    package static func hexadecimalSHA256(_ message: [UInt8], key: [UInt8]) -> String {
        var length: UInt32 = 0
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let done = unsafe HMAC(
                EVP_sha256(),
                key,
                Int32(key.count),
                message,
                message.count,
                buffer.baseAddress,
                &length
            )
            count = unsafe done == nil ? 0 : Int(length)
        }
        return Digest.hexadecimal(hash)
    }
}
