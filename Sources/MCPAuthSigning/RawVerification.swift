// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJOSE

/// OpenSSL's verification of one signed message and nothing else: what a benchmark measures everything against.
///
/// The context is set up once. What remains is what no verifier can leave out: the hash of the message, which Ed25519
/// makes itself, and the check of the signature.
@safe package final class RawVerification {
    private let context: OpaquePointer
    private let signature: [UInt8]
    private let message: [UInt8]
    private let isOneShot: Bool

    /// `nil` when OpenSSL refuses to prepare it.
    package init?(_ key: SigningKey, message: [UInt8], signature: [UInt8]) {
        isOneShot = key.algorithm == .edDSA
        self.message = message
        guard let encoded = SigningKey.openSSLForm(signature, key.algorithm) else { return nil }
        self.signature = encoded
        guard let context = unsafe key.makeVerificationContext() else { return nil }
        unsafe self.context = context
    }

    deinit {
        if isOneShot { unsafe EVP_MD_CTX_free(context) } else { unsafe EVP_PKEY_CTX_free(context) }
    }

    package func run() -> Bool {
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
