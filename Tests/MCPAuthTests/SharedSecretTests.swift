// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Tokens of issuers that share a secret with the resource server (RFC 7518 section 3.2).
@Suite struct SharedSecretTests {
    private static let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

    @Test(arguments: HMACAlgorithm.allCases)
    func `a token made with the configured secret and algorithm passes`(algorithm: HMACAlgorithm) async throws {
        let door = try SecretIssuer.door(HMACSecret(algorithm, secret: Secret(Self.secret)))
        #expect(try await door.request(authorization: ["Bearer \(Self.token(algorithm))"]).status == 200)
        for other in HMACAlgorithm.allCases where other != algorithm {
            let answer = try await door.request(authorization: ["Bearer \(Self.token(other))"])
            #expect(answer.reason == "algorithm_not_allowed")
        }
        let wrong = Self.token(algorithm, secret: String(Self.secret.reversed()))
        #expect(try await door.request(authorization: ["Bearer \(wrong)"]).reason == "invalid_signature")
    }

    @Test func `a kid is compared where one is configured`() async throws {
        let door = try SecretIssuer.door(HMACSecret(.hs256, keyID: "k1", secret: Secret(Self.secret)))
        #expect(try await door.request(authorization: ["Bearer \(Self.token(.hs256, keyID: "k1"))"]).status == 200)
        let other = try await door.request(authorization: ["Bearer \(Self.token(.hs256, keyID: "k2"))"])
        #expect(other.reason == "unknown_key")
        #expect(try await door.request(authorization: ["Bearer \(Self.token(.hs256))"]).reason == "unknown_key")
    }

    @Test func `with a shared secret nothing is fetched and no published key counts`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try TestIssuer("https://issuer.example", fetcher: fetcher)
        let door = try SecretIssuer.door(HMACSecret(.hs256, secret: Secret(Self.secret)), fetcher: fetcher)
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.reason == "algorithm_not_allowed")
        #expect(fetcher.requests.isEmpty)
    }

    private static func token(_ algorithm: HMACAlgorithm, secret: String = secret, keyID: String? = nil) -> String {
        var header: [String: JSON] = ["alg": .string(algorithm.rawValue), "typ": "at+jwt"]
        header["kid"] = keyID.map(JSON.string)
        let claims: JSON = [
            "iss": "https://issuer.example", "sub": "alice", "client_id": "c1", "aud": "https://api.example.com/notes",
            "exp": 1_795_425_600, "jti": "j",
        ]
        let input = Base64URL.encode(JSON.object(header).encoded()) + "." + Base64URL.encode(claims.encoded())
        let mac = KeyedHash.mac(
            Array(input.utf8),
            key: Array(secret.utf8),
            digest: "SHA" + algorithm.rawValue.suffix(3)
        )
        return input + "." + Base64URL.encode(mac)
    }
}
