// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// The keys of one issuer over time: those it publishes, and, for a grace period, those it published recently.
///
/// Issuers with several replicas publish changing sets, and tokens outlive the publication of their key, so a key that
/// vanishes stays valid for a while. A key that is published with its private part does not.
struct KeyRing: Sendable {
    private struct Vanished: Sendable {
        let key: JWK
        /// When the first set without it was fetched.
        let since: Uptime
    }

    /// The keys that may have made a signature, at most four.
    enum Candidates: Sendable {
        /// Keys of the published set.
        case published([JWK])
        /// Keys in their grace period, possibly with keys of the published set.
        case vanished([JWK])
        /// No key has this `kid`; a newer set may have one.
        case unknown
        /// No key with this `kid` may be used with the algorithm, or the token has no `kid` and several keys fit.
        case unusable
    }

    /// How long a key stays valid after it vanished, in seconds.
    static let grace = 2.0 * 3600
    private static let mostVanished = 100

    let published: JWKSet
    private var vanished: [Vanished] = []

    init(_ published: JWKSet) {
        self.published = published
    }

    /// The ring after a newer set was fetched.
    func succeeded(by newer: JWKSet, at now: Uptime) -> KeyRing {
        var ring = KeyRing(newer)
        let gone = published.keys.map { Vanished(key: $0, since: now) } + vanished
        for candidate in gone where now < candidate.since.adding(Self.grace) {
            let isCompromised = newer.exposed.contains { $0.isSameKey(as: candidate.key.key) }
            let isKnown = (newer.keys + ring.vanished.map(\.key)).contains { candidate.key.isRepetition(of: $0) }
            if !isCompromised && !isKnown && ring.vanished.count < Self.mostVanished { ring.vanished.append(candidate) }
        }
        return ring
    }

    /// Whether both publish the same keys, so that verdicts with one are valid for the other.
    func hasSamePublishedKeys(as other: KeyRing) -> Bool {
        published.keys.count == other.published.keys.count
            && published.keys.allSatisfy { key in other.published.keys.contains { key.isRepetition(of: $0) } }
    }

    func candidates(keyID: ExactString?, algorithm: SignatureAlgorithm, at now: Uptime) -> Candidates {
        // Usually no key vanished recently, and the published set alone decides.
        guard !vanished.isEmpty else {
            return switch published.select(keyID: keyID, algorithm: algorithm) {
            case .keys(let keys): .published(keys)
            case .unknownKeyID: .unknown
            case .ambiguous, .algorithmDoesNotFit: .unusable
            }
        }
        let graced = vanished.lazy.filter { candidate in
            now < candidate.since.adding(Self.grace) && (keyID == nil || candidate.key.keyID == keyID)
                && candidate.key.key.algorithms.contains(algorithm)
        }.map(\.key)
        switch published.select(keyID: keyID, algorithm: algorithm) {
        case .keys(let keys):
            guard !graced.isEmpty else { return .published(keys) }
            return .vanished(Array((keys + graced).prefix(JWKSet.mostCandidates)))
        case .ambiguous: return .unusable
        case .unknownKeyID: return graced.isEmpty ? .unknown : .vanished(Array(graced.prefix(JWKSet.mostCandidates)))
        case .algorithmDoesNotFit:
            return graced.isEmpty ? .unusable : .vanished(Array(graced.prefix(JWKSet.mostCandidates)))
        }
    }
}
