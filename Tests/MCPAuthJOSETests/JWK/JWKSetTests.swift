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
}
