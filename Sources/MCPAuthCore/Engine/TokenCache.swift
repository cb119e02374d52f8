// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The SHA-256 of a token.
package struct TokenDigest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package init(_ words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        left.words == right.words
    }

    /// One word of a cryptographic hash is enough.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

/// Facts about tokens that were verified recently.
///
/// It never caches a decision: the mandatory checks and the policy run again for every hit. The key of an entry is the
/// SHA-256 of the whole token with the number of its verifier. That number belongs to one verifier of one resource in
/// one configuration snapshot, so resources, issuers, verifiers and configuration snapshots share no entries. An entry
/// is used no longer than its verifier allows, and never after the `exp` of the token. It does not contain the token.
package final class TokenCache: Sendable {
    package typealias Statistics = ShardedCache<Key, VerifiedFacts>.Statistics

    package struct Key: Hashable, Sendable {
        let digest: TokenDigest
        let verifier: UInt64
    }

    private let entries: ShardedCache<Key, VerifiedFacts>
    private let clock: SteadyClock
    private let purges = Atomic<Int>(0)
    private let sha256: @Sendable ([UInt8]) -> TokenDigest?

    /// The average size of an entry for which there is room, in bytes.
    private static let bytesPerEntry = 2048

    /// - Parameters:
    ///   - capacity: The maximum number of entries. Their total size is limited to 2 KiB per entry, or 16 MiB if that
    ///     is more.
    ///   - clock: The clock for the age of entries.
    ///   - sha256: The digest of a token; it is passed in, because the core has no cryptography.
    package init(capacity: Int, clock: SteadyClock, sha256: @escaping @Sendable ([UInt8]) -> TokenDigest?) {
        // Even a small cache has room for a token of the largest size.
        let bytes = max(capacity * Self.bytesPerEntry, 16 * 1024 * 1024)
        entries = ShardedCache(capacity: capacity, bytes: bytes, size: \.approximateBytes)
        self.clock = clock
        self.sha256 = sha256
    }

    /// The number of purges, so that what a verifier found before a purge is not stored after it.
    package var epoch: Int { purges.load(ordering: .acquiring) }

    package func digest(of token: AccessToken) -> TokenDigest? {
        sha256(token.bytes)
    }

    package func facts(
        of digest: TokenDigest,
        from verifier: UInt64,
        now: NumericDate,
        countsMiss: Bool = true
    ) -> VerifiedFacts? {
        entries.value(of: Key(digest: digest, verifier: verifier), countsMiss: countsMiss) {
            $0.mayBeReused(now: now, clock)
        }
    }

    /// - Parameter epoch: The ``epoch`` when the verifier was called.
    package func keep(
        _ verified: VerifiedFacts,
        of digest: TokenDigest,
        from verifier: UInt64,
        epoch: Int,
        now: NumericDate
    ) {
        guard epoch == self.epoch, verified.mayBeReused(now: now, clock) else { return }
        let key = Key(digest: digest, verifier: verifier)
        entries.keep(verified.unparsed(), for: key)
        // A purge after the first check may have passed this shard before the entry was added.
        if epoch != self.epoch { _ = entries.value(of: key) { _ in false } }
    }

    package func removeAll() {
        purges.wrappingAdd(1, ordering: .acquiringAndReleasing)
        entries.removeAll()
    }

    package var statistics: Statistics { entries.statistics }

    /// A number that no other verifier in this process has.
    static func nextVerifierNumber() -> UInt64 {
        verifierNumber.wrappingAdd(1, ordering: .relaxed).newValue
    }

    private static let verifierNumber = Atomic<UInt64>(0)
}
