// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning

/// The tokens that are verified.
enum Fixtures {
    static let resource = "https://api.example.com/notes"

    /// What RFC 9068 asks for and a tenant: about 280 bytes, as most issuers send them.
    static func claims(_ number: Int = 0) -> JSON {
        let now = Int64(NumericDate.now().secondsSinceEpoch)
        return [
            "iss": "https://issuer.example", "sub": "user-7f9c2ba4e88f", "client_id": "client-2b6f0cc904d1",
            "aud": .string(resource), "scope": "read:notes write:notes",
            "jti": .string("a3f1c9d255b74c\(100_000 + number)"),
            "iat": .integer(now), "exp": .integer(now + 6 * 3600), "tenant": "acme", "groups": ["staff", "editors"],
        ]
    }

    /// About 450 bytes, different for each number.
    static func largeClaims(_ number: Int) -> JSON {
        let now = Int64(NumericDate.now().secondsSinceEpoch)
        return [
            "iss": "https://issuer.example", "sub": .string("user-7f9c2ba4-e88f-4a3b-9b5e-\(100_000_000_000 + number)"),
            "client_id": "client-2b6f0cc904d137be2e17", "aud": .string(resource), "scope": "read:notes write:notes",
            "jti": .string("a3f1c9d2-55b7-4c0e-8d1a-\(200_000_000_000 + number)"), "iat": .integer(now),
            "exp": .integer(now + 6 * 3600), "auth_time": .integer(now - 60), "acr": "urn:example:acr:mfa",
            "tenant": "acme-industries", "groups": ["staff", "editors", "notes-administrators"],
        ]
    }

    static func token(_ number: Int = 0, signedBy key: SigningKey) throws -> String {
        try key.sign(header: ["typ": "at+jwt"], claims: claims(number))
    }

    /// Writes `rs256.token`, `rs256.jwk.json` and the same for ES256.
    static func write(to directory: String) throws {
        for algorithm in [SignatureAlgorithm.rs256, .es256] {
            let key = try SigningKey(algorithm)
            let base = URL(filePath: directory).appending(path: algorithm.rawValue.lowercased()).path
            try Data(try token(signedBy: key).utf8).write(to: URL(filePath: base + ".token"))
            try Data(key.publicJWK.encoded()).write(to: URL(filePath: base + ".jwk.json"))
        }
    }
}
