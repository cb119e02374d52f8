// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthLock
import MCPAuthSigning
import TestSupport
import Testing

/// Rows D of the attack catalogue: keys, caches, discovery and introspection.
@Suite struct IssuerAttackTests {
    @Test func `D1 a flood of unknown kids neither floods the issuer nor stops valid tokens`() async throws {
        let (door, issuer) = try AttackCatalogueTests.notes()
        let good = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(good)"]).status == 200)
        let parts = good.split(separator: ".")
        for number in 0..<2000 {
            let header = JSON.object(["alg": "ES256", "typ": "at+jwt", "kid": .string("k\(number)")]).encoded()
            let forged = "\(Base64URL.encode(header)).\(parts[1]).\(parts[2])"
            #expect(try await door.request(authorization: ["Bearer \(forged)"]).status == 401)
        }
        #expect(issuer.fetcher.requests.count == 2, "metadata and keys, once")
        #expect(try await door.request(authorization: ["Bearer \(good)"]).status == 200)
    }

    @Test func `D3 and D8 a purge ends what was verified with a withdrawn key at once`() async throws {
        let (door, issuer) = try AttackCatalogueTests.notes()
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        issuer.publish([try SigningKey(.es256)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "nobody has looked yet")
        door.mcpAuth.purge()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "unknown_key")
    }

    @Test(arguments: [
        ("[]", 200), ("<html>", 200), (#"{"issuer":"https://issuer.example","issuer":"https://issuer.example"}"#, 200),
        (#"{"issuer":"https://issuer.example"}"#, 302), ("", 200),
        (#"{"issuer":"https://issuer.example","jwks_uri":"ftp://issuer.example/jwks"}"#, 200),
        (#"{"issuer":"https://issuer.example","jwks_uri":7}"#, 200),
    ])
    func `D4 metadata that is none makes the issuer unavailable`(body: String, status: Int) async throws {
        let (door, issuer) = try AttackCatalogueTests.notes()
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(Array(body.utf8), at: place, status: status)
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.status == 503)
        #expect(answer.retryAfter != nil)
    }

    @Test(arguments: ["https://issuer.example/", "https://ISSUER.example", "https://other.example", ""])
    func `D5 metadata that names another issuer is not used`(named: String) async throws {
        let (door, issuer) = try AttackCatalogueTests.notes()
        let metadata: JSON = ["issuer": .string(named), "jwks_uri": "https://issuer.example/jwks"]
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(metadata.encoded(), at: place)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
    }

    @Test func `D6 an issuer that is down or lies does not touch another`() async throws {
        let fetcher = FixtureFetcher([:])
        let good = try TestIssuer("https://good.example", fetcher: fetcher)
        let bad = try TestIssuer("https://bad.example", fetcher: fetcher)
        let door = try AttackCatalogueTests.door([bad, good], fetcher: fetcher)
        fetcher.serve(Array("<html>".utf8), at: "https://bad.example/jwks")
        #expect(try await door.request(authorization: ["Bearer \(try bad.token())"]).status == 503)
        #expect(try await door.request(authorization: ["Bearer \(try good.token())"]).status == 200)
        // The liar publishes the other one's key and signs in its own name, and in the other's.
        bad.publish([good.key])
        let forged = try bad.token(["iss": "https://good.example"], header: ["kid": .string(good.key.keyID)])
        #expect(try await door.request(authorization: ["Bearer \(forged)"]).status == 401)
    }

    @Test func `D7 tokens that begin alike or differ in their last byte are different tokens`() async throws {
        let (door, issuer) = try AttackCatalogueTests.notes()
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        for index in [token.utf8.count - 1, token.utf8.count - 2, 200] {
            var bytes = Array(token.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(try await door.request(authorization: ["Bearer \(changed)"]).status == 401)
        }
        #expect(try await door.request(authorization: ["Bearer \(token.dropLast())"]).status == 401)
    }

    @Test func `D8 a remembered token ends with its exp, a remembered verdict grants no other resource`() async throws {
        var (door, issuer) = try AttackCatalogueTests.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + 10)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(door.mcpAuth.tokenCacheStatistics.hits == 1)
        door.now = NumericDate(door.now.secondsSinceEpoch + 71)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "expired")
    }

    @Test func `D8 a changed key set makes every remembered token be looked at again`() async throws {
        var (door, issuer) = try AttackCatalogueTests.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + 86_400)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        issuer.publish([try SigningKey(.es256)])
        door.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "the grace")
        door.now = NumericDate(door.now.secondsSinceEpoch + 7201)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "unknown_key")
    }

    @Test func `D13 no configured secret is printed by anything that is printed`() throws {
        let secret = Secret("correct horse battery staple correct horse")
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            introspection: .init(authentication: .clientSecretPost(clientID: "rs", secret: secret)),
            hmacSecrets: [HMACSecret(.hs256, secret: secret)]
        )
        var dumped = "\(server) \(String(reflecting: server))"
        dump(server, to: &dumped)
        #expect(!dumped.contains("horse"))
        #expect(dumped.contains("<redacted>"))
    }
}
