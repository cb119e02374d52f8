// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Rows D of the attack catalogue: keys, caches, discovery and introspection.
@Suite struct IssuerAttackTests {
    @Test func `D1 a flood of unknown kids neither floods the issuer nor stops valid tokens`() async throws {
        let (door, issuer) = try Door.notes()
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
        // After the cool-down there is one more fetch, and then none again.
        var later = door
        later.now = NumericDate(door.now.secondsSinceEpoch + 31)
        for number in 0..<100 {
            let token = try issuer.token(header: ["typ": "at+jwt", "kid": .string("later\(number)")])
            #expect(try await later.request(authorization: ["Bearer \(token)"]).verdict == "401 unknown_key")
        }
        #expect(issuer.fetcher.requests.count == 3)
    }

    @Test(arguments: [0.0, 1, 60, 299, 301, 1e9])
    func `D1 an unknown kid with a future iat is 401, or 503 if its key may be new`(ahead: Double) async throws {
        let (door, issuer) = try Door.notes()
        let issuedAt: JSON = .number(door.now.secondsSinceEpoch + ahead)
        let token = try issuer.token(["iat": issuedAt], header: ["typ": "at+jwt", "kid": "nobody"])
        // The first request fetches the keys; the second is within the cool-down.
        for _ in 0..<2 {
            let answer = try await door.request(authorization: ["Bearer \(token)"])
            #expect(answer.verdict == "401 unknown_key")
        }
        let (later, other) = (
            door.now.adding(5),
            try issuer.token(
                ["iat": .number(door.now.secondsSinceEpoch + 5 + ahead)],
                header: ["typ": "at+jwt", "kid": "nobody"]
            )
        )
        var after = door
        after.now = later
        let answer = try await after.request(authorization: ["Bearer \(other)"])
        #expect(answer.verdict == (ahead <= 300 ? "503 key_pending" : "401 unknown_key"), "it may be new")
    }

    @Test func `D2 tokens stay valid while replicas publish different keys in turn`() async throws {
        var (door, issuer) = try Door.notes()
        let other = try SigningKey(.es256)
        for round in 0..<20 {
            issuer.publish(round % 2 == 0 ? [issuer.key] : [other])
            door.now = NumericDate(1_795_425_000 + Double(round) * 700)
            let now = door.now
            let status = try await door.request(authorization: ["Bearer \(try issuer.token(now: now))"]).status
            #expect(status == 200, "round \(round)")
        }
    }

    @Test func `D3 a token verified with a replaced key is not remembered beyond the grace period`() async throws {
        var (door, issuer) = try Door.notes()
        let end: JSON = .number(door.now.secondsSinceEpoch + 86_400)
        let old = try issuer.token(["exp": end])
        #expect(try await door.request(authorization: ["Bearer \(old)"]).status == 200)
        // The issuer reuses the kid for another key.
        let new = try SigningKey(.es256)
        let named = new.publicJWK.merging(patch: ["kid": .string(issuer.key.keyID)])
        issuer.fetcher.serve((["keys": [named]] as JSON).encoded(), at: "https://issuer.example/jwks")
        door.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        #expect(try await door.request(authorization: ["Bearer \(old)"]).status == 200, "the grace")
        let rotated = door.now
        for minutes in stride(from: 5.0, through: 119, by: 9) {
            door.now = rotated.adding(minutes * 60)
            #expect(try await door.request(authorization: ["Bearer \(old)"]).status == 200, "\(minutes) minutes")
        }
        door.now = rotated.adding(2 * 3600 + 1)
        #expect(try await door.request(authorization: ["Bearer \(old)"]).verdict == "401 invalid_signature")
    }

    @Test func `D8 a failed fetch does not discard remembered tokens while the keys are fresh`() async throws {
        var (door, issuer) = try Door.notes()
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        issuer.fetcher.setDown(true)
        door.now = NumericDate(door.now.secondsSinceEpoch + 60)
        let unknown = try issuer.token(header: ["typ": "at+jwt", "kid": "nobody"])
        _ = try await door.request(authorization: ["Bearer \(unknown)"])
        door.now = NumericDate(door.now.secondsSinceEpoch + 60)
        let hits = door.mcpAuth.tokenCacheStatistics.hits
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(door.mcpAuth.tokenCacheStatistics.hits == hits + 1)
    }

    @Test func `D3 and D8 a purge forgets tokens verified with a withdrawn key at once`() async throws {
        let (door, issuer) = try Door.notes()
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
    func `D4 invalid metadata makes the issuer unavailable`(body: String, status: Int) async throws {
        let (door, issuer) = try Door.notes()
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(Array(body.utf8), at: place, status: status)
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.status == 503)
        #expect(answer.retryAfter != nil)
    }

