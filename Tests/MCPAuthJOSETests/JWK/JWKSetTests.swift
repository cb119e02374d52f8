// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

@Suite struct JWKSetTests {
    @Test func `unusable keys are skipped with a reason and the rest is kept`() throws {
        let keys = try JWKSet(try Vectors.own("attack-tokens/jwks.json"))
        #expect(keys.keys.contains { $0.keyID == "rsa" })
        #expect(keys.skipped.contains { $0.reason.kind == .faulty }, "RSA of 1024 bits, a point off its curve")
        #expect(keys.skipped.contains { $0.reason.kind == .cannotSign })
        #expect(!keys.keys.contains { $0.keyID == "weak" })
    }

    @Test func `a private or symmetric key in a set is skipped`() throws {
        let text =
            #"{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":"RzzuDRwYhNLkBWqkk8jEZeHhtXJBypGOXkOKn8Gs4CY","d":"AAAA"}]}"#
        let keys = try JWKSet(try JSONDocument(parsing: Array(text.utf8), limits: .fetched).root)
        #expect(keys.keys.isEmpty)
        #expect(keys.skipped.map(\.reason.kind) == [.privateKey, .privateKey])
    }

    @Test func `without a key identifier, a key is selected only if it is the only one that fits`() throws {
        let keys = try JWKSet(try Vectors.own("attack-tokens/jwks.json"))
        guard case .keys = keys.select(keyID: nil, algorithm: .es384) else {
            Issue.record("one key fits ES384")
            return
        }
        guard case .ambiguous = keys.select(keyID: nil, algorithm: .rs256) else {
            Issue.record("several keys fit RS256")
            return
        }
        guard case .unknownKeyID = keys.select(keyID: "RSA", algorithm: .rs256) else {
            Issue.record("identifiers are compared byte for byte")
            return
        }
        guard case .algorithmDoesNotFit = keys.select(keyID: "ec384", algorithm: .es256) else {
            Issue.record("the curve decides the algorithm")
            return
        }
    }

    @Test func `without a key identifier, two keys are ambiguous, and one key listed twice is not`() throws {
        let keys = [try SigningKey(.es256), try SigningKey(.es256)]
        let both = try Self.set(keys.map(\.publicJWK))
        guard case .ambiguous = both.select(keyID: nil, algorithm: .es256) else {
            Issue.record("either may have signed")
            return
        }
        let one = try Self.set([keys[0].publicJWK, keys[0].publicJWK.merging(patch: ["kid": "again"])])
        guard case .keys(let found) = one.select(keyID: nil, algorithm: .es256) else {
            Issue.record("it is the same key")
            return
        }
        #expect(found.count == 1)
    }

    @Test func `key identifiers that look alike name different keys`() throws {
        let composed: ExactString = "caf\u{E9}"
        let decomposed: ExactString = "cafe\u{301}"
        let first = try Self.set([Self.ed25519(composed), Self.ed25519("other")])
        guard case .keys = first.select(keyID: composed, algorithm: .edDSA) else {
            Issue.record("the identifier as it is published is known")
            return
        }
        guard case .unknownKeyID = first.select(keyID: decomposed, algorithm: .edDSA) else {
            Issue.record("identifiers are compared byte for byte")
            return
        }
        let second = try Self.set([Self.ed25519(decomposed)], reusing: first)
        guard case .keys = second.select(keyID: decomposed, algorithm: .edDSA) else {
            Issue.record("a key that is read again has the identifier it has now")
            return
        }
    }

