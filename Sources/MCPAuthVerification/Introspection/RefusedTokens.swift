// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import Synchronization

/// The recently refused tokens of one issuer, by their digest; bounded in entries and bytes.
final class RefusedTokens: Sendable {
    /// Why a token was refused, and when that is forgotten.
    struct Refusal: Sendable {
        let reason: Denial.Reason
        let diagnosis: Diagnosis?
        let until: Uptime

        fileprivate var bytes: Int {
            let texts = diagnosis.map { [$0.subject, $0.expected, $0.found, $0.value ?? ""] } ?? []
            return texts.reduce(128) { $0 + $1.utf8.count }
        }
    }

    private let entries = ShardedCache<TokenDigest, Refusal>(capacity: 10_000, bytes: 4 * 1024 * 1024, size: \.bytes)
    private let purges = Atomic<Int>(0)

    /// The number of purges, so that a response from before a purge is not remembered after it.
    var epoch: Int { purges.load(ordering: .acquiring) }

    func refusal(of digest: TokenDigest, at now: Uptime) -> Refusal? {
        entries.value(of: digest) { now < $0.until }
    }

    /// - Parameter epoch: The ``epoch`` when the issuer was asked.
    func keep(_ refusal: Refusal, of digest: TokenDigest, from epoch: Int) {
        guard epoch == self.epoch else { return }
        entries.keep(refusal, for: digest)
    }

    func removeAll() {
        purges.wrappingAdd(1, ordering: .acquiringAndReleasing)
        entries.removeAll()
    }
}
