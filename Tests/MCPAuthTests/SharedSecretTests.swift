// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
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

    @Test func `with a shared secret nothing is fetched, and published keys are not used`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let door = try SecretIssuer.door(HMACSecret(.hs256, secret: Secret(Self.secret)), fetcher: fetcher)
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.reason == "algorithm_not_allowed")
        #expect(fetcher.requests.isEmpty)
    }

    @Test func `a truncated MAC is refused`() async throws {
        let door = try SecretIssuer.door(HMACSecret(.hs256, secret: Secret(Self.secret)))
        let token = Self.token(.hs256)
        let signature = try #require(token.split(separator: ".").last.flatMap { Base64URL.decode(Array($0.utf8)[...]) })
        for count in [0, 1, 16, 31] {
            let short = token.prefix(token.count - 43) + Base64URL.encode(Array(signature.prefix(count)))
            let answer = try await door.request(authorization: ["Bearer \(short)"])
            #expect(answer.status == 401, "\(count)")
        }
    }

    @Test(arguments: [(HMACAlgorithm.hs256, 32), (.hs384, 48), (.hs512, 64)])
    func `a secret shorter than the digest is refused in code too`(algorithm: HMACAlgorithm, bytes: Int) throws {
        let secret = String(Self.secret.prefix(bytes))
        _ = try SecretIssuer.door(HMACSecret(algorithm, secret: Secret(secret)))
        #expect(throws: ConfigurationError.self) {
            try SecretIssuer.door(HMACSecret(algorithm, secret: Secret(String(secret.dropLast()))))
        }
    }

    @Test func `a secret in a file is its bytes without one line end, and need not be text`() throws {
        let path = NSTemporaryDirectory() + "/secret-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            { "version": 1, "issuers": { "i": { "issuer": "https://issuer.example", "hmac_secrets": [ { "algorithm": "HS256", "key_id": "k", "secret": { "file": "\(path)" } } ] } },
              "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["i"], "policy": "authenticated" } ] }
            """
        // Twelve bytes are too few, although read as text they would become 36 bytes.
        try Data([UInt8](repeating: 0xFF, count: 12)).write(to: URL(filePath: path))
        #expect(throws: ConfigurationError.self) { try ConfigurationFileTests.read(text) }
        let random = (0..<32).map { UInt8(0x80 + $0) }
        for ending in [[], Array("\n".utf8), Array("\r\n".utf8)] {
            try Data(random + ending).write(to: URL(filePath: path))
            let secret = try ConfigurationFileTests.read(text).configuration.resources[0].authorizationServers[0]
                .hmacSecrets[0]
            #expect(secret.secret.bytes == random)
            #expect(secret.keyID == "k" && secret.algorithm == .hs256)
        }
    }

    @Test func `shared secrets are refused if JWTs are introspected, as they would never be used`() throws {
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            introspection: .init(authentication: .bearer(token: Secret("x")), tokens: .any),
            hmacSecrets: [HMACSecret(.hs256, secret: Secret(Self.secret))]
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
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
