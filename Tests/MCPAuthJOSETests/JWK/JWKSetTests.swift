// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import TestSupport
import Testing

@Suite struct JWKSetTests {
    @Test func `unusable keys are skipped with a reason and the rest is kept`() throws {
        let keys = try JWKSet(try Vectors.own("attack-tokens/jwks.json"))
        #expect(keys.keys.contains { $0.keyID == "rsa" })
        #expect(keys.skipped.contains { $0.reason == .invalidKey }, "RSA of 1024 bits, a point off its curve")
        #expect(keys.skipped.contains { $0.reason == .notForSignatures })
        #expect(!keys.keys.contains { $0.keyID == "weak" })
    }

    @Test func `a set that publishes a private or symmetric key loses that key`() throws {
        let text =
            #"{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":"RzzuDRwYhNLkBWqkk8jEZeHhtXJBypGOXkOKn8Gs4CY","d":"AAAA"}]}"#
        let keys = try JWKSet(try JSONDocument(parsing: Array(text.utf8), limits: .fetched).root)
        #expect(keys.keys.isEmpty)
        #expect(keys.skipped.map(\.reason) == [.privateKey, .privateKey])
    }

    @Test func `without a key identifier a token needs the only key that fits`() throws {
        let keys = try JWKSet(try Vectors.own("attack-tokens/jwks.json"))
        guard case .key = keys.select(keyID: nil, algorithm: .es384) else {
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

    @Test func `key identifiers that look alike name different keys`() throws {
        let composed: ExactString = "caf\u{E9}"
        let decomposed: ExactString = "cafe\u{301}"
        let first = try Self.set([Self.ed25519(composed), Self.ed25519("other")])
        guard case .key = first.select(keyID: composed, algorithm: .edDSA) else {
            Issue.record("the identifier as it is published is known")
            return
        }
        guard case .unknownKeyID = first.select(keyID: decomposed, algorithm: .edDSA) else {
            Issue.record("identifiers are compared byte for byte")
            return
        }
        let second = try Self.set([Self.ed25519(decomposed)], reusing: first)
        guard case .key = second.select(keyID: decomposed, algorithm: .edDSA) else {
            Issue.record("a key that is read again has the identifier it has now")
            return
        }
    }

    /// OpenSSL looks for small factors in numbers of up to 4096 bits; beyond, that takes too long for a key set.
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
