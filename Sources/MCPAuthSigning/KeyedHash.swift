// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJOSE

/// HMAC (RFC 2104), for the tokens of example modules and of tests.
package enum KeyedHash {
    /// HMAC with SHA-256 as 64 lower-case hexadecimal digits.
    package static func hexadecimalSHA256(_ message: [UInt8], key: [UInt8]) -> String {
        Digest.hexadecimal(mac(message, key: key, digest: "SHA256"))
    }

    /// HMAC with one of OpenSSL's SHA-2 digests; empty if OpenSSL fails.
    package static func mac(_ message: [UInt8], key: [UInt8], digest: String) -> [UInt8] {
        var length = 0
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            let done = unsafe EVP_Q_mac(
                nil,
                "HMAC",
                nil,
                digest,
                nil,
                key,
                key.count,
                message,
                message.count,
                buffer.baseAddress,
                buffer.count,
                &length
            )
            count = unsafe done == nil ? 0 : length
        }
    }
}
