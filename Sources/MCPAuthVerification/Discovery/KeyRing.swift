// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// The keys of one issuer over time: those it publishes, and for a grace those it published until a short time ago.
///
/// Issuers with several replicas publish changing sets, and tokens outlive the publication of their key; so a key that
/// vanishes is still good for a while. One that is published with its private part is not.
struct KeyRing: Sendable {
    private struct Vanished: Sendable {
        let key: JWK
        /// When the first set without it was fetched.
        let since: NumericDate
    }

    /// The keys that may have made a signature, at most a few.
    enum Candidates: Sendable {
        /// Keys of the published set.
        case published([JWK])
        /// Keys of the grace, perhaps beside one of the published set that is called the same.
        case vanished([JWK])
        /// No key is called so; a newer set may have it.
        case unknown
        /// No such key may be used with the algorithm, or several may.
        case unusable
    }

    /// Seconds for which a key stays good after it vanished.
    static let grace = 2.0 * 3600
    private static let mostVanished = 100
    /// More keys than this are never tried for one token.
    private static let mostCandidates = 3

    let published: JWKSet
    private var vanished: [Vanished] = []

    init(_ published: JWKSet) {
        self.published = published
    }

    /// The ring after a newer set was fetched.
    func succeeded(by newer: JWKSet, at now: NumericDate) -> KeyRing {
        var ring = KeyRing(newer)
        let gone = published.keys.map { Vanished(key: $0, since: now) } + vanished
        for candidate in gone where now < candidate.since.adding(Self.grace) {
            let isCompromised = newer.exposed.contains { $0.isSameKey(as: candidate.key.key) }
            let isKnown = (newer.keys + ring.vanished.map(\.key)).contains { candidate.key.isSame(as: $0) }
            if !isCompromised && !isKnown && ring.vanished.count < Self.mostVanished { ring.vanished.append(candidate) }
        }
        return ring
    }

    /// Whether both publish the same keys, so that whatever one verified is good for the other.
    func hasSamePublishedKeys(as other: KeyRing) -> Bool {
        published.keys.count == other.published.keys.count
            && published.keys.allSatisfy { key in other.published.keys.contains { key.isSame(as: $0) } }
    }

    func candidates(keyID: ExactString?, algorithm: SignatureAlgorithm, now: NumericDate) -> Candidates {
        // Nothing vanished lately, as a rule, and then the published set alone says it.
        guard !vanished.isEmpty else {
            return switch published.select(keyID: keyID, algorithm: algorithm) {
            case .key(let key): .published([key])
            case .unknownKeyID: .unknown
            case .ambiguous, .algorithmDoesNotFit: .unusable
            }
        }
        let graced = vanished.lazy.filter { candidate in
            now < candidate.since.adding(Self.grace) && (keyID == nil || candidate.key.keyID == keyID)
                && candidate.key.key.algorithms.contains(algorithm)
        }.map(\.key)
        switch published.select(keyID: keyID, algorithm: algorithm) {
        case .key(let key):
            guard !graced.isEmpty else { return .published([key]) }
            return .vanished([key] + graced.prefix(Self.mostCandidates - 1))
        case .ambiguous: return .unusable
        case .unknownKeyID: return graced.isEmpty ? .unknown : .vanished(Array(graced.prefix(Self.mostCandidates)))
        case .algorithmDoesNotFit:
            return graced.isEmpty ? .unusable : .vanished(Array(graced.prefix(Self.mostCandidates)))
        }
    }
}

extension JWK {
    /// Called the same, usable with the same algorithms, and the same key.
    fileprivate func isSame(as other: JWK) -> Bool {
        keyID == other.keyID && key.algorithms == other.key.algorithms && key.isSameKey(as: other.key)
    }
}
