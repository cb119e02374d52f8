// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import TestSupport
import Testing

/// The examples of RFC 7520 and RFC 8037.
@Suite(.enabled(if: Vectors.hasThirdParty)) struct JOSECookbookTests {
    @Test(arguments: [
        "jose-cookbook/jws/4_1.rsa_v15_signature.json", "jose-cookbook/jws/4_2.rsa-pss_signature.json",
        "jose-cookbook/jws/4_3.ecdsa_signature.json", "jose-cookbook/curve25519/jws.json",
    ])
    func `public-key signatures verify, and fail when a byte changes`(path: String) throws {
        let example = try Vectors.thirdParty(path)
        let token = Array(try #require(example["output"]?["compact"]?.string).utf8)
        let key = try publicKey(try #require(example["input"]?["key"]))
        let jws = try CompactJWS(parsing: token)
        let algorithm = try #require(jws.header.algorithm)
        #expect(jws.isSigned(by: key, using: algorithm))
        var changed = token
        changed[token.firstIndex(of: UInt8(ascii: "."))! + 1] ^= 1
        #expect((try? CompactJWS(parsing: changed).isSigned(by: key, using: algorithm)) != true)
    }

    @Test func `HMAC signatures and unencoded payloads are not accepted`() throws {
        for path in ["jws/4_4.hmac-sha2_integrity_protection.json", "rfc7797/hmac-sha2_b64_false.json"] {
            let example = try Vectors.thirdParty("jose-cookbook/\(path)")
            let token = example["output"]?["compact"]?.string ?? ""
            let jws = try? CompactJWS(parsing: Array(token.utf8))
            #expect(jws.flatMap { $0.header.algorithm } == nil)
        }
    }

    /// The cookbook has private keys; a JWK Set would contain only the public part.
    private func publicKey(_ value: JSONView) throws -> PublicKey {
        var members: [String: JSON] = [:]
        if case .object(let read) = JSON(value) { members = read }
        for name in ["d", "p", "q", "dp", "dq", "qi"] { members[name] = nil }
        return try JWK(JSONDocument(parsing: JSON.object(members).encoded(), limits: .token).root).key
    }
}
