// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The verification keys of one issuer (RFC 7517 section 5).
///
/// A class, so that each token that selects a key copies one reference only.
package final class JWKSet: Sendable {
    /// An entry that was skipped, and why.
    package struct Skipped: Sendable, Hashable {
        package let index: Int
        package let reason: JWK.Unusable
        /// Its `kid`, if it has one.
        package let keyID: String?
        /// Its `kty` and `crv`, in the form of ``SignatureAlgorithm/keyFamily``.
        let family: String

        init(_ index: Int, _ reason: JWK.Unusable, _ entry: JSONView) {
            self.index = index
            self.reason = reason
            keyID = entry["kid"]?.string
            let curve = entry["kty"]?.isString("RSA") ?? false ? nil : entry["crv"]?.string
            family = [entry["kty"]?.string, curve].compactMap(\.self).joined(separator: " ")
        }
    }

    /// The result of selecting the key of a token.
    package enum Selection: Sendable {
        /// The candidate keys: one key, or several with the same `kid`.
        case keys([JWK])
        /// No key has this `kid`; a newer version of the set may have one.
        case unknownKeyID
        /// The keys with this `kid`, or all keys for a token without one, cannot be used with its algorithm.
        case algorithmDoesNotFit
        /// The token has no `kid`, and several entries may be its key.
        case ambiguous
    }

    /// Why a text is not a JWK Set.
    package enum Malformed: String, Error, Sendable {
        case noKeysArray = "not an object with a `keys` array"
        case tooManyKeys = "more than 100 keys"
    }

    package let keys: [JWK]
    package let skipped: [Skipped]
    /// The keys whose private part this set or an earlier one published; ``keys`` contains none of them, whatever the
    /// `kid`.
    package let exposed: [PublicKey]
    /// The keys by the text of the entries they were read from.
    private let keysByEntry: [[UInt8]: JWK]

    /// The largest accepted number of entries.
    package static let maximumCount = 100

    /// Reads a JWK Set; unusable entries are skipped, the others are kept.
    ///
    /// - Parameter earlier: The previous set. The keys of unchanged entries are reused, since checking a key costs far
    ///   more than comparing its text. Keys that were exposed stay exposed.
    package init(_ value: JSONView, reusing earlier: JWKSet? = nil) throws(Malformed) {
        guard let entries = value["keys"]?.array else { throw .noKeysArray }
        guard entries.count <= Self.maximumCount else { throw .tooManyKeys }
        var read: [(index: Int, key: JWK)] = []
        var skipped: [Skipped] = []
        var exposed = earlier?.exposed ?? []
        var keysByEntry: [[UInt8]: JWK] = [:]
        for (index, entry) in entries.enumerated() {
            do throws(JWK.Unusable) {
                let text = JSON(entry).encoded()
                // Different unrepresentable values are all encoded as `null`, so such texts cannot be compared.
                let isSameText = !entry.isBesideUnrepresentable
                let key = if isSameText, let known = earlier?.keysByEntry[text] { known } else { try JWK(entry) }
                read.append((index, key))
                if isSameText { keysByEntry[text] = key }
            } catch {
                skipped.append(Skipped(index, error, entry))
                guard error.kind == .privateKey, let key = JWK.exposedKey(entry) else { continue }
                if !exposed.contains(where: { $0.isSameKey(as: key) }) { exposed.append(key) }
            }
        }
        var keys: [JWK] = []
        for (index, key) in read {
            if exposed.contains(where: { $0.isSameKey(as: key.key) }) {
                skipped.append(Skipped(index, JWK.holdsPrivateKey, entries[index]))
            } else if !keys.contains(where: { $0.isRepetition(of: key) }) {
                keys.append(key)
            }
        }
        self.exposed = exposed.suffix(Self.maximumCount)
        self.keys = keys
        self.skipped = skipped
        self.keysByEntry = keysByEntry
    }

    /// The largest number of keys that are tried for one token.
    package static let mostCandidates = 4

    /// Selects the keys that may have signed a token with this `kid` and `alg`.
    ///
    /// With a `kid`, only keys with exactly that `kid` are selected; several may have it (RFC 7517 section 4.5), and
    /// the first four that fit the algorithm are returned. Without a `kid`, the set must have a single key for the
    /// algorithm. Skipped entries that may be signing keys count as keys here; those that are not for signatures do
    /// not. The same key in two entries counts once.
    package func select(keyID: ExactString?, algorithm: SignatureAlgorithm) -> Selection {
        if keyID == nil, skipped.contains(where: { $0.mayBe(algorithm.keyFamily) }) { return .ambiguous }
        var isKnown = keyID == nil
        var found: [JWK] = []
        // A set has few keys, so a linear search is faster than hashing.
        for index in keys.indices where keyID == nil || keys[index].keyID == keyID {
            isKnown = true
            guard keys[index].key.algorithms.contains(algorithm), found.count < Self.mostCandidates,
                !found.contains(where: { $0.key.isSameKey(as: keys[index].key) })
            else { continue }
            if keyID == nil, !found.isEmpty { return .ambiguous }
            found.append(keys[index])
        }
        guard isKnown else { return .unknownKeyID }
        return found.isEmpty ? .algorithmDoesNotFit : .keys(found)
    }
}

extension JWKSet.Skipped {
    /// Whether it may be a signing key of this family.
    fileprivate func mayBe(_ family: String) -> Bool {
        reason.kind != .cannotSign && self.family == family
    }
}

extension JWK {
    /// Whether both are the same key with the same `kid` and the same algorithms.
    package func isRepetition(of other: JWK) -> Bool {
        keyID == other.keyID && key.algorithms == other.key.algorithms && key.isSameKey(as: other.key)
    }
}
