// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A digital signature algorithm for JWS (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
///
/// It contains public-key algorithms only: `none` and the HMAC algorithms have no case, so no key of a JWK Set can be
/// used with them.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    case rs384 = "RS384"
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    case rs512 = "RS512"
    /// RSASSA-PSS with SHA-256.
    case ps256 = "PS256"
    /// RSASSA-PSS with SHA-384.
    case ps384 = "PS384"
    /// RSASSA-PSS with SHA-512.
    case ps512 = "PS512"
    /// ECDSA with P-256 and SHA-256.
    case es256 = "ES256"
    /// ECDSA with P-384 and SHA-384.
    case es384 = "ES384"
    /// ECDSA with P-521 and SHA-512.
    case es512 = "ES512"
    /// Ed25519, for which `alg` is `EdDSA` or `Ed25519`.
    case edDSA = "EdDSA"

    /// Parses an `alg` value; `nil` for any other name.
    ///
    /// Names are case-sensitive. `Ed25519` is the fully-specified name of ``edDSA`` (RFC 9864 section 2.2).
    public init?(name: String) {
        self.init(rawValue: name == "Ed25519" ? "EdDSA" : name)
    }

    /// The name of the digest in OpenSSL; `nil` for EdDSA, which hashes the message itself.
    var digestName: String? {
        switch self {
        case .rs256, .ps256, .es256: "SHA256"
        case .rs384, .ps384, .es384: "SHA384"
        case .rs512, .ps512, .es512: "SHA512"
        case .edDSA: nil
        }
    }

    /// The `kty` and, if there is one, the `crv` of the keys for this algorithm, separated by a space.
    var keyFamily: String {
        switch self {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: "RSA"
        case .es256: "EC P-256"
        case .es384: "EC P-384"
        case .es512: "EC P-521"
        case .edDSA: "OKP Ed25519"
        }
    }

    var usesPSSPadding: Bool {
        switch self {
        case .ps256, .ps384, .ps512: true
        default: false
        }
    }

    /// Hashes the case as a number, which is faster than the default, the hash of the name.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ordinal)
    }

    /// Compares the cases.
    public static func == (left: SignatureAlgorithm, right: SignatureAlgorithm) -> Bool {
        left.ordinal == right.ordinal
    }

    private var ordinal: UInt8 {
        switch self {
        case .rs256: 0
        case .rs384: 1
        case .rs512: 2
        case .ps256: 3
        case .ps384: 4
        case .ps512: 5
        case .es256: 6
        case .es384: 7
        case .es512: 8
        case .edDSA: 9
        }
    }

    /// The algorithms of an RSA key.
    static let rsa: [SignatureAlgorithm] = [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
}
