// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

@testable import MCPAuthJOSE

/// Rows A of the attack catalogue: algorithms, keys and signatures; prepared tokens are in `AttackTokenTests`.
@Suite struct KeyAttackTests {
    @Test func `A1 alg none is refused in every spelling and type, with and without a signature`() async throws {
        let (door, issuer) = try Door.notes()
        let genuine = try issuer.token().split(separator: ".")
        let names: [JSON] = [
            "none", "None", "NONE", "nOnE", "", " none", "none ", "null", .null, 0, ["none"], ["ES256"], [:], true,
        ]
        for name in names {
            for signature in ["", String(genuine[2])] {
                let header: JSON = ["alg": name, "typ": "at+jwt", "kid": .string(issuer.key.keyID)]
                let token = "\(Base64URL.encode(header.encoded())).\(genuine[1]).\(signature)"
                let answer = try await door.request(authorization: ["Bearer \(token)"])
                let expected = name.string != nil && !signature.isEmpty ? "algorithm_not_allowed" : "malformed_token"
                #expect(answer.verdict == "401 \(expected)", "\(name)")
            }
        }
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `A2 a public key is never used as an HMAC secret, in any encoding`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let key = try SigningKey(.rs256)
        issuer.publish([key])
        let door = try Door.notes(trusting: [issuer], fetcher: fetcher)
        let modulus = Base64URL.decode(Array((key.publicJWK["n"]?.string ?? "").utf8)[...]) ?? []
        try #require(modulus.count == 256)
        func field(_ bytes: [UInt8]) -> [UInt8] { [0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes }
        let ssh = field(Array("ssh-rsa".utf8)) + field([1, 0, 1]) + field([0] + modulus)
        let forms = [
            key.publicJWK.encoded(), modulus, [0] + modulus, Array((key.publicJWK["n"]?.string ?? "").utf8),
            Array("ssh-rsa \(Base64.encode(ssh))".utf8), Array("ssh-rsa \(Base64.encode(ssh))\n".utf8), [],
        ]
        for (number, secret) in forms.enumerated() {
            for name in ["HS256", "HS384", "HS512"] {
                let header: [String: JSON] = ["typ": "at+jwt", "alg": .string(name)]
                let parts = try issuer.token(header: header, key: key).split(separator: ".")
                let input = "\(parts[0]).\(parts[1])"
                let mac = KeyedHash.mac(Array(input.utf8), key: secret, digest: "SHA\(name.suffix(3))")
                let answer = try await door.request(authorization: ["Bearer \(input).\(Base64URL.encode(mac))"])
                #expect(answer.verdict == "401 algorithm_not_allowed", "form \(number)")
            }
        }
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token(key: key))"]).status == 200)
    }

    @Test func `A3 an empty or short HMAC secret is refused when it is configured`() throws {
        for (algorithm, bytes) in [(HMACAlgorithm.hs256, 31), (.hs384, 47), (.hs512, 63), (.hs256, 0)] {
            let short = Secret(String(repeating: "x", count: bytes))
            #expect(throws: ConfigurationError.self) { try SecretIssuer.door(HMACSecret(algorithm, secret: short)) }
            let enough = Secret(String(repeating: "x", count: algorithm.minimumSecretBytes))
            #expect(throws: Never.self) { try SecretIssuer.door(HMACSecret(algorithm, secret: enough)) }
        }
    }

    @Test func `A4 a JSON serialization is refused, and no unprotected header is read`() async throws {
        let (door, issuer) = try Door.notes()
        let parts = try issuer.token().split(separator: ".").map { JSON.string(String($0)) }
        let signature: JSON = ["protected": parts[0], "signature": parts[2], "header": ["alg": "none"]]
        let flattened: JSON = [
            "payload": parts[1], "protected": parts[0], "signature": parts[2], "header": ["alg": "none"],
        ]
        let unprotected: JSON = [
            "payload": parts[1], "signature": parts[2], "header": ["alg": "ES256", "kid": .string(issuer.key.keyID)],
        ]
        for token in [flattened, unprotected, ["payload": parts[1], "signatures": [signature]]] {
            let text = String(decoding: token.encoded(), as: UTF8.self)
            let answer = try await door.request(authorization: ["Bearer \(text)"])
            #expect(answer.verdict == "400 malformed_credentials")
            #expect(try await !door.isAllowed(token.encoded()))
        }
    }

