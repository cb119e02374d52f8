// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A digital signature algorithm for JWS (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
///
/// Only public-key algorithms are here: `none` and the HMAC family cannot be named, so no key of a JWK Set can ever be
/// used with them.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    /// Ed25519 under either of its names, `EdDSA` and `Ed25519`.
    case edDSA = "EdDSA"

    /// Reads an `alg` value.
    ///
    /// Only the exact name, upper and lower case told apart. `Ed25519` is the fully-specified name of ``edDSA``.
    public init?(name: String) {
        self.init(rawValue: name == "Ed25519" ? "EdDSA" : name)
    }

    /// The name of the digest in OpenSSL; `nil` where the algorithm has a digest of its own.
    var digestName: String? {
        switch self {
        case .rs256, .ps256, .es256: "SHA256"
        case .rs384, .ps384, .es384: "SHA384"
        case .rs512, .ps512, .es512: "SHA512"
        case .edDSA: nil
        }
    }

    /// The `kty` and, where there is one, `crv` of the keys that make such signatures.
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

    /// Hashes the case; a raw-value enumeration would hash its name, for every token.
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

    /// Those that an RSA key of any size can make.
    static let rsa: [SignatureAlgorithm] = [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
}
