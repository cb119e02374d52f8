// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJSON

/// Random values that cannot be guessed.
package enum SecureRandom {
    /// The requested number of random bytes, from OpenSSL or, if its generator fails, from the system.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(count)) != 1 else { return bytes }
        ERR_clear_error()
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    }

    /// 32 random bytes in base64url, for a code, a client secret or a PKCE verifier.
    package static func token() -> String {
        Base64URL.encode(bytes(32))
    }
}
