// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthJOSE

/// OpenSSL's verification of one signature and nothing else: what a benchmark measures everything against.
///
/// For RSA and ECDSA the digest is made beforehand and the context set up once, as `openssl speed` does.
@safe package final class RawVerification {
    private let context: OpaquePointer
    private let signature: [UInt8]
    private let input: [UInt8]
    private let isOneShot: Bool

    /// `nil` when OpenSSL refuses to prepare it.
    package init?(_ key: SigningKey, message: [UInt8], signature: [UInt8]) {
        isOneShot = key.algorithm == .edDSA
        input = isOneShot ? message : Digest.sha256(message)
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
            return unsafe EVP_DigestVerify(context, signature, signature.count, input, input.count) == 1
        }
        return unsafe EVP_PKEY_verify(context, signature, signature.count, input, input.count) == 1
    }
}
