// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// A public key that verifies signatures; owns an OpenSSL `EVP_PKEY`.
///
/// A key is parsed and checked once. It has a pool of prepared contexts for each of its algorithms, since making a
/// context takes a large part of the time of an RSA verification.
// SAFETY: the key is written in `init` only. Afterwards any thread may make contexts from it, which only reads it and
// counts its references atomically; the pools synchronise access to the contexts.
@safe package final class PublicKey: @unchecked Sendable {
    /// The required encoding of a signature.
    private enum SignatureForm {
        /// Exactly this many bytes.
        case fixed(Int)
        /// Two big-endian integers of this many bytes each, `R || S` (RFC 7518 section 3.4).
        case ecdsa(coordinateBytes: Int)
    }

    /// The algorithms this key may be used with; only a few, so a linear search is faster than hashing.
    package let algorithms: [SignatureAlgorithm]

    private let key: OpaquePointer
    private let form: SignatureForm
    /// One pool for each of the algorithms.
    private let contexts: [VerificationContexts]

    /// An RSA key (RFC 7518 section 6.3.1) from its big-endian modulus and exponent.
    ///
    /// Returns `nil` unless the modulus is odd, has 2048 to 8192 bits and is not weak (see ``ROCA``), and the exponent
    /// is odd, above 1 and at most 64 bits long. OpenSSL also checks keys of up to 4096 bits.
    package convenience init?(modulus: [UInt8], exponent: [UInt8], algorithms: [SignatureAlgorithm]) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard (2048...8192).contains(bits), modulus.last.map({ $0 & 1 == 1 }) ?? false, !ROCA.isWeak(modulus) else {
            return nil
        }
        guard exponent.count <= 8, exponent.last.map({ $0 & 1 == 1 }) ?? false, exponent != [1] else { return nil }
        // OpenSSL searches for small factors, which takes a third of a second for the largest keys; a set has up to
        // 100.
        let parameters = KeyParameters().adding(modulus, as: "n").adding(exponent, as: "e")
        guard let key = unsafe parameters.makeKey("RSA", isChecked: bits <= 4096) else { return nil }
        unsafe self.init(key: key, form: .fixed((bits + 7) / 8), algorithms: algorithms)
    }

    /// An elliptic-curve key (RFC 7518 section 6.2.1) on P-256, P-384 or P-521 from its affine coordinates.
    ///
    /// Returns `nil` unless both coordinates have exactly the length that the curve requires and the point is on it.
    package convenience init?(curve: EllipticCurve, x: [UInt8], y: [UInt8]) {
        guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else { return nil }
        let parameters = KeyParameters().adding(curve.rawValue, as: "group").adding(octets: [0x04] + x + y, as: "pub")
        guard let key = unsafe parameters.makeKey("EC") else { return nil }
        unsafe self.init(key: key, form: .ecdsa(coordinateBytes: curve.coordinateBytes), algorithms: [curve.algorithm])
    }

    /// An Ed25519 key (RFC 8037 section 2) from its 32 bytes.
    ///
    /// Returns `nil` for a wrong length and for points of small order, for which anyone can make signatures.
    package convenience init?(ed25519 bytes: [UInt8]) {
        guard bytes.count == 32, !SmallOrder.isPoint(bytes) else { return nil }
        guard let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count) else {
            return nil
        }
        unsafe self.init(key: key, form: .fixed(64), algorithms: [.edDSA])
    }

    /// Takes ownership of `key`.
    private init?(key: OpaquePointer, form: SignatureForm, algorithms: [SignatureAlgorithm]) {
        unsafe self.key = key
        self.form = form
        self.algorithms = algorithms
        contexts = algorithms.map { unsafe VerificationContexts(key, $0) }
        // If one algorithm works, all do: the algorithms of a key differ in hash and padding only.
        guard contexts.first?.canMake() ?? false else { return nil }
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Whether `signature` is this key's signature over `message` with exactly this algorithm.
    ///
    /// False for an algorithm that the key may not be used with, for a signature with a length that the algorithm does
    /// not have, and when OpenSSL fails.
    package func verifies(
        _ signature: [UInt8],
        over message: ArraySlice<UInt8>,
        using algorithm: SignatureAlgorithm
    ) -> Bool {
        guard let contexts = contexts.first(where: { $0.algorithm == algorithm }) else { return false }
        switch form {
        case .fixed(let length):
            return signature.count == length && contexts.verifies(signature, message)
        case .ecdsa(let coordinateBytes):
            guard signature.count == 2 * coordinateBytes else { return false }
            return contexts.verifies(ECDSASignature.der(signature), message)
        }
    }

    /// Whether both are the same key, whatever their `kid`.
    package func isSameKey(as other: PublicKey) -> Bool {
        unsafe EVP_PKEY_eq(key, other.key) == 1
    }
}

/// The curves of RFC 7518 section 6.2.1.1.
package enum EllipticCurve: String, Sendable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    var coordinateBytes: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }

    var algorithm: SignatureAlgorithm {
        switch self {
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        }
    }
}

/// Converts an ECDSA signature from the JWS form to the DER form.
enum ECDSASignature {
    /// The DER form that OpenSSL verifies (RFC 3279 section 2.2.3), from `R || S` of at most 132 bytes.
    static func der(_ signature: [UInt8]) -> [UInt8] {
        let r = Integer(signature, 0..<(signature.count / 2))
        let s = Integer(signature, (signature.count / 2)..<signature.count)
        let length = r.encodedLength + s.encodedLength
        var der: [UInt8] = []
        der.reserveCapacity(3 + length)
        der.append(0x30)
        if length >= 0x80 { der.append(0x81) }
        der.append(UInt8(length))
        r.append(to: &der, from: signature)
        s.append(to: &der, from: signature)
        return der
    }

    /// A big-endian unsigned number among the bytes of a signature.
    private struct Integer {
        /// Where its bytes are, without leading zeros.
        private let range: Range<Int>
        /// Whether a zero byte must come first, because the number is zero or would be read as negative.
        private let needsZero: Bool

        init(_ bytes: [UInt8], _ range: Range<Int>) {
            var start = range.lowerBound
            while start < range.upperBound, bytes[start] == 0 { start += 1 }
            self.range = start..<range.upperBound
            needsZero = start == range.upperBound || bytes[start] & 0x80 != 0
        }

        private var contentLength: Int { range.count + (needsZero ? 1 : 0) }

        /// The length of the DER form in bytes, with tag and length.
        var encodedLength: Int { 2 + contentLength }

        func append(to der: inout [UInt8], from bytes: [UInt8]) {
            der.append(0x02)
            der.append(UInt8(contentLength))
            if needsZero { der.append(0) }
            der.append(contentsOf: bytes[range])
        }
    }
}
