// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import TestSupport

/// Tokens in compact form: parsing them, and that no key accepts a token that it did not sign.
///
/// An input that begins with a zero byte contains the three parts, decoded and separated by zero bytes, so that the
/// fuzzer can mutate their content.
struct JWSTarget: FuzzTarget {
    private let keys: [JWK]
    private let secret: HMACKey
    /// The tokens that really were signed with one of the keys.
    private let genuine: Set<[UInt8]>

    static func seeds() throws -> [[UInt8]] {
        let tokens = try Seeds.tokens()
        let decoded = tokens.compactMap(Seeds.decodedParts).map { [0] + Array($0.joined(separator: [0])) }
        return tokens + decoded
    }

    init() throws {
        let vectors = try Vectors.attackTokens()
        let set = try JWKSet(vectors.keys)
        guard let secret = HMACKey(.hs256, keyID: nil, secret: [UInt8](repeating: 7, count: 32)) else {
            fatalError("the secret is long enough")
        }
        keys = set.keys
        self.secret = secret
        genuine = Set(
            vectors.tokens.map { Array($0.token.utf8) }.filter { token in
                guard let jws = try? CompactJWS(parsing: token) else { return false }
                return Self.isSigned(jws, by: set.keys)
            }
        )
        let families = Set(set.keys.flatMap { $0.key.algorithms.map { $0.rawValue.prefix(2) } })
        promise(families == ["RS", "PS", "ES", "Ed"] && genuine.count > 40, "there are keys of each kind and tokens")
    }

    func check(_ input: [UInt8]) {
        let token = input.first == 0 ? Self.assembled(Array(input.dropFirst())) : input
        guard let jws = try? CompactJWS(parsing: token) else {
            promise(!genuine.contains(token), "a genuine token is well formed")
            return
        }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        promise(parts.count == 3, "it has three parts")
        promise(jws.headerText.elementsEqual(parts[0]), "the first is the header")
        promise(jws.signingInput.elementsEqual(token.prefix(parts[0].count + 1 + parts[1].count)), "two are signed")
        promise(Base64URL.encode(jws.payload).utf8.elementsEqual(parts[1]), "the payload has one text")
        promise(Base64URL.encode(jws.signature).utf8.elementsEqual(parts[2]), "the signature has one text")
        promise(jws.header.keyID.map { (1...256).contains($0.text.utf8.count) } ?? true, "a `kid` has its length")
        let again = try? CompactJWS(parsing: token, knownHeader: { _ in jws.header })
        promise(again?.payload == jws.payload, "a known header changes nothing")
        promise(Self.isSigned(jws, by: keys) == genuine.contains(token), "only what was signed is accepted")
        promise(!secret.isMAC(of: jws), "nothing was made with the secret")
    }

    private static func isSigned(_ jws: CompactJWS, by keys: [JWK]) -> Bool {
        keys.contains { jwk in SignatureAlgorithm.allCases.contains { jws.isSigned(by: jwk.key, using: $0) } }
    }

    private static func assembled(_ input: [UInt8]) -> [UInt8] {
        let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        return Array(parts.map { Base64URL.encode($0) }.joined(separator: "."))
    }
}
