// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import MCPAuthConcurrency
internal import Synchronization

/// The prepared OpenSSL contexts of one key and one algorithm, each used by one thread at a time.
///
/// For an algorithm with a digest, the message is hashed first and an `EVP_PKEY_CTX` verifies the hash. Ed25519 hashes
/// the message itself, in an `EVP_MD_CTX`. Contexts are reused, except for Ed25519 since OpenSSL 3.2.
// SAFETY: the pointers in `idle` are accessed only while its lock is held, and `first` only by atomic operations; a
// pointer that was taken out belongs to the thread that took it until it is put back. Each context holds its own
// reference to the key, so the key outlives it.
@safe final class VerificationContexts: @unchecked Sendable {
    private let key: OpaquePointer
    let algorithm: SignatureAlgorithm
    /// `nil` for an algorithm that hashes the message itself.
    private let digest: DigestMethod?
    /// One idle context, reached without a lock; enough for a key that is used by one thread at a time.
    private let first = unsafe Atomic<UnsafeMutableRawPointer?>(nil)
    private let idle = unsafe Lock<[OpaquePointer]>([])

    /// The largest number of idle contexts; others are freed after use.
    private static let mostIdle = 64

    init(_ key: OpaquePointer, _ algorithm: SignatureAlgorithm) {
        unsafe self.key = key
        self.algorithm = algorithm
        digest = algorithm.digestName.map(DigestMethod.shared)
    }

    deinit {
        unsafe idle.withLock { unsafe $0.forEach { unsafe free($0) } }
        if let context = unsafe first.exchange(nil, ordering: .acquiring) { unsafe free(OpaquePointer(context)) }
    }

    /// Whether a context can be made, so the key can be used with the algorithm.
    func canMake() -> Bool {
        guard let context = unsafe makeContext() else { return false }
        unsafe putBack(context)
        return true
    }

    /// Whether this is the key's signature over the message, in the form that OpenSSL expects.
    func verifies(_ signature: [UInt8], _ message: ArraySlice<UInt8>) -> Bool {
        guard let context = unsafe takeOut() ?? makeContext() else { return false }
        defer { unsafe putBack(context) }
        let isGood = unsafe message.withUnsafeBufferPointer { message in
            if let digest { return unsafe verify(context, signature, message, digest) }
            return unsafe EVP_DigestVerify(context, signature, signature.count, message.baseAddress, message.count) == 1
        }
        // A failed verification leaves an entry in this thread's OpenSSL error queue, which nothing else reads.
        if !isGood { ERR_clear_error() }
        return isGood
    }

    private func verify(
        _ context: OpaquePointer,
        _ signature: [UInt8],
        _ message: UnsafeBufferPointer<UInt8>,
        _ digest: DigestMethod
    ) -> Bool {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(EVP_MAX_MD_SIZE)) { hash in
            let length = unsafe digest.hash(message, into: hash.baseAddress)
            guard length > 0 else { return false }
            return unsafe EVP_PKEY_verify(context, signature, signature.count, hash.baseAddress, length) == 1
        }
    }

    private func takeOut() -> OpaquePointer? {
        if let context = unsafe first.exchange(nil, ordering: .acquiring) { return OpaquePointer(context) }
        return unsafe idle.withLock { unsafe $0.popLast() }
    }

    /// Since OpenSSL 3.2, a context that verified a message in one call cannot verify another.
    private static let oneShotIsReusable = OpenSSL_version_num() < 0x3020_0000

    private func putBack(_ context: OpaquePointer) {
        guard digest != nil || Self.oneShotIsReusable else { return unsafe free(context) }
        let isFirst = unsafe first.compareExchange(
            expected: nil,
            desired: UnsafeMutableRawPointer(context),
            ordering: .releasing
        )
        if unsafe isFirst.exchanged { return }
        let isKept = unsafe idle.withLock { idle in
            guard unsafe idle.count < Self.mostIdle else { return false }
            unsafe idle.append(context)
            return true
        }
        if !isKept { unsafe free(context) }
    }

    private func free(_ context: OpaquePointer) {
        if digest == nil { unsafe EVP_MD_CTX_free(context) } else { unsafe EVP_PKEY_CTX_free(context) }
    }

    private func makeContext() -> OpaquePointer? {
        guard let digest else {
            guard let context = unsafe EVP_MD_CTX_new() else { return nil }
            if unsafe EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil) == 1 { return unsafe context }
            unsafe EVP_MD_CTX_free(context)
            return nil
        }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        var ready =
            unsafe EVP_PKEY_verify_init(context) == 1 && EVP_PKEY_CTX_set_signature_md(context, digest.method) == 1
        if ready && algorithm.usesPSSPadding {
            // RFC 7518 section 3.5: the salt is as long as the digest, and MGF1 uses the same digest.
            ready =
                unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
        }
        guard ready else {
            unsafe EVP_PKEY_CTX_free(context)
            return nil
        }
        return unsafe context
    }
}
