// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import MCPAuth

/// Verifies API keys of the form `nk_NAME_SECRET`, of which it stores only hashes.
///
/// A key must have at least 128 random bits, so that a plain SHA-256 of it cannot be reversed. Keys that people choose
/// would need a slow hash.
public struct APIKeyVerifier: TokenVerifier {
    /// One key.
    public struct Key: Sendable {
        /// The SHA-256 of the whole key, in lower-case hexadecimal.
        public var sha256: String
        /// The subject that uses it.
        public var subject: String
        /// The scopes that it grants.
        public var scopes: [String]
        /// When it expires, in seconds since 1970.
        public var expires: Double

        /// Describes a key.
        public init(sha256: String, subject: String, scopes: [String], expires: Double) {
            self.sha256 = sha256
            self.subject = subject
            self.scopes = scopes
            self.expires = expires
        }
    }

    public let name = "api keys"
    private let keys: [String: Key]
    private let audience: String

    /// - Parameters:
    ///   - keys: All known keys.
    ///   - audience: The identifier of the resource that they are for.
    public init(_ keys: [Key], audience: String) {
        self.keys = Dictionary(keys.map { ($0.sha256, $0) }, uniquingKeysWith: { first, _ in first })
        self.audience = audience
    }

    public func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        let text = token.dangerouslyRevealed
        // Any other token may be one that another verifier knows.
        guard text.hasPrefix("nk_") else { return .notMine() }
        // The hash is looked up, not the key, so the time it takes reveals nothing about a key.
        let hash = SHA256.hash(data: Array(text.utf8)).map { Self.hexadecimal($0) }.joined()
        guard let key = keys[hash] else { return .rejected() }
        return .verified(
            try TokenEvidence(
                claims: ["sub": .string(key.subject), "scope": .string(key.scopes.joined(separator: " "))],
                notAfter: NumericDate(key.expires),
                audience: audience
            )
        )
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}
