// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// One usable verification key of a JWK Set (RFC 7517 section 4).
package struct JWK: Sendable {
    /// The `kid`; used only to look up the key.
    package let keyID: ExactString?
    package let key: PublicKey

    /// Why an entry of a JWK Set is skipped, in words for the operator.
    package struct Unusable: Error, Sendable, Hashable, CustomStringConvertible {
        /// How serious it is that the entry is skipped.
        package enum Kind: Sendable {
            /// It is not a key for a supported signature algorithm: it is for encryption, or of another type.
            case cannotSign
            /// It contains a private or symmetric key.
            case privateKey
            /// It may be a signing key, but is malformed, weak or mislabelled.
            case faulty
        }

        package let kind: Kind
        package let description: String

        init(_ kind: Kind, _ description: String) {
            self.kind = kind
            self.description = description
        }
    }

    /// Reads one entry of a JWK Set.
    ///
    /// Accepts RSA keys of 2048 to 8192 bits, EC keys on P-256, P-384 or P-521, and Ed25519 keys. `alg`, `use` and
    /// `key_ops` are respected if present; `null` counts as absent. Certificates (`x5c`, `x5u`) are not read. A private
    /// or symmetric key is refused: a key that is published with its private part is compromised.
    package init(_ value: JSONView) throws(Unusable) {
        guard value.kind == .object else { throw Unusable(.cannotSign, "it is not an object") }
        guard !Self.isPrivate(value) else { throw Self.holdsPrivateKey }
        guard !Self.isForEncryption(value) else {
            throw Unusable(.cannotSign, "it is for encryption (`use`, `key_ops` or `alg`)")
        }
        keyID = try Self.keyID(value)
        key = try Self.publicKey(value, pinned: try Self.pinnedAlgorithm(value))
        guard Self.allowsVerification(value) else {
            // Another `use` means that the key is not for signatures; `key_ops` without `verify` may be a mistake.
            let isForOtherUse = value.optional("use").map { !$0.isString("sig") } ?? false
            let kind: Unusable.Kind = isForOtherUse ? .cannotSign : .faulty
            throw Unusable(kind, "`use` or `key_ops` does not allow verification")
        }
    }

    static let holdsPrivateKey = Unusable(.privateKey, "it holds a private or symmetric key")

    /// The public key of an entry that also has its private part, whatever its `use`, `key_ops` and `alg`.
    static func exposedKey(_ value: JSONView) -> PublicKey? {
        isPrivate(value) ? try? publicKey(value, pinned: nil) : nil
    }

    /// Whether the entry has a private or symmetric member (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
    private static func isPrivate(_ value: JSONView) -> Bool {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].contains { value.optional($0) != nil }
    }

    private static func keyID(_ value: JSONView) throws(Unusable) -> ExactString? {
        guard let member = value.optional("kid") else { return nil }
        guard let keyID = member.string, (1...256).contains(keyID.utf8.count) else {
            throw Unusable(.faulty, "`kid` is not a string of 1 to 256 bytes")
        }
        return ExactString(keyID)
    }

    /// Whether the entry is declared for encryption only (RFC 7517 sections 4.2 to 4.4, RFC 7518 section 4.1).
    private static func isForEncryption(_ value: JSONView) -> Bool {
        if let use = value.optional("use"), use.isString("enc") { return true }
        if let operations = value.optional("key_ops")?.strings, !operations.isEmpty {
            return !operations.contains { $0 == "verify" || $0 == "sign" }
        }
        guard let algorithm = value.optional("alg")?.string else { return false }
        let beginnings = ["RSA1_5", "RSA-OAEP", "ECDH-ES", "A128", "A192", "A256", "PBES2", "dir", "HPKE"]
        return beginnings.contains(where: algorithm.hasPrefix)
    }

    private static func allowsVerification(_ value: JSONView) -> Bool {
        if let use = value.optional("use"), !use.isString("sig") { return false }
        guard let operations = value.optional("key_ops") else { return true }
        return operations.array?.contains { $0.isString("verify") } ?? false
    }

    private static func publicKey(
        _ value: JSONView,
        pinned: SignatureAlgorithm?
    ) throws(Unusable) -> PublicKey {
        let key: PublicKey?
        let misfit = Unusable(.faulty, "`alg` does not fit the key")
        switch (value["kty"]?.string, value["crv"]?.string) {
        case ("RSA", _):
            guard pinned.map(SignatureAlgorithm.rsa.contains) ?? true else { throw misfit }
            key = PublicKey(
                modulus: try bytes(value, "n"),
                exponent: try bytes(value, "e"),
                algorithms: pinned.map { [$0] } ?? SignatureAlgorithm.rsa
            )
        case ("EC", let name):
            guard let curve = name.flatMap(EllipticCurve.init) else {
                throw Unusable(.cannotSign, "its curve is not P-256, P-384 or P-521")
            }
            guard pinned == nil || pinned == curve.algorithm else { throw misfit }
            key = PublicKey(
                curve: curve,
                x: try bytes(value, "x", count: curve.coordinateBytes),
                y: try bytes(value, "y", count: curve.coordinateBytes)
            )
        case ("OKP", "Ed25519"):
            guard pinned == nil || pinned == .edDSA else { throw misfit }
            key = PublicKey(ed25519: try bytes(value, "x", count: 32))
        case ("oct", _):
            throw holdsPrivateKey
        case ("OKP", _):
            throw Unusable(.cannotSign, "its curve is not Ed25519")
        default:
            throw Unusable(.cannotSign, "its `kty` is not RSA, EC or OKP")
        }
        guard let key else {
            throw Unusable(.faulty, "the key is weak or invalid (RSA below 2048 bits, or not a point of its curve)")
        }
        return key
    }

    private static func pinnedAlgorithm(_ value: JSONView) throws(Unusable) -> SignatureAlgorithm? {
        guard let member = value.optional("alg") else { return nil }
        guard let algorithm = member.string.flatMap(SignatureAlgorithm.init(name:)) else {
            throw Unusable(.faulty, "`alg` is not a supported signature algorithm")
        }
        return algorithm
    }

    /// - Parameter count: The required number of bytes; `nil` for any number.
    private static func bytes(
        _ value: JSONView,
        _ name: String,
        count: Int? = nil
    ) throws(Unusable) -> [UInt8] {
        guard let text = value[name]?.string else { throw Unusable(.faulty, "`\(name)` is missing") }
        guard let bytes = Base64URL.decode(Array(text.utf8)[...]) else {
            throw Unusable(.faulty, "`\(name)` is not base64url without padding (RFC 7515 section 2)")
        }
        if let count, bytes.count != count {
            throw Unusable(
                .faulty,
                "`\(name)` has \(bytes.count) bytes, expected \(count) (RFC 7518 section 6.2.1.2)"
            )
        }
        return bytes
    }
}
