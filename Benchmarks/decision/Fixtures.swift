// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthSigning

/// The tokens that are verified.
enum Fixtures {
    static let resource = "https://api.example.com/notes"

    /// The claims of RFC 9068, a tenant and groups: about 280 bytes, as most issuers send them.
    static func claims(_ number: Int = 0) -> JSON {
        let now = Int64(NumericDate.now().secondsSinceEpoch)
        return [
            "iss": "https://issuer.example", "sub": "user-7f9c2ba4e88f", "client_id": "client-2b6f0cc904d1",
            "aud": .string(resource), "scope": "read:notes write:notes",
            "jti": .string("a3f1c9d255b74c\(100_000 + number)"),
            "iat": .integer(now), "exp": .integer(now + 6 * 3600), "tenant": "acme", "groups": ["staff", "editors"],
        ]
    }

    /// About 450 bytes of claims, different for each number.
    static func largeClaims(_ number: Int) -> JSON {
        let now = Int64(NumericDate.now().secondsSinceEpoch)
        return [
            "iss": "https://issuer.example", "sub": .string("user-7f9c2ba4-e88f-4a3b-9b5e-\(100_000_000_000 + number)"),
            "client_id": "client-2b6f0cc904d137be2e17", "aud": .string(resource), "scope": "read:notes write:notes",
            "jti": .string("a3f1c9d2-55b7-4c0e-8d1a-\(200_000_000_000 + number)"), "iat": .integer(now),
            "exp": .integer(now + 6 * 3600), "auth_time": .integer(now - 60), "acr": "urn:example:acr:mfa",
            "tenant": "acme-industries", "groups": ["staff", "editors", "notes-administrators"], "ver": "1.0",
            "sid": "5d41402a-bc4b-4a76-b971",
        ]
    }

    /// - Parameter keyID: A `kid` instead of the key's own.
    static func token(_ number: Int = 0, signedBy key: SigningKey, keyID: String? = nil) throws -> String {
        let header: [String: JSON] = ["typ": "at+jwt", "kid": .string(keyID ?? key.keyID)]
        return try key.sign(header: header, claims: claims(number))
    }
}
