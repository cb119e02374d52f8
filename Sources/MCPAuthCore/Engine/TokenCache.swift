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

    /// One word of a cryptographic hash is as good as all four.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

/// Facts about tokens that were verified a short time ago.
///
/// Never a decision: every hit runs mandatory checks and policy again. An entry is found only with the SHA-256 of the whole
/// token and the number of the verifier that judged it, which belongs to one verifier of one resource in one
/// configuration; so nothing is shared between resources, issuers, verifiers or generations. It lives no longer than
/// its verifier vouches for it and never beyond the token's `exp`. It holds no token.
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

    /// Bytes that an entry may take on average.
    private static let bytesPerEntry = 2048

    /// - Parameters:
    ///   - capacity: The most entries; together they take at most 2 KiB for each of them.
    ///   - clock: By which entries age.
    ///   - sha256: The digest of a token; the core has no cryptography of its own.
    package init(capacity: Int = 100_000, clock: SteadyClock, sha256: @escaping @Sendable ([UInt8]) -> TokenDigest?) {
        // A small cache can hold a token of the largest size too.
        let bytes = max(capacity * Self.bytesPerEntry, 16 * 1024 * 1024)
        entries = ShardedCache(capacity: capacity, bytes: bytes, size: \.approximateBytes)
        self.clock = clock
        self.sha256 = sha256
    }

    /// Counts purges, so that what a verifier found before one is not kept after it.
    package var epoch: Int { purges.load(ordering: .acquiring) }

    package func digest(of token: AccessToken) -> TokenDigest? {
        sha256(token.bytes)
    }

    package func facts(of digest: TokenDigest, from verifier: UInt64, now: NumericDate) -> VerifiedFacts? {
        entries.value(of: Key(digest: digest, verifier: verifier)) { $0.mayBeReused(now: now, clock) }
    }

    /// - Parameter epoch: The one in which the verifier was asked.
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
        // A purge since the first look may have passed this shard before the entry was there.
        if epoch != self.epoch { _ = entries.value(of: key) { _ in false } }
    }

    package func removeAll() {
        purges.wrappingAdd(1, ordering: .acquiringAndReleasing)
        entries.removeAll()
    }

    package var statistics: Statistics { entries.statistics }

    /// A number that no other verifier of this process has.
    static func nextVerifierNumber() -> UInt64 {
        verifierNumber.wrappingAdd(1, ordering: .relaxed).newValue
    }

    private static let verifierNumber = Atomic<UInt64>(0)
}
