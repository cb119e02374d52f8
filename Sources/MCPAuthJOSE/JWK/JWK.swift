// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// One usable verification key of a JWK Set (RFC 7517 section 4).
package struct JWK: Sendable {
    /// The `kid`, used as nothing but a map key.
    package let keyID: ExactString?
    package let key: PublicKey

    /// Why an entry of a JWK Set is left out.
    package enum Unusable: String, Error, Sendable {
        case notAnObject = "not an object"
        case invalidKeyID = "`kid` is not a string of 1 to 256 bytes"
        case unsupportedKeyType = "unknown `kty` or `crv`"
        case privateKey = "holds a private or symmetric key"
        case notForSignatures = "`use` or `key_ops` does not allow verification"
        case algorithmDoesNotFit = "`alg` is unknown or does not fit the key"
        case invalidKey = "the key is malformed, weak or not on its curve"
    }

    /// Reads one entry.
    ///
    /// Accepts RSA of 2048 bits or more, EC on its curve, and Ed25519. `alg`, `use` and `key_ops` are obeyed where
    /// present. Certificates (`x5c`, `x5u`) are not read. A private or symmetric key is refused even though its public
    /// part would do: who publishes one gives it away.
    package init(_ value: JSONValue) throws(Unusable) {
        guard value.kind == .object else { throw .notAnObject }
        guard !Self.isPrivate(value) else { throw .privateKey }
        keyID = try Self.keyID(value)
        guard Self.allowsVerification(value) else { throw .notForSignatures }
        key = try Self.publicKey(value, pinned: try Self.pinnedAlgorithm(value))
    }

    /// The public part of an entry that has its private part too, whatever the entry says it is for.
    static func exposedKey(_ value: JSONValue) -> PublicKey? {
        isPrivate(value) ? try? publicKey(value, pinned: nil) : nil
    }

    /// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.
    private static func isPrivate(_ value: JSONValue) -> Bool {
        ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].contains { value[$0] != nil }
    }

    private static func keyID(_ value: JSONValue) throws(Unusable) -> ExactString? {
        guard let member = value["kid"] else { return nil }
        guard let keyID = member.string, (1...256).contains(keyID.utf8.count) else { throw .invalidKeyID }
        return ExactString(keyID)
    }

    private static func allowsVerification(_ value: JSONValue) -> Bool {
        if let use = value["use"], !use.isString("sig") { return false }
        if let operations = value["key_ops"] {
            return operations.array?.contains { $0.isString("verify") } ?? false
        }
        return true
    }

    private static func publicKey(
        _ value: JSONValue,
        pinned: SignatureAlgorithm?
    ) throws(Unusable) -> PublicKey {
        let key: PublicKey?
        switch (value["kty"]?.string, value["crv"]?.string) {
        case ("RSA", _):
            guard pinned.map(SignatureAlgorithm.rsa.contains) ?? true else { throw .algorithmDoesNotFit }
            key = PublicKey(
                modulus: try bytes(value, "n"),
                exponent: try bytes(value, "e"),
                algorithms: pinned.map { [$0] } ?? SignatureAlgorithm.rsa
            )
        case ("EC", let name):
            guard let curve = name.flatMap(EllipticCurve.init) else { throw .unsupportedKeyType }
            guard pinned == nil || pinned == curve.algorithm else { throw .algorithmDoesNotFit }
            key = PublicKey(curve: curve, x: try bytes(value, "x"), y: try bytes(value, "y"))
        case ("OKP", "Ed25519"):
            guard pinned == nil || pinned == .edDSA else { throw .algorithmDoesNotFit }
            key = PublicKey(ed25519: try bytes(value, "x"))
        case ("oct", _):
            throw .privateKey
        default:
            throw .unsupportedKeyType
        }
        guard let key else { throw .invalidKey }
        return key
    }

    private static func pinnedAlgorithm(_ value: JSONValue) throws(Unusable) -> SignatureAlgorithm? {
        guard let member = value["alg"] else { return nil }
        guard let algorithm = member.string.flatMap(SignatureAlgorithm.init(name:)) else { throw .algorithmDoesNotFit }
        return algorithm
    }

    private static func bytes(_ value: JSONValue, _ name: String) throws(Unusable) -> [UInt8] {
        guard let text = value[name]?.string, let bytes = Base64URL.decode(Array(text.utf8)[...]) else {
            throw .invalidKey
        }
        return bytes
    }
}