    @Test(
        arguments: ["12345678901234567890123", "1e400", #""\u0000""#, #""\ud800""#, #"{"\u0000":1}"#, "null"],
        ["", "\u{FEFF}"]
    )
    func `D4 an unused value that cannot be represented invalidates neither metadata nor keys`(
        value: String,
        mark: String
    ) async throws {
        let (door, issuer) = try Door.notes()
        let key = String(decoding: issuer.key.publicJWK.encoded(), as: UTF8.self).dropLast()
        let places = #""issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks""#
        let members = [
            ".well-known/openid-configuration": places,
            "jwks": #""keys":[\#(key),"z":\#(value)},{"kty":\#(value)}]"#,
        ]
        for (path, text) in members {
            issuer.fetcher.serve(
                Array("\(mark){\"z\":\(value),\(text)}".utf8),
                at: "https://issuer.example/\(path)"
            )
        }
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).verdict == "200")
    }

    @Test(arguments: ["https://issuer.example/", "https://ISSUER.example", "https://other.example", ""])
    func `D5 metadata that names another issuer is not used`(named: String) async throws {
        let (door, issuer) = try Door.notes()
        let metadata: JSON = ["issuer": .string(named), "jwks_uri": "https://issuer.example/jwks"]
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(metadata.encoded(), at: place)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
    }

    @Test(arguments: [
        (AuthorizationServer.Discovery.oidc, "https://issuer.example/realms/a/.well-known/openid-configuration"),
        (.oauth, "https://issuer.example/.well-known/oauth-authorization-server/realms/a"),
    ])
    func `D5 metadata of an issuer with a path is fetched only from the URL of its discovery`(
        discovery: AuthorizationServer.Discovery,
        place: String
    ) async throws {
        let fetcher = FixtureFetcher([:])
        // Documents at other well-known URLs also name the issuer, with another `jwks_uri`.
        let everywhere = [
            "https://issuer.example/realms/a/.well-known/openid-configuration",
            "https://issuer.example/realms/a/.well-known/oauth-authorization-server",
            "https://issuer.example/.well-known/oauth-authorization-server/realms/a",
            "https://issuer.example/.well-known/openid-configuration/realms/a",
        ]
        let issuer = try FixtureIssuer("https://issuer.example/realms/a", fetcher: fetcher, discovery: "/unused")
        for (index, each) in everywhere.enumerated() {
            let metadata: JSON = [
                "issuer": "https://issuer.example/realms/a",
                "jwks_uri": .string(
                    each == place ? "https://issuer.example/realms/a/jwks" : "https://issuer.example/\(index)"
                ),
            ]
            fetcher.serve(metadata.encoded(), at: each)
        }
        let server = AuthorizationServer(issuer: "https://issuer.example/realms/a", discovery: discovery)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let door = try Door([resource], fetcher: fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        #expect(fetcher.requests == [place, "https://issuer.example/realms/a/jwks"])
    }

    @Test func `D6 a broken or dishonest issuer does not affect another issuer`() async throws {
        let fetcher = FixtureFetcher([:])
        let good = try FixtureIssuer("https://good.example", fetcher: fetcher)
        let bad = try FixtureIssuer("https://bad.example", fetcher: fetcher)
        let door = try Door.notes(trusting: [bad, good], fetcher: fetcher)
        fetcher.serve(Array("<html>".utf8), at: "https://bad.example/jwks")
        #expect(try await door.request(authorization: ["Bearer \(try bad.token())"]).status == 503)
        #expect(try await door.request(authorization: ["Bearer \(try good.token())"]).status == 200)
        // The dishonest issuer publishes the key of the other one and signs a token in its name.
        bad.publish([good.key])
        let forged = try bad.token(["iss": "https://good.example"], header: ["kid": .string(good.key.keyID)])
        #expect(try await door.request(authorization: ["Bearer \(forged)"]).status == 401)
    }

    @Test func `D7 a token that differs in any byte or in length is not taken for a remembered token`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        // Every byte matters, and so does the length.
        for index in 0..<token.utf8.count {
            var bytes = Array(token.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(try await door.request(authorization: ["Bearer \(changed)"]).status == 401, "byte \(index)")
        }
        for changed in [String(token.dropLast()), token + "A", String(token.prefix(20))] {
            #expect(try await door.request(authorization: ["Bearer \(changed)"]).status == 401)
        }
        #expect(door.mcpAuth.tokenCacheStatistics.hits == 0)
    }

    @Test func `D8 a remembered token is refused after its exp`() async throws {
        var (door, issuer) = try Door.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + 10)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(door.mcpAuth.tokenCacheStatistics.hits == 1)
        door.now = NumericDate(door.now.secondsSinceEpoch + 71)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "expired")
    }

    @Test func `D8 a remembered token is verified again after its key set has changed`() async throws {
        var (door, issuer) = try Door.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + 86_400)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        issuer.publish([try SigningKey(.es256)])
        door.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "the grace")
        door.now = NumericDate(door.now.secondsSinceEpoch + 7201)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "unknown_key")
    }

    @Test func `D13 printing or dumping an authorization server reveals no secret`() throws {
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