    /// Entries next to a signing key: whether a token without `kid` finds the key, and how many keys its `kid` selects.
    private static let neighbours: [(String, [[String: JSON]], withoutKeyID: Bool, withKeyID: Int)] = [
        ("nothing", [], true, 1),
        ("the same entry", [[:]], true, 1),
        ("the same key with a certificate", [["x5c": ["MIIB"]]], true, 1),
        ("the same key without alg", [["alg": .null]], true, 1),
        ("another key for encryption", [["n": "other", "use": "enc", "alg": "RSA-OAEP"]], true, 1),
        (
            "another key whose alg is for encryption", [["n": "other", "use": .null, "alg": "RSA-OAEP-256"]], true,
            1
        ),
        (
            "another key that may only encrypt",
            [["n": "other", "use": .null, "alg": .null, "key_ops": ["encrypt", "wrapKey"]]], true, 1
        ),
        ("a key on a curve for key agreement", [["kty": "OKP", "crv": "X25519", "x": "AA"]], true, 1),
        ("a key of another type", [["kty": "EC", "crv": "P-256", "x": "x", "y": "y", "alg": "ES256"]], true, 1),
        ("another key for another algorithm", [["n": "other", "alg": "RS512"]], true, 1),
        ("another signing key", [["n": "other"]], false, 2),
        ("another signing key with another kid", [["n": "other", "kid": "k2"]], false, 1),
        ("a weak signing key", [["n": "AQAB"]], false, 1),
        ("another signing key that is not base64url", [["n": "++//"]], false, 1),
        ("another key whose alg is not known", [["n": "other", "alg": "RS1"]], false, 1),
        ("another key that may only sign", [["n": "other", "use": .null, "key_ops": ["sign"]]], false, 1),
        ("four more signing keys", [["n": "other"], ["n": "third"], ["n": "fourth"], ["n": "fifth"]], false, 4),
    ]

    @Test(arguments: neighbours.indices)
    func `keys that cannot sign and repeated keys do not make the choice of a key ambiguous`(index: Int) throws {
        let (name, others, withoutKeyID, withKeyID) = Self.neighbours[index]
        let entry: [String: JSON] = [
            "kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": .string(Self.modulus(1)),
        ]
        let named: [String: UInt8] = ["other": 2, "third": 3, "fourth": 4, "fifth": 5]
        let set = try Self.set(
            [.object(entry)]
                + others.map { changes in
                    var entry = entry
                    for (member, value) in changes {
                        entry[member] = value.string.flatMap { named[$0] }.map { .string(Self.modulus($0)) } ?? value
                    }
                    return .object(entry)
                }
        )
        let isFound =
            if case .keys(let keys) = set.select(keyID: nil, algorithm: .rs256) { keys.count == 1 } else { false }
        #expect(isFound == withoutKeyID, "\(name)")
        guard case .keys(let keys) = set.select(keyID: "k1", algorithm: .rs256) else {
            Issue.record("\(name): the key has a name")
            return
        }
        #expect(keys.count == withKeyID, "\(name)")
    }

    @Test func `leading zero octets of a modulus change nothing`() throws {
        let plain: [String: JSON] = ["kty": "RSA", "alg": "RS256", "e": "AQAB", "n": .string(Self.modulus(1))]
        for count in [1, 2] {
            var padded = plain
            let modulus = [UInt8](repeating: 0, count: count) + [UInt8](repeating: 0xC5, count: 512) + [3]
            padded["n"] = .string(Base64URL.encode(modulus))
            let alone = try Self.set([.object(padded)])
            #expect(alone.keys.count == 1 && alone.skipped.isEmpty)
            let both = try Self.set([.object(plain), .object(padded)])
            #expect(both.keys.count == 1 && both.skipped.isEmpty, "the same key in two entries is one key")
        }
    }

    @Test func `a key without a kid is not selected by a kid`() throws {
        var entry: [String: JSON] = ["kty": "RSA", "alg": "RS256", "e": "AQAB", "n": .string(Self.modulus(1))]
        for keyID in [nil, JSON.null] as [JSON?] {
            entry["kid"] = keyID
            let set = try Self.set([.object(entry)])
            #expect(set.keys.count == 1)
            guard case .unknownKeyID = set.select(keyID: "k1", algorithm: .rs256) else {
                Issue.record("the set has no key of that name")
                return
            }
        }
    }

