// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
package import MCPAuthJOSE

/// OpenSSL's verification of messages signed by one key, and nothing else: the baseline of the benchmarks.
///
/// The context is set up once. What remains is what every verifier must do: hash the message, which Ed25519 does
/// itself, and check the signature.
@safe package final class RawVerification {
    private let context: OpaquePointer
    private let signed: [(message: [UInt8], signature: [UInt8])]
    private let isOneShot: Bool

    /// `nil` when a signature has a wrong form or OpenSSL fails.
    package init?(_ key: SigningKey, _ tokens: [CompactJWS]) {
        isOneShot = key.algorithm == .edDSA
        var signed: [(message: [UInt8], signature: [UInt8])] = []
        for token in tokens {
            guard let signature = SigningKey.openSSLForm(token.signature, key.algorithm) else { return nil }
            signed.append((Array(token.signingInput), signature))
        }
        self.signed = signed
        guard let context = unsafe key.makeVerificationContext() else { return nil }
        unsafe self.context = context
    }

    deinit {
        if isOneShot { unsafe EVP_MD_CTX_free(context) } else { unsafe EVP_PKEY_CTX_free(context) }
    }

    /// Verifies each message once, up to the first that fails; true if none does.
    package func run() -> Bool {
        signed.allSatisfy(verifies)
    }

    private func verifies(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
        if isOneShot {
            return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }
        guard let words = Digest.sha256Words(message) else { return false }
        return unsafe withUnsafeBytes(of: words) { hash in
            let start = unsafe hash.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return unsafe EVP_PKEY_verify(context, signature, signature.count, start, hash.count) == 1
        }
    }
}
