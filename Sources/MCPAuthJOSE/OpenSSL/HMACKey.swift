// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
package import MCPAuthJSON

/// A MAC algorithm for JWS (RFC 7518 section 3.2), used with explicitly configured secrets only.
///
/// A separate type from ``SignatureAlgorithm``, so that a public key can never be used with one.
public enum HMACAlgorithm: String, Sendable, CaseIterable {
    /// HMAC with SHA-256.
    case hs256 = "HS256"
    /// HMAC with SHA-384.
    case hs384 = "HS384"
    /// HMAC with SHA-512.
    case hs512 = "HS512"

    /// The minimum length of a secret in bytes, which is that of the hash (RFC 7518 section 3.2).
    package var minimumSecretBytes: Int {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        }
    }

    fileprivate var digestName: String {
        switch self {
        case .hs256: "SHA256"
        case .hs384: "SHA384"
        case .hs512: "SHA512"
        }
    }
}

/// A secret that an issuer and this resource server share.
package struct HMACKey: Sendable {
    package let algorithm: HMACAlgorithm
    /// The `kid` of the tokens made with it; `nil` to ignore the `kid`.
    package let keyID: ExactString?
    private let secret: [UInt8]

    /// Returns `nil` for a secret that is shorter than the hash.
    package init?(_ algorithm: HMACAlgorithm, keyID: ExactString?, secret: [UInt8]) {
        guard secret.count >= algorithm.minimumSecretBytes else { return nil }
        self.algorithm = algorithm
        self.keyID = keyID
        self.secret = secret
    }

    /// Whether a token has a valid MAC, compared in constant time.
    ///
    /// Does not check `alg` and `kid` of the header.
    package func isMAC(of jws: CompactJWS) -> Bool {
        let message = Array(jws.signingInput)
        let size = algorithm.minimumSecretBytes
        var length = 0
        let mac = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let done = unsafe EVP_Q_mac(
                nil,
                "HMAC",
                nil,
                algorithm.digestName,
                nil,
                secret,
                secret.count,
                message,
                message.count,
                buffer.baseAddress,
                size,
                &length
            )
            count = unsafe done == nil ? 0 : length
        }
        return mac.count == size && Digest.isEqual(mac, jws.signature)
    }
}