    @Test(
        arguments: [
            (["n": "AQAB=="], "`n` is not base64url without padding (RFC 7515 section 2)"),
            (["n": "+/8"], "`n` is not base64url without padding (RFC 7515 section 2)"),
            (["n": "AQAB"], "the key is weak or invalid (RSA below 2048 bits, or not a point of its curve)"),
            (
                ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "alg": "ES256"],
                "`x` has 1 bytes, expected 32 (RFC 7518 section 6.2.1.2)"
            ),
            (
                ["kty": "EC", "crv": "P-256", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "alg": "ES256"],
                "`x` has 31 bytes, expected 32 (RFC 7518 section 6.2.1.2)"
            ),
            (["kty": "EC", "crv": "secp256k1"], "its curve is not P-256, P-384 or P-521"),
            (["alg": "RS1"], "`alg` is not a supported signature algorithm"),
            (["alg": "ES256"], "`alg` does not fit the key"),
            (["use": "enc"], "it is for encryption (`use`, `key_ops` or `alg`)"),
            (["use": "tls"], "`use` or `key_ops` does not allow verification"),
            (["d": "AA"], "it holds a private or symmetric key"),
            (["kid": ""], "`kid` is not a string of 1 to 256 bytes"),
            (["kty": "AKP"], "its `kty` is not RSA, EC or OKP"),
        ] as [([String: JSON], String)]
    )
    func `a skipped entry has its reason`(changes: [String: JSON], reason: String) throws {
        let entry: [String: JSON] = [
            "kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": .string(Self.modulus(1)),
        ]
        let set = try Self.set([.object(entry.merging(changes) { $1 })])
        #expect(set.skipped.map(\.reason.description) == [reason])
    }

    /// A modulus of 4104 bits, too long for the search for small factors.
    private static func modulus(_ number: UInt8) -> String {
        Base64URL.encode([UInt8](repeating: 0xC5, count: 512) + [number * 2 + 1])
    }

    /// OpenSSL looks for small factors in moduli of up to 4096 bits; beyond that, this takes too long for a key set.
    @Test(arguments: [(2048, false), (4096, false), (4104, true), (8192, true), (8200, false)])
    func `an RSA modulus with small factors is refused up to 4096 bits, and any above 8192`(
        bits: Int,
        isUsable: Bool
    ) throws {
        // A repeated byte is divisible by 3, 5, 17 and more.
        let modulus = Base64URL.encode([UInt8](repeating: 0xC5, count: bits / 8))
        let keys = try Self.set([["kty": "RSA", "alg": "RS256", "n": .string(modulus), "e": "AQAB"]])
        #expect(keys.keys.count == (isUsable ? 1 : 0))
    }

    @Test func `more than a hundred keys are refused`() throws {
        let many: JSON = ["keys": .array(Array(repeating: ["kty": "none"], count: 101))]
        let root = try JSONDocument(parsing: many.encoded(), limits: .fetched).root
        #expect(throws: JWKSet.Malformed.tooManyKeys) { try JWKSet(root) }
    }

    @Test(
        .enabled(if: Vectors.hasThirdParty),
        arguments: ["google", "entra-common", "gitlab", "slack", "paypal", "apple"]
    )
    func `key sets of real issuers have usable keys`(name: String) throws {
        let keys = try JWKSet(try Vectors.thirdParty("wellknown-providers/jwks/\(name).json"))
        #expect(!keys.keys.isEmpty)
    }

    private static func set(_ entries: [JSON], reusing earlier: JWKSet? = nil) throws -> JWKSet {
        let document: JSON = ["keys": .array(entries)]
        return try JWKSet(try JSONDocument(parsing: document.encoded(), limits: .fetched).root, reusing: earlier)
    }

    private static func ed25519(_ keyID: ExactString) -> JSON {
        [
            "kty": "OKP", "crv": "Ed25519", "kid": .string(keyID.text),
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        ]
    }
}
