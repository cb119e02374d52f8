// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// SHA-256 and comparison without a timing signal.
package enum Digest {
    /// The 32 bytes of SHA-256.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            let start = buffer.baseAddress
            count = unsafe input.withUnsafeBufferPointer { unsafe DigestMethod.sha256.hash($0, into: start) }
        }
    }

    /// SHA-256 as four words, without an allocation for the result; `nil` if OpenSSL fails.
    package static func sha256Words(_ bytes: [UInt8]) -> (UInt64, UInt64, UInt64, UInt64)? {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var length = 0
        unsafe withUnsafeMutableBytes(of: &words) { buffer in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            length = unsafe bytes.withUnsafeBufferPointer { unsafe DigestMethod.sha256.hash($0, into: start) }
        }
        return length == Int(SHA256_DIGEST_LENGTH) ? words : nil
    }

    /// SHA-256 as 64 lower-case hexadecimal digits.
    package static func hexadecimalSHA256(_ bytes: [UInt8]) -> String {
        hexadecimal(sha256(bytes))
    }

    /// Two lower-case digits a byte.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Whether two byte strings are equal, in a time that depends on their lengths only.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}

/// A digest implementation, fetched once, with a context in each thread that used it.
///
/// To make and to free a context costs a fifth of hashing a token.
// SAFETY: OpenSSL's digest methods are constant and shared by design. A context is reached through thread-specific data
// only, so by its own thread, and inside `hash` only, which does not suspend; the thread frees it when it ends.
@safe final class DigestMethod: @unchecked Sendable {
    let method: OpaquePointer?
    /// `nil` when the process has no key left.
    private let contexts: pthread_key_t?

    private init(_ name: String) {
        unsafe method = EVP_MD_fetch(nil, name, nil)
        var key = pthread_key_t()
        let isMade = unsafe pthread_key_create(&key) { unsafe EVP_MD_CTX_free(OpaquePointer($0)) } == 0
        contexts = isMade ? key : nil
    }

    /// Writes the hash to `output`, which has room for it, and returns its length; 0 if OpenSSL fails.
    func hash(_ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>?) -> Int {
        var length: UInt32 = 0
        guard let context = unsafe contextOfThisThread() else {
            let done = unsafe EVP_Digest(input.baseAddress, input.count, output, &length, method, nil) == 1
            return done ? Int(length) : 0
        }
        let done =
            unsafe EVP_DigestInit_ex2(context, method, nil) == 1
            && EVP_DigestUpdate(context, input.baseAddress, input.count) == 1
            && EVP_DigestFinal_ex(context, output, &length) == 1
        return done ? Int(length) : 0
    }

    private func contextOfThisThread() -> OpaquePointer? {
        guard let contexts else { return nil }
        if let context = unsafe pthread_getspecific(contexts) { return OpaquePointer(context) }
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        if unsafe pthread_setspecific(contexts, UnsafeRawPointer(context)) == 0 { return unsafe context }
        unsafe EVP_MD_CTX_free(context)
        return nil
    }

    static let sha256 = DigestMethod("SHA256")
    private static let sha384 = DigestMethod("SHA384")
    private static let sha512 = DigestMethod("SHA512")

    /// The method of this name, one of OpenSSL's SHA-2 names.
    static func shared(_ name: String) -> DigestMethod {
        switch name {
        case "SHA384": sha384
        case "SHA512": sha512
        default: sha256
        }
    }
}
