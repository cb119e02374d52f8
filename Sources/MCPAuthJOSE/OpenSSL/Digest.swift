// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// SHA-256 and constant-time comparison.
package enum Digest {
    /// The SHA-256 hash, 32 bytes; empty if OpenSSL fails.
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

    /// Two lower-case hexadecimal digits for each byte.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Whether two byte strings are equal, in a time that depends only on their lengths.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}

/// A digest implementation that is fetched once, with a context for each thread that uses it.
///
/// Making and freeing a context costs a fifth of the time to hash a token.
// SAFETY: OpenSSL's digest methods are constant and designed to be shared. A context is reached only through
// thread-specific data, so only by its own thread, and only inside `hash`, which does not suspend; it is freed when the
// thread ends.
@safe final class DigestMethod: @unchecked Sendable {
    let method: OpaquePointer?
    /// `nil` when the process has no thread-specific data key left.
    private let contexts: pthread_key_t?

    private init(_ name: String) {
        unsafe method = EVP_MD_fetch(nil, name, nil)
        var key = pthread_key_t()
        let isMade = unsafe pthread_key_create(&key) { unsafe EVP_MD_CTX_free(OpaquePointer($0)) } == 0
        contexts = isMade ? key : nil
    }

    /// Writes the hash to `output`, which must have room for it, and returns its length in bytes; 0 if OpenSSL fails.
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

    /// The method with this OpenSSL name: `SHA256`, `SHA384` or `SHA512`.
    static func shared(_ name: String) -> DigestMethod {
        switch name {
        case "SHA384": sha384
        case "SHA512": sha512
        default: sha256
        }
    }
}
