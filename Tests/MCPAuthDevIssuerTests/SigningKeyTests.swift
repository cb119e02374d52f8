// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import Testing

/// The verifier of this package accepts what a signing key signs.
struct SigningKeyTests {
    @Test(arguments: SignatureAlgorithm.allCases)
    func `a signature verifies with the published key and with no other`(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(algorithm)
        let token = try key.sign(header: ["typ": "at+jwt"], claims: ["sub": "alice"])
        let jws = try CompactJWS(parsing: Array(token.utf8))
        #expect(jws.header.algorithm == algorithm)
        #expect(jws.header.keyID?.text == key.keyID)
        #expect(jws.header.mediaType == "at+jwt")
        let published = try publicKey(key)
        #expect(published.keyID?.text == key.keyID)
        #expect(jws.isSigned(by: published.key, using: algorithm))
        #expect(!jws.isSigned(by: try publicKey(try SigningKey(algorithm)).key, using: algorithm))
    }

    @Test func `coordinates and signatures keep their leading zeros`() throws {
        // One in 128 has a coordinate or an integer with a leading zero byte.
        for _ in 0..<200 {
            let key = try SigningKey(.es256)
            let signature = try key.sign([1, 2, 3])
            #expect(signature.count == 64)
            #expect(try publicKey(key).key.verifies(signature, over: [1, 2, 3], using: .es256))
        }
    }

    @Test func `random tokens are 32 bytes and differ`() {
        let tokens = (0..<100).map { _ in SecureRandom.token() }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { Base64URL.decode(Array($0.utf8)[...])?.count == 32 })
        #expect(SecureRandom.bytes(7).count == 7)
        #expect(SecureRandom.bytes(0).isEmpty)
    }

    private func publicKey(_ key: SigningKey) throws -> JWK {
        try JWK(try JSONDocument(parsing: key.publicJWK.encoded(), limits: .token).root)
    }
}
#endif