    @Test func `A5 an algorithm that does not fit the key of the kid is not tried`() async throws {
        let (door, issuer) = try Door.notes()
        let (rsa, p384) = (try SigningKey(.rs256), try SigningKey(.es384))
        issuer.publish([issuer.key, rsa, p384])
        let cases = [
            ("RS256", issuer.key, "unknown_key"), ("ES256", p384, "unknown_key"), ("ES384", issuer.key, "unknown_key"),
            ("ES256", rsa, "unknown_key"), ("PS256", rsa, "unknown_key"), ("RS384", rsa, "unknown_key"),
            ("EdDSA", issuer.key, "unknown_key"), ("ES256K", issuer.key, "algorithm_not_allowed"),
            ("es256", issuer.key, "algorithm_not_allowed"), ("HS256", issuer.key, "algorithm_not_allowed"),
        ]
        for (name, key, reason) in cases {
            let token = try issuer.token(header: ["typ": "at+jwt", "alg": .string(name)], key: key)
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 \(reason)", "\(name)")
        }
        for key in [issuer.key, rsa, p384] {
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token(key: key))"]).status == 200)
        }
    }

    @Test func `A6 weak keys and points off their curve are not loaded, even if a signature matches`() async throws {
        let (door, issuer) = try Door.notes()
        // With the exponent 1 the padded hash is its own signature. OpenSSL itself checks only keys of up to 4096 bits.
        func rsa(_ name: String, _ exponent: [UInt8], bytes: Int) -> JSON {
            let modulus: [UInt8] = [0xC1] + [UInt8](repeating: 0xFF, count: bytes - 1)
            return [
                "kty": "RSA", "alg": "RS256", "kid": .string("\(name) \(bytes)"),
                "n": .string(Base64URL.encode(modulus)), "e": .string(Base64URL.encode(exponent)),
            ]
        }
        let curvePoint = issuer.key.publicJWK.merging(patch: ["kid": "off-curve", "y": issuer.key.publicJWK["x"] ?? ""])
        let weak = [256, 600].flatMap { bytes in
            [rsa("one", [1], bytes: bytes), rsa("even", [1, 0, 0], bytes: bytes), rsa("none", [], bytes: bytes)]
        }
        let keys: JSON = ["keys": .array(weak + [curvePoint, issuer.key.publicJWK])]
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        let digestInfo: [UInt8] = [
            0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
            0x20,
        ]
        for (exponent, bytes) in [256, 600].flatMap({ bytes in ["one", "even", "none"].map { ($0, bytes) } }) {
            let name = "\(exponent) \(bytes)"
            let header: [String: JSON] = ["typ": "at+jwt", "alg": "RS256", "kid": .string(name)]
            let parts = try issuer.token(header: header).split(separator: ".")
            let tail: [UInt8] = [0] + digestInfo + Digest.sha256(Array("\(parts[0]).\(parts[1])".utf8))
            let forged: [UInt8] = [0, 1] + [UInt8](repeating: 0xFF, count: bytes - 2 - tail.count) + tail
            let token = "\(parts[0]).\(parts[1]).\(Base64URL.encode(forged))"
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 unknown_key", "\(name)")
        }
        let offCurve = try issuer.token(header: ["typ": "at+jwt", "kid": "off-curve"])
        #expect(try await door.request(authorization: ["Bearer \(offCurve)"]).verdict == "401 unknown_key")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test func `A8 a signature in DER or of the wrong length is refused`() async throws {
        let (door, issuer) = try Door.notes()
        let parts = try issuer.token().split(separator: ".")
        let signature = try #require(Base64URL.decode(Array(parts[2].utf8)[...]))
        let forms: [[UInt8]] = [
            ECDSASignature.der(signature), Array(signature.dropLast()), signature + [0], [0] + signature,
            [0] + signature.prefix(32) + [0] + signature.suffix(32), [0x30], signature + signature,
        ]
        for form in forms {
            let token = "\(parts[0]).\(parts[1]).\(Base64URL.encode(form))"
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 invalid_signature")
        }
    }

    @Test func `A9 a revoked token with the mirrored ECDSA signature is revoked too`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token()
        let parts = token.split(separator: ".")
        let signature = try #require(Base64URL.decode(Array(parts[2].utf8)[...]))
        let order = Vectors.bytes(
            hexadecimal: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        )
        let mirrored = signature.prefix(32) + Self.difference(order, Array(signature.suffix(32)))
        let twin = "\(parts[0]).\(parts[1]).\(Base64URL.encode(mirrored))"
        #expect(twin != token)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer \(twin)"]).status == 200, "as ECDSA has it")
        door.mcpAuth.replaceRevocations(with: RevocationList([.init(issuer: "https://issuer.example", tokenID: "j1")]))
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 revoked")
        #expect(try await door.request(authorization: ["Bearer \(twin)"]).verdict == "401 revoked")
    }

    @Test func `A11 EdDSA is accepted under both its names, and a signature with another key is refused`() async throws
    {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let key = try SigningKey(.edDSA)
        issuer.publish([key])
        let door = try Door.notes(trusting: [issuer], fetcher: issuer.fetcher)
        for name in ["EdDSA", "Ed25519"] {
            let token = try issuer.token(header: ["typ": "at+jwt", "alg": .string(name)], key: key)
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "\(name)")
        }
        let forged = try issuer.token(header: ["typ": "at+jwt", "kid": .string(key.keyID)], key: SigningKey(.edDSA))
        #expect(try await door.request(authorization: ["Bearer \(forged)"]).verdict == "401 invalid_signature")
    }

    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ])
    func `A11 a key of small order, for which anyone can sign, is not loaded`(point: String) async throws {
        let (door, issuer) = try Door.notes()
        let key = Vectors.bytes(hexadecimal: point)
        let jwk: JSON = ["kty": "OKP", "crv": "Ed25519", "kid": "small", "x": .string(Base64URL.encode(key))]
        issuer.fetcher.serve((["keys": [jwk]] as JSON).encoded(), at: "https://issuer.example/jwks")
        let parts = try issuer.token(header: ["typ": "at+jwt", "alg": "EdDSA", "kid": "small"]).split(separator: ".")
        // With the neutral element as the key, this signature verifies every message.
        let signature: [UInt8] = [1] + [UInt8](repeating: 0, count: 63)
        let token = "\(parts[0]).\(parts[1]).\(Base64URL.encode(signature))"
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 unknown_key")
    }

    @Test(
        arguments: [
            ("../../../../dev/null", "unknown_key"), ("/dev/null", "unknown_key"), ("file:///dev/null", "unknown_key"),
            ("https://attacker.example/jwks", "unknown_key"), ("' OR '1'='1", "unknown_key"), ("$(id)", "unknown_key"),
            ("a\r\nb", "unknown_key"), (JSON.string(String(repeating: "k", count: 256)), "unknown_key"),
            (JSON.string(String(repeating: "k", count: 257)), "malformed_token"),
            (JSON.string(String(repeating: "k", count: 20_000)), "token_too_long"), ("", "malformed_token"),
            (.null, "malformed_token"), (7, "malformed_token"), ([], "malformed_token"), ([:], "malformed_token"),
            (true, "malformed_token"),
        ] as [(JSON, String)]
    )
    func `A12 a kid is only a name of a key, and an invalid kid is refused`(keyID: JSON, reason: String) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(header: ["typ": "at+jwt", "kid": keyID])
        let status = reason == "token_too_long" ? 431 : 401
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "\(status) \(reason)")
        #expect(issuer.fetcher.requests.allSatisfy { $0.hasPrefix("https://issuer.example/") })
    }

    @Test func `A12 a kid that differs in case, space or Unicode composition is another kid`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let named = issuer.key.publicJWK.merging(patch: ["kid": "Caf\u{E9}"])
        issuer.fetcher.serve((["keys": [named]] as JSON).encoded(), at: "https://issuer.example/jwks")
        let door = try Door.notes(trusting: [issuer], fetcher: issuer.fetcher)
        for (keyID, verdict) in [
            ("Caf\u{E9}", "200"), ("caf\u{E9}", "401 unknown_key"), ("Caf\u{E9} ", "401 unknown_key"),
            ("Cafe\u{301}", "401 unknown_key"),
        ] {
            let token = try issuer.token(header: ["typ": "at+jwt", "kid": .string(keyID)])
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == verdict, "\(keyID)")
        }
    }

    @Test func `A13 two keys with one kid are both tried, and without a kid only one key may fit`() async throws {
        let (door, issuer) = try Door.notes()
        let second = try SigningKey(.es256)
        let twin = second.publicJWK.merging(patch: ["kid": .string(issuer.key.keyID)])
        let keys: JSON = ["keys": [issuer.key.publicJWK, twin]]
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        let named = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(named)"]).verdict == "200")
        let other = try issuer.token(header: ["typ": "at+jwt", "kid": .string(issuer.key.keyID)], key: second)
        #expect(try await door.request(authorization: ["Bearer \(other)"]).verdict == "200")
        let forged = try issuer.token(
            header: ["typ": "at+jwt", "kid": .string(issuer.key.keyID)],
            key: SigningKey(.es256)
        )
        #expect(try await door.request(authorization: ["Bearer \(forged)"]).verdict == "401 invalid_signature")
        let raw = Array(issuer.claims("\"x\":1").utf8)
        let unnamed = try issuer.token(rawHeader: #"{"alg":"ES256","typ":"at+jwt"}"#, rawClaims: raw)
        #expect(try await door.request(authorization: ["Bearer \(unnamed)"]).verdict == "401 unknown_key")
    }

    @Test func `A14 a key in the token header is never used`() async throws {
        let (door, issuer) = try Door.notes()
        let attacker = try SigningKey(.es256)
        let certificate: JSON = [.string(Base64.encode([0x30, 0x03, 0x02, 0x01, 0x01]))]
        for (keyID, reason) in [(issuer.key.keyID, "invalid_signature"), (attacker.keyID, "unknown_key")] {
            let embedded: [[String: JSON]] = [["jwk": attacker.publicJWK], ["x5c": certificate], [:]]
            for more in embedded {
                let header = more.merging(["typ": "at+jwt", "kid": .string(keyID)]) { $1 }
                let token = try issuer.token(header: header, key: attacker)
                #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 \(reason)")
            }
        }
        // Without a kid the only published key is used, whatever key is in the header.
        let header: JSON = ["alg": "ES256", "typ": "at+jwt", "jwk": attacker.publicJWK]
        let input = "\(Base64URL.encode(header.encoded())).\(Base64URL.encode(Array(issuer.claims("\"x\":1").utf8)))"
        let token = "\(input).\(Base64URL.encode(try attacker.sign(Array(input.utf8))))"
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 invalid_signature")
    }

    @Test func `A15 no URL in a token header is fetched`() async throws {
        let (door, issuer) = try Door.notes()
        for member in ["jku", "x5u", "x5c", "jwk"] {
            let header: [String: JSON] = ["typ": "at+jwt", member: .string("https://attacker.example/\(member)")]
            let token = try issuer.token(header: header)
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "it is not looked at")
        }
        let places = ["https://issuer.example/.well-known/openid-configuration", "https://issuer.example/jwks"]
        #expect(issuer.fetcher.requests == places)
    }

    @Test func `A16 a key of one issuer verifies no token of another, whatever its kid`() async throws {
        let fetcher = FixtureFetcher([:])
        let first = try FixtureIssuer("https://one.example", fetcher: fetcher)
        let second = try FixtureIssuer("https://two.example", fetcher: fetcher)
        let door = try Door.notes(trusting: [first, second], fetcher: fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try first.token())"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer \(try second.token())"]).status == 200)
        let mixed = try first.token(["iss": "https://two.example"])
        #expect(try await door.request(authorization: ["Bearer \(mixed)"]).verdict == "401 unknown_key")
        let named = try first.token(["iss": "https://two.example"], header: ["kid": .string(second.key.keyID)])
        #expect(try await door.request(authorization: ["Bearer \(named)"]).verdict == "401 invalid_signature")
    }

    @Test(arguments: [JSON.string("other"), .null, 7, .string(String(repeating: "k", count: 300))])
    func `A17 a key whose private part is published is not used, under any kid`(keyID: JSON) async throws {
        let (door, issuer) = try Door.notes()
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let exposed = issuer.key.publicJWK.merging(patch: ["kid": keyID, "d": "AAAA", "alg": "ECDH-ES", "use": "enc"])
        let good = try SigningKey(.es256)
        let keys: JSON = ["keys": [issuer.key.publicJWK, exposed, good.publicJWK]]
        let fresh = try Door.notes(trusting: [issuer], fetcher: issuer.fetcher)
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        #expect(try await fresh.request(authorization: ["Bearer \(try issuer.token())"]).verdict == "401 unknown_key")
        #expect(try await fresh.request(authorization: ["Bearer \(try issuer.token(key: good))"]).status == 200)
        // A cached set loses the key at once too: there is no grace period.
        var later = door
        later.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        #expect(
            try await later.request(authorization: ["Bearer \(try issuer.token(now: later.now, key: good))"]).status
                == 200
        )
        #expect(try await later.request(authorization: ["Bearer \(try issuer.token(now: later.now))"]).status == 401)
        // The key does not come back with the next set either, only after a purge.
        issuer.publish([issuer.key, good])
        later.now = NumericDate(later.now.secondsSinceEpoch + 1300)
        #expect(
            try await later.request(authorization: ["Bearer \(try issuer.token(now: later.now, key: good))"]).status
                == 200
        )
        #expect(try await later.request(authorization: ["Bearer \(try issuer.token(now: later.now))"]).status == 401)
        later.mcpAuth.purge()
        #expect(try await later.request(authorization: ["Bearer \(try issuer.token(now: later.now))"]).status == 200)
    }

    @Test func `A17 unknown and malformed keys are left out, and the rest of the set is used`() async throws {
        let (door, issuer) = try Door.notes()
        let strange: [JSON] = [
            ["kty": "OKP", "crv": "X25519", "x": "AAAA"], ["kty": "future"], "text", 7, .null, [],
            ["kty": "RSA", "n": "AQ", "e": "AQAB"], ["kty": "oct", "k": "AAAA"], ["kty": "EC", "crv": "P-256"],
            ["kty": "RSA", "n": .string(String(repeating: "A", count: 100_000)), "e": "AQAB"],
        ]
        let keys: JSON = ["keys": .array(strange + [issuer.key.publicJWK])]
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test(arguments: [(100, "200"), (101, "503 issuer_unavailable")])
    func `A17 a set of more than a hundred keys is refused`(count: Int, verdict: String) async throws {
        let (door, issuer) = try Door.notes()
        let others = [JSON](repeating: ["kty": "future"], count: count - 1)
        let keys: JSON = ["keys": .array(others + [issuer.key.publicJWK])]
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).verdict == verdict)
    }

    /// The difference of two big-endian numbers of equal length.
    private static func difference(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var result = left
        var borrow = 0
        for index in result.indices.reversed() {
            let value = Int(left[index]) - Int(right[index]) - borrow
            borrow = value < 0 ? 1 : 0
            result[index] = UInt8(value & 0xFF)
        }
        return result
    }
}
