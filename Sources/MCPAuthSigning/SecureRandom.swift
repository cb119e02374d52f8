// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJSON

/// Random values that nobody can guess.
package enum SecureRandom {
    /// Random bytes from OpenSSL, or from the system should OpenSSL's generator fail: never fewer than asked for.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(count)) != 1 else { return bytes }
        ERR_clear_error()
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    }

    /// 32 random bytes in base64url: a code, a client secret, a PKCE verifier.
    package static func token() -> String {
        Base64URL.encode(bytes(32))
    }
}
