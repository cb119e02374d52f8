// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
package import MCPAuthJOSE
package import MCPAuthJSON

/// A key pair that signs tokens; owns a private OpenSSL `EVP_PKEY`.
///
/// For the client assertions with which a resource server authenticates (RFC 7523), for development issuers and for
/// tests. No program that protects resources has a command that signs a token.
// SAFETY: the key is written in `init` only; OpenSSL counts references to it atomically, and each call signs with its
// own context.
@safe package final class SigningKey: @unchecked Sendable {
    /// OpenSSL could not make or use a key.
    package struct Failure: Error {}

    package let algorithm: SignatureAlgorithm
    /// The RFC 7638 thumbprint.
    package let keyID: String
    /// The public key as an entry of a JWK Set.
    package let publicJWK: JSON
    private let key: OpaquePointer

    /// Generates a key pair: RSA of 2048 bits, EC on the curve of the algorithm, or Ed25519.
    package convenience init(_ algorithm: SignatureAlgorithm) throws(Failure) {
        guard let key = unsafe Self.generate(algorithm) else { throw Failure() }
        try unsafe self.init(owning: key, algorithm)
    }

    /// Reads an unencrypted private key from PEM text.
    ///
    /// - Parameter algorithm: The algorithm to sign with; `nil` for the default of the key type (RS256, ES256, ES384,
    ///   ES512 or EdDSA).
    /// - Throws: ``Failure`` when there is no such key, or it is too weak (RSA below 2048 bits) or does not fit the
    ///   algorithm.
    package convenience init(pem: [UInt8], algorithm: SignatureAlgorithm? = nil) throws(Failure) {
        guard let key = unsafe Self.read(pem) else { throw Failure() }
        guard let usual = unsafe Self.usualAlgorithm(of: key),
            algorithm == nil || algorithm == usual
                || (usual == .rs256 && ["RS", "PS"].contains(algorithm?.rawValue.prefix(2)))
        else {
            unsafe EVP_PKEY_free(key)
            throw Failure()
        }
        try unsafe self.init(owning: key, algorithm ?? usual)
    }

    private init(owning key: OpaquePointer, _ algorithm: SignatureAlgorithm) throws(Failure) {
        guard let members = unsafe Self.publicMembers(key, algorithm) else {
            unsafe EVP_PKEY_free(key)
            throw Failure()
        }
        let keyID = Base64URL.encode(Digest.sha256(JSON.object(members.mapValues(JSON.string)).encoded()))
        let described = ["use": "sig", "alg": algorithm.rawValue, "kid": keyID]
        self.algorithm = algorithm
        self.keyID = keyID
        publicJWK = .object(members.merging(described) { $1 }.mapValues(JSON.string))
        unsafe self.key = key
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// Signs claims as a compact JWS; the header has `alg` and `kid`, which `header` may replace.
    package func sign(header: [String: JSON], claims: JSON) throws(Failure) -> String {
        let standard: [String: JSON] = ["alg": .string(algorithm.rawValue), "kid": .string(keyID)]
        let head = Base64URL.encode(JSON.object(standard.merging(header) { $1 }).encoded())
        let input = head + "." + Base64URL.encode(claims.encoded())
        return input + "." + Base64URL.encode(try sign(Array(input.utf8)))
    }

    /// Signs a message, in the form that JWS uses (RFC 7518 section 3.4 for ECDSA).
    package func sign(_ message: [UInt8]) throws(Failure) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { throw Failure() }
        defer { unsafe EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        let digest = Self.digest(algorithm)
        guard unsafe EVP_DigestSignInit_ex(context, &keyContext, digest, nil, nil, key, nil) == 1 else {
            throw Failure()
        }
        if algorithm.rawValue.hasPrefix("PS") {
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_DIGEST) == 1
            else { throw Failure() }
        }
        var signature = [UInt8](repeating: 0, count: unsafe Int(max(64, EVP_PKEY_get_size(key))))
        var length = signature.count
        guard unsafe EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else { throw Failure() }
        signature.removeLast(signature.count - length)
        guard let coordinateBytes = Self.coordinateBytes(algorithm) else { return signature }
        guard let pair = Self.fixedLength(signature, coordinateBytes) else { throw Failure() }
        return pair
    }

    /// A context that verifies this key's signatures; the caller owns it.
    ///
    /// It is an `EVP_MD_CTX` for Ed25519 and an `EVP_PKEY_CTX` for SHA-256 otherwise.
    func makeVerificationContext() -> OpaquePointer? {
        if algorithm == .edDSA {
            guard let context = unsafe EVP_MD_CTX_new() else { return nil }
            guard unsafe EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil) == 1 else {
                unsafe EVP_MD_CTX_free(context)
                return nil
            }
            return unsafe context
        }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        guard unsafe EVP_PKEY_verify_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
        else {
            unsafe EVP_PKEY_CTX_free(context)
            return nil
        }
        return unsafe context
    }

    /// A signature in the form that OpenSSL expects: DER for ECDSA.
    static func openSSLForm(_ signature: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8]? {
        guard let size = coordinateBytes(algorithm) else { return signature }
        guard signature.count == 2 * size, let pair = unsafe ECDSA_SIG_new() else { return nil }
        defer { unsafe ECDSA_SIG_free(pair) }
        let r = unsafe BN_bin2bn(Array(signature.prefix(size)), Int32(size), nil)
        let s = unsafe BN_bin2bn(Array(signature.suffix(size)), Int32(size), nil)
        guard unsafe ECDSA_SIG_set0(pair, r, s) == 1 else { return nil }
        var encoded = [UInt8](repeating: 0, count: 2 * size + 16)
        let length = unsafe encoded.withUnsafeMutableBufferPointer { buffer in
            var end = buffer.baseAddress
            return unsafe i2d_ECDSA_SIG(pair, &end)
        }
        return length > 0 ? Array(encoded.prefix(Int(length))) : nil
    }

    private static func generate(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        let name = curve(algorithm) != nil ? "EC" : algorithm == .edDSA ? "ED25519" : "RSA"
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, name, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        guard unsafe EVP_PKEY_keygen_init(context) == 1 else { return nil }
        if let curve = curve(algorithm) {
            guard unsafe EVP_PKEY_CTX_set_group_name(context, curve) == 1 else { return nil }
        }
        var key: OpaquePointer?
        return unsafe EVP_PKEY_generate(context, &key) == 1 ? key : nil
    }

    private static func read(_ pem: [UInt8]) -> OpaquePointer? {
        guard let input = unsafe BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return nil }
        defer { unsafe BIO_free(input) }
        // OpenSSL would prompt for the passphrase of an encrypted key; with an empty passphrase, reading fails.
        let key = unsafe PEM_read_bio_PrivateKey(input, nil, { _, _, _, _ in 0 }, nil)
        if unsafe key == nil { ERR_clear_error() }
        return unsafe key
    }

    private static func usualAlgorithm(of key: OpaquePointer) -> SignatureAlgorithm? {
        if unsafe EVP_PKEY_is_a(key, "RSA") == 1 { return unsafe EVP_PKEY_get_bits(key) >= 2048 ? .rs256 : nil }
        if unsafe EVP_PKEY_is_a(key, "ED25519") == 1 { return .edDSA }
        guard unsafe EVP_PKEY_is_a(key, "EC") == 1 else { return nil }
        switch unsafe EVP_PKEY_get_bits(key) {
        case 256: return .es256
        case 384: return .es384
        case 521: return .es512
        default: return nil
        }
    }

    /// The members that a thumbprint is made of (RFC 7638 section 3.2).
    private static func publicMembers(_ key: OpaquePointer, _ algorithm: SignatureAlgorithm) -> [String: String]? {
        if let curve = curve(algorithm), let size = coordinateBytes(algorithm) {
            guard let x = unsafe number(key, "qx", size), let y = unsafe number(key, "qy", size) else { return nil }
            return ["kty": "EC", "crv": curve, "x": Base64URL.encode(x), "y": Base64URL.encode(y)]
        }
        if algorithm == .edDSA {
            var bytes = [UInt8](repeating: 0, count: 32)
            var length = bytes.count
            guard unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &length) == 1 else { return nil }
            return ["kty": "OKP", "crv": "Ed25519", "x": Base64URL.encode(bytes)]
        }
        let modulusBytes = unsafe Int(EVP_PKEY_get_size(key))
        guard let n = unsafe number(key, "n", modulusBytes), let e = unsafe number(key, "e", 3) else { return nil }
        return ["kty": "RSA", "n": Base64URL.encode(n), "e": Base64URL.encode(e)]
    }

    /// A parameter of a key as big-endian bytes of a fixed length.
    private static func number(_ key: OpaquePointer, _ name: String, _ length: Int) -> [UInt8]? {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, name, &number) == 1 else { return nil }
        defer { unsafe BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: length)
        return unsafe BN_bn2binpad(number, &bytes, Int32(length)) == Int32(length) ? bytes : nil
    }

    /// `R || S` from the DER form.
    private static func fixedLength(_ der: [UInt8], _ coordinateBytes: Int) -> [UInt8]? {
        let pair = unsafe der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &start, buffer.count)
        }
        guard let pair = unsafe pair else { return nil }
        defer { unsafe ECDSA_SIG_free(pair) }
        var r = [UInt8](repeating: 0, count: coordinateBytes)
        var s = r
        let size = Int32(coordinateBytes)
        guard unsafe BN_bn2binpad(ECDSA_SIG_get0_r(pair), &r, size) == size,
            unsafe BN_bn2binpad(ECDSA_SIG_get0_s(pair), &s, size) == size
        else { return nil }
        return r + s
    }

    private static func curve(_ algorithm: SignatureAlgorithm) -> String? {
        switch algorithm {
        case .es256: "P-256"
        case .es384: "P-384"
        case .es512: "P-521"
        default: nil
        }
    }

    private static func coordinateBytes(_ algorithm: SignatureAlgorithm) -> Int? {
        switch algorithm {
        case .es256: 32
        case .es384: 48
        case .es512: 66
        default: nil
        }
    }

    private static func digest(_ algorithm: SignatureAlgorithm) -> String? {
        algorithm == .edDSA ? nil : "SHA" + algorithm.rawValue.suffix(3)
    }
}
