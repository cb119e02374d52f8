// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// SHA-256 and comparison without a timing signal.
package enum Digest {
    /// The 32 bytes of SHA-256.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            var length: UInt32 = 0
            let done = unsafe EVP_Digest(
                input,
                input.count,
                buffer.baseAddress,
                &length,
                DigestMethod.sha256.method,
                nil
            )
            count = done == 1 ? Int(length) : 0
        }
    }

    /// SHA-256 as four words, without an allocation for the result; zeros if OpenSSL fails, which it does not for a
    /// digest that was fetched.
    package static func sha256Words(_ bytes: [UInt8]) -> (UInt64, UInt64, UInt64, UInt64) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &words) { buffer in
            var length: UInt32 = 0
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            _ = unsafe EVP_Digest(bytes, bytes.count, start, &length, DigestMethod.sha256.method, nil)
        }
        return words
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

/// A digest implementation, fetched once.
// SAFETY: OpenSSL's digest methods are constant and shared by design.
@safe final class DigestMethod: @unchecked Sendable {
    let method: OpaquePointer?

    private init(_ name: String) {
        unsafe method = EVP_MD_fetch(nil, name, nil)
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
