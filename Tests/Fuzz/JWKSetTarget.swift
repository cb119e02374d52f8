// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJOSE
import MCPAuthJSON
import TestSupport

/// JWK Sets: every key that is kept can be used and matches its entry.
struct JWKSetTarget: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        let values = try Seeds.captures() + [Vectors.own("attack-tokens/jwks.json")]
        let objects = Seeds.objects(in: values, ofAtMost: 4096)
        let sets = objects.filter { $0["keys"] != nil }.map { JSON($0).encoded() }
        let keys = objects.filter { $0["kty"] != nil }.map(JSON.init)
        let pairs = zip(keys, keys.dropFirst()).map { ["keys": [$0, $1]] as JSON }
        let texts = [
            #"{"keys":[]}"#, #"{"keys":{}}"#, "[]",
            #"{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","d":"AQ"},{"kty":"EC","crv":"secp256k1"},7]}"#,
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]}"#,
        ]
        return sets + (keys.map { ["keys": [$0]] as JSON } + pairs).map { $0.encoded() } + texts.map { Array($0) }
    }

    func check(_ input: [UInt8]) {
        guard let root = try? JSONDocument(parsing: input, limits: .fetched).root, let set = try? JWKSet(root) else {
            return
        }
        let entries = root["keys"]?.array ?? []
        promise(set.keys.count + set.skipped.count <= entries.count, "no entry is both a key and skipped")
        for exposed in set.exposed {
            promise(!set.keys.contains { $0.key.isSameKey(as: exposed) }, "a key that is given away is not kept")
        }
        promise(entries.count <= JWKSet.maximumCount, "there are not too many")
        let left = Set(set.skipped.map(\.index))
        let kept = entries.indices.filter { !left.contains($0) }.map { entries[$0] }
        // The same key in several entries is one key, so entries and keys correspond only without repetitions.
        if kept.count == set.keys.count { for (jwk, entry) in zip(set.keys, kept) { check(jwk, entry, set) } }
        for algorithm in SignatureAlgorithm.allCases {
            if case .keys(let chosen) = set.select(keyID: nil, algorithm: algorithm) {
                promise(chosen.count == 1, "a token that names no key has one")
                promise(chosen[0].key.algorithms.contains(algorithm), "a key that is chosen fits")
            }
        }
        guard let again = try? JWKSet(root, reusing: set) else { fatalError("broken promise: a set is read again") }
        // OpenSSL finds the small factors of a bad modulus by chance, so a modulus can be refused and later accepted.
        guard !set.skipped.contains(where: { $0.reason.kind == .faulty }) else { return }
        promise(again.keys.count == set.keys.count && again.skipped.count == set.skipped.count, "as it was")
        for (jwk, known) in zip(again.keys, set.keys) {
            promise(jwk.keyID == known.keyID && jwk.key.isSameKey(as: known.key), "with the same keys")
        }
    }

    private func check(_ jwk: JWK, _ entry: JSONView, _ set: JWKSet) {
        promise(entry.optional("d") == nil && entry.optional("k") == nil, "no private key is kept")
        promise(entry.optional("use")?.isString("sig") ?? true, "nor one for something else")
        promise(jwk.keyID?.text == entry["kid"]?.string, "the name is that of the entry")
        promise(!jwk.key.algorithms.isEmpty, "a key can be used")
        if let pinned = entry["alg"]?.string {
            promise(jwk.key.algorithms == [SignatureAlgorithm(name: pinned)].compactMap(\.self), "as it says")
        }
        for algorithm in SignatureAlgorithm.allCases {
            for length in [0, 64, 96, 132, 256] {
                let signature = [UInt8](repeating: 1, count: length)
                promise(!jwk.key.verifies(signature, over: [1, 2, 3], using: algorithm), "it accepts no nonsense")
            }
            if case .keys(let chosen) = set.select(keyID: jwk.keyID, algorithm: algorithm) {
                promise((1...JWKSet.mostCandidates).contains(chosen.count), "a few keys are tried")
                for key in chosen {
                    promise(jwk.keyID == nil || key.keyID == jwk.keyID, "a key that is chosen has that name")
                    promise(key.key.algorithms.contains(algorithm), "and fits")
                }
            }
        }
    }
}
