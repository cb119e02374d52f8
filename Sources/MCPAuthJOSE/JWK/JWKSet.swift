// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The verification keys of one issuer (RFC 7517 section 5).
///
/// A class, so that every token that looks for its key copies one reference.
package final class JWKSet: Sendable {
    /// An entry that was left out, and why.
    package struct Skipped: Sendable, Hashable {
        package let index: Int
        package let reason: JWK.Unusable
        /// Its `kid`, as far as it has one.
        package let keyID: String?
        /// Its `kty` and `crv`, as ``SignatureAlgorithm/keyFamily``.
        let family: String

        init(_ index: Int, _ reason: JWK.Unusable, _ entry: JSONView) {
            self.index = index
            self.reason = reason
            keyID = entry["kid"]?.string
            let curve = entry["kty"]?.isString("RSA") ?? false ? nil : entry["crv"]?.string
            family = [entry["kty"]?.string, curve].compactMap(\.self).joined(separator: " ")
        }
    }

    /// The result of looking for the key of a token.
    package enum Selection: Sendable {
        /// One of these signed: one key, or several that are called the same.
        case keys([JWK])
        /// No key has this `kid`; a newer version of the set may.
        case unknownKeyID
        /// The key with this `kid` may not be used with the token's algorithm, or no key fits it.
        case algorithmDoesNotFit
        /// Several keys would do, so which one signed is not said.
        case ambiguous
    }

    /// Why a text is not a JWK Set.
    package enum Malformed: String, Error, Sendable {
        case noKeysArray = "not an object with a `keys` array"
        case tooManyKeys = "more than 100 keys"
    }

    package let keys: [JWK]
    package let skipped: [Skipped]
    /// The keys whose private part this set or an earlier one gives away; none of them is in ``keys``, whatever its `kid`.
    package let exposed: [PublicKey]
    /// The keys by the text of the entries they were read from.
    private let keysByEntry: [[UInt8]: JWK]

    /// The largest number of entries that is read.
    package static let maximumCount = 100

    /// Reads a JWK Set; unusable entries are skipped, the rest is kept.
    ///
    /// - Parameter earlier: The set before. Its keys are taken over where their entries are the same, since checking a key
    ///   costs far more than comparing its text; what it gave away stays given away.
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
                // What cannot be represented is written as `null`, and is not the same.
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

    /// More keys than this are never tried for one token.
    package static let mostCandidates = 4

    /// The keys of which one must have signed a token with this `kid` and `alg`.
    ///
    /// With a `kid`, only keys of exactly that identifier count; several keys may have it (RFC 7517 section 4.5), and then the
    /// first four are tried. A token without one means the only key there is, so it is accepted only if the set has a single
    /// key of the kind its algorithm needs. Keys that can sign nothing do not count; those that are left out because
    /// something is wrong with them do. The same key in two entries is one key.
    package func select(keyID: ExactString?, algorithm: SignatureAlgorithm) -> Selection {
        if keyID == nil, skipped.contains(where: { $0.mayBe(algorithm.keyFamily) }) { return .ambiguous }
        var isKnown = keyID == nil
        var found: [JWK] = []
        // A set has a few keys, which are looked through faster than hashed.
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
    /// Whether both entries are the same key under the same name, usable with the same algorithms.
    package func isRepetition(of other: JWK) -> Bool {
        keyID == other.keyID && key.algorithms == other.key.algorithms && key.isSameKey(as: other.key)
    }
}
