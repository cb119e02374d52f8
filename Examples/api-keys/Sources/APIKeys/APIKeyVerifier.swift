// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import MCPAuth

/// Verifies API keys of the form `nk_NAME_SECRET`, of which only hashes are known.
///
/// A key has 128 random bits or more, so a plain SHA-256 of it cannot be turned back; keys that people choose would need
/// a slow hash.
public struct APIKeyVerifier: TokenVerifier {
    /// One key.
    public struct Key: Sendable {
        /// The SHA-256 of the whole key, in lower-case hexadecimal.
        public var sha256: String
        /// Who uses it.
        public var subject: String
        /// What it may do.
        public var scopes: [String]
        /// Until when it is good, in seconds since 1970.
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
    ///   - keys: All keys there are.
    ///   - audience: The resource that they are for.
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
        // Whatever else is sent here may be a token that another verifier knows.
        guard text.hasPrefix("nk_") else { return .notMine() }
        // The hash is looked up, not the key: how long that takes says nothing about any key.
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
