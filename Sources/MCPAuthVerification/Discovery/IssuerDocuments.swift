// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthConcurrency
package import MCPAuthCore
package import MCPAuthJOSE
package import MCPAuthJSON

/// What one authorization server publishes: its metadata and its keys, fetched when first needed.
///
/// Nothing is fetched before a token of this issuer arrives at a resource that trusts it, so a server can start while
/// an issuer is down. The keys are used for this issuer only.
package final class IssuerDocuments: Sendable {
    /// How the metadata is obtained.
    package enum Source: Sendable {
        case oidc
        case oauth
        case url(HTTPURL)
        case inline(JSON)
    }

    /// The result of finding the key of a token.
    package enum KeyAnswer: Sendable {
        /// The candidate keys, and how long a verdict with them may be reused.
        case keys([JWK], TokenEvidence.Reuse)
        case unknown
        /// No key has the `kid`, but the token is newer than the key set, which may not be fetched again yet.
        case pending(retryAfter: Int)
        /// The keys cannot be obtained now.
        case unavailable(retryAfter: Int, why: String)
    }

    package let issuer: IssuerIdentifier
    private let metadataFetch: CachedFetch<AuthorizationServerMetadata>
    private let keyFetch: CachedFetch<KeyRing>
    private let freshness: KeyFreshness
    let fetcher: any HTTPFetcher

    /// - Parameters:
    ///   - override: Changes the metadata document before it is read.
    ///   - tls: TLS settings for this issuer only; `nil` for the defaults.
    package init(
        issuer: IssuerIdentifier,
        source: Source,
        override: MetadataOverride? = nil,
        fetcher: any HTTPFetcher,
        tls: TLSSettings? = nil,
        timing: FetchTiming = FetchTiming(),
        onEvent: @escaping EngineEventHandler = { _ in }
    ) {
        self.issuer = issuer
        self.fetcher = fetcher
        let clock = fetcher.steadyClock
        let documents = DocumentFetch(fetcher: fetcher, tls: tls, timeout: timing.deadline)
        let freshness = KeyFreshness()
        self.freshness = freshness
        let told = Lock<Set<ToldOmission>>([])
        let metadata = CachedFetch<AuthorizationServerMetadata>(timing: timing, clock: clock) { outcome in
            if case .failure(let error) = outcome.result { onEvent(Self.failure(of: "metadata", issuer, error)) }
        } fetch: { _ in
            let (document, url) = try await documents.metadata(of: issuer, source)
            let metadata = try await AuthorizationServerMetadata(document, fetchedFrom: url, changedBy: override)
            // RFC 8414 section 3.3: the issuers must be identical, or the document must not be used.
            guard metadata.issuer == issuer else {
                throw FetchError("the metadata names the issuer `\(metadata.issuer.description.printable)`")
            }
            return metadata
        }
        metadataFetch = metadata
        keyFetch = CachedFetch<KeyRing>(timing: timing, clock: clock) { outcome in
            switch outcome.result {
            case .failure(let error): onEvent(Self.failure(of: "keys", issuer, error))
            case .success(let ring):
                if outcome.previous.map({ !ring.hasSamePublishedKeys(as: $0) }) ?? true {
                    // Verdicts with the previous keys must be checked again.
                    freshness.renew()
                    let count = ring.published.keys.count
                    let message = "`\(issuer.description.printable)` publishes \(count) usable keys"
                    onEvent(EngineEvent(outcome.previous == nil ? .debug : .info, .keysChanged, message))
                }
                let news = told.withLock { told in
                    if told.count > 1000 { told = [] }
                    return ring.published.skipped.filter { told.insert(.init($0)).inserted }
                }
                Self.report(news, of: issuer, to: onEvent)
            }
            if let goodUntil = outcome.goodUntil { freshness.extend(until: goodUntil) }
        } fetch: { previous in
            // Longer than the metadata request takes, so that its error is reported instead of a timeout.
            guard let metadata = await metadata.value(until: Deadline(in: 2 * timing.deadline))?.value else {
                throw FetchError("no metadata: \(metadata.lastError ?? "it was not fetched in time")")
            }
            guard let url = metadata.url("jwks_uri") else { throw FetchError("the metadata has no usable `jwks_uri`") }
            let provenance = metadata.provenance(of: "jwks_uri")
            let newer = try await documents.keySet(at: url, provenance, previous?.published)
            return previous?.succeeded(by: newer, at: clock.now) ?? KeyRing(newer)
        }
    }

    /// The metadata; `nil` when it cannot be obtained now.
    ///
    /// - Parameter deadline: When to stop waiting; `nil` for the usual time.
    package func metadata(until deadline: Deadline? = nil) async -> AuthorizationServerMetadata? {
        await metadataFetch.value(until: deadline)?.value
    }

    /// The same as ``keys(keyID:algorithm:tokenIssuedAt:now:until:)`` if nothing must be fetched, as for nearly every
    /// token; `nil` otherwise.
    package func freshKeys(keyID: ExactString?, algorithm: SignatureAlgorithm) -> KeyAnswer? {
        // Read before the keys, so that a change in between makes it stale.
        let stamp = freshness.stamp
        guard let entry = keyFetch.fresh() else { return nil }
        return answer(entry.value.candidates(keyID: keyID, algorithm: algorithm, at: fetcher.steadyClock.now), stamp)
    }

    /// The deadline of a request that begins to wait now.
    package var deadline: Deadline { keyFetch.deadline }

    /// The keys that may have signed a token with this `kid` and `alg`.
    ///
    /// An unknown `kid` causes at most one fetch per cool-down. During the cool-down, the key of a token that is older
    /// than the key set is unknown; that of a newer token is pending, since it may have been published since.
    ///
    /// - Parameter deadline: When to stop waiting; ``deadline`` when `nil`.
    package func keys(
        keyID: ExactString?,
        algorithm: SignatureAlgorithm,
        tokenIssuedAt: NumericDate?,
        now: NumericDate,
        until deadline: Deadline? = nil
    ) async -> KeyAnswer {
        let deadline = deadline ?? self.deadline
        for isRefreshed in [false, true] {
            if isRefreshed { await keyFetch.refresh(until: deadline) }
            // Read before the keys, and again if a fetch changed them.
            var stamp = freshness.stamp
            guard var entry = await keyFetch.value(until: deadline) else { break }
            if stamp != freshness.stamp {
                stamp = freshness.stamp
                entry = await keyFetch.value(until: deadline) ?? entry
            }
            let candidates = entry.value.candidates(keyID: keyID, algorithm: algorithm, at: fetcher.steadyClock.now)
            if let answer = answer(candidates, stamp) { return answer }
            // The time of the fetch by the wall clock, even if the clock was set since.
            let fetchedAt = now.adding(-fetcher.steadyClock.now.since(entry.fetchedAt))
            // An `iat` in the future is not believed, except for a small difference between clocks.
            let isNewer = tokenIssuedAt.map { min($0, now) > fetchedAt && $0 <= now.adding(Self.mostLeeway) } ?? false
            guard isRefreshed else { continue }
            guard isNewer else { return .unknown }
            if keyFetch.lastError == nil { return .pending(retryAfter: keyFetch.retryAfter()) }
        }
        let why = keyFetch.lastError ?? metadataFetch.lastError ?? "no answer yet"
        return .unavailable(retryAfter: keyFetch.retryAfter(), why: why.escaped)
    }

    /// Newer keys for a token with a known `kid` that no key in `tried`, which may be empty, has signed; `nil` when
    /// there are none.
    ///
    /// Issuers may replace a key and keep its `kid`. The fetch shares the cool-down of fetches for an unknown `kid`, so
    /// tokens with bad signatures cause at most one fetch per cool-down.
    package func keys(
        insteadOf tried: [JWK],
        keyID: ExactString?,
        algorithm: SignatureAlgorithm,
        until deadline: Deadline? = nil
    ) async -> KeyAnswer? {
        await keyFetch.refresh(until: deadline)
        guard case .keys(let keys, let reuse)? = freshKeys(keyID: keyID, algorithm: algorithm) else { return nil }
        let isNew = keys.contains { key in !tried.contains { $0.key.isSameKey(as: key.key) } }
        return isNew ? .keys(keys, reuse) : nil
    }

    /// The largest lead of an issuer's clock that is tolerated here, in seconds, whatever is configured.
    private static let mostLeeway = 300.0

    /// The answer for these candidates; `nil` when a newer key set may have another.
    private func answer(_ candidates: KeyRing.Candidates, _ stamp: KeyFreshness.Stamp) -> KeyAnswer? {
        switch candidates {
        case .published(let keys): .keys(keys, .whileCurrent(freshness, stamp))
        case .vanished(let keys): .keys(keys, .never)
        case .unusable: .unknown
        case .unknown: nil
        }
    }

    /// Discards metadata and keys, including keys in their grace period; the next token causes a fetch.
    ///
    /// For a key that must no longer be trusted.
    package func purge() {
        metadataFetch.purge()
        keyFetch.purge()
        freshness.renew()
    }

    /// What is known of the issuer's keys now; nothing is fetched.
    package var keyStatus: IssuerKeys {
        let entry = keyFetch.current
        return IssuerKeys(
            isUsable: entry != nil,
            seconds: entry.map { fetcher.steadyClock.now.since($0.fetchedAt) },
            count: entry?.value.published.keys.count ?? 0,
            lastError: lastError?.escaped
        )
    }

    /// Fetches the keys, if there are none that need no refresh.
    package func prepare() async {
        _ = await keyFetch.value()
    }

    /// Why the last fetch of metadata or keys failed.
    package var lastError: String? {
        metadataFetch.lastError ?? keyFetch.lastError
    }

    private static func failure(of what: String, _ issuer: IssuerIdentifier, _ error: FetchError) -> EngineEvent {
        EngineEvent(
            .warning,
            .fetchFailed,
            "\(what) of `\(issuer.description.printable)`: \(error.description.escaped)"
        )
    }

    /// Reports which entries of a key set are skipped, and why; a published private key is an error.
    private static func report(
        _ skipped: [JWKSet.Skipped],
        of issuer: IssuerIdentifier,
        to onEvent: EngineEventHandler
    ) {
        for skipped in skipped {
            let name = skipped.keyID.map { ", `kid` `\($0.printable)`," } ?? ""
            let message =
                "entry \(skipped.index)\(name) of the JWK Set of `\(issuer.description.printable)` is left out: "
                + skipped.reason.description
            let level: EngineEvent.Level =
                switch skipped.reason.kind {
                case .cannotSign: .info
                case .faulty: .warning
                case .privateKey: .error
                }
            onEvent(EngineEvent(level, .keysSkipped, message))
        }
    }

    /// A reported entry, so that it is not reported again when sets change back and forth.
    private struct ToldOmission: Hashable {
        private let keyID: String?
        private let index: Int
        private let reason: JWK.Unusable

        init(_ skipped: JWKSet.Skipped) {
            keyID = skipped.keyID
            index = skipped.keyID == nil ? skipped.index : 0
            reason = skipped.reason
        }
    }
}

/// What is known of the keys of an issuer.
package struct IssuerKeys: Sendable {
    /// Whether there are keys that may be used now.
    package let isUsable: Bool
    /// The seconds since they were fetched; `nil` if there are none.
    package let seconds: Double?
    /// The number of published keys that can be used.
    package let count: Int
    /// Why the last fetch of metadata or keys failed; `nil` after a success.
    package let lastError: String?
}
