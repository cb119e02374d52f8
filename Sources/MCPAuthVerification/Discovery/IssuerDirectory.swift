// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJOSE
package import MCPAuthJSON

/// What one authorization server publishes: its metadata and its keys, fetched when first needed.
///
/// Nothing is fetched before a token of this issuer arrives at a resource that trusts it, so an issuer that is down
/// never keeps a server from starting. Keys belong to this issuer alone.
package final class IssuerDirectory: Sendable {
    /// How the metadata is had.
    package enum Source: Sendable {
        case oidc
        case oauth
        case url(HTTPURL)
        case inline(JSON)
    }

    /// Changes the metadata document before it is read.
    package typealias Override = @Sendable (JSON) async throws -> JSON

    /// The result of looking for the key of a token.
    package enum KeyAnswer: Sendable {
        /// One of these, and what it is worth to remember that.
        case keys([JWK], TokenEvidence.Reuse)
        case unknown
        /// The keys cannot be had now, or are older than the token and may not be fetched yet.
        case unavailable(retryAfter: Int)
    }

    package let issuer: IssuerIdentifier
    private let metadataFetch: CachedFetch<AuthorizationServerMetadata>
    private let keyFetch: CachedFetch<KeyRing>
    private let trust: Trust

    package init(
        issuer: IssuerIdentifier,
        source: Source,
        override: Override? = nil,
        fetcher: any HTTPFetcher,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) {
        self.issuer = issuer
        let trust = Trust()
        self.trust = trust
        let metadata = CachedFetch<AuthorizationServerMetadata> { outcome in
            if case .failure(let error) = outcome.result { onEvent(Self.failure(of: "metadata", issuer, error)) }
        } fetch: { _, _ in
            let document = try await Self.metadataDocument(issuer, source, fetcher)
            let metadata = try AuthorizationServerMetadata(try await override?(document) ?? document)
            // RFC 8414 section 3.3: identical, or the document must not be used.
            guard metadata.issuer == issuer else {
                throw FetchError("the metadata names the issuer `\(metadata.issuer.description.printable)`")
            }
            return metadata
        }
        metadataFetch = metadata
        keyFetch = CachedFetch<KeyRing> { outcome in
            switch outcome.result {
            case .failure(let error): onEvent(Self.failure(of: "keys", issuer, error))
            case .success(let ring):
                if outcome.previous.map({ !ring.hasSamePublishedKeys(as: $0) }) ?? true {
                    // Whatever was concluded from other keys is looked at again.
                    trust.renew()
                    let count = ring.published.keys.count
                    let message = "`\(issuer.description.printable)` publishes \(count) usable keys"
                    onEvent(EngineEvent(outcome.previous == nil ? .debug : .info, .keysChanged, message))
                }
                if ring.published.skipped != outcome.previous?.published.skipped {
                    Self.report(ring.published.skipped, of: issuer, to: onEvent)
                }
            }
            if let goodUntil = outcome.goodUntil { trust.extend(until: goodUntil) }
        } fetch: { now, previous in
            guard let metadata = await metadata.value(now: now)?.value else {
                throw FetchError("no metadata: \(metadata.lastError ?? "not fetched")")
            }
            guard let url = metadata.url("jwks_uri") else { throw FetchError("the metadata has no usable `jwks_uri`") }
            let newer = try await Self.keySet(
                at: url,
                Self.provenance(of: issuer, source),
                fetcher,
                previous?.published
            )
            return previous?.succeeded(by: newer, at: now) ?? KeyRing(newer)
        }
    }

    /// The metadata; `nil` when it cannot be had now.
    package func metadata(now: NumericDate) async -> AuthorizationServerMetadata? {
        await metadataFetch.value(now: now)?.value
    }

    /// The same as ``keys(keyID:algorithm:tokenIssuedAt:now:)`` where nothing need be fetched for it, as for nearly every
    /// token; `nil` otherwise.
    package func freshKeys(keyID: ExactString?, algorithm: SignatureAlgorithm, now: NumericDate) -> KeyAnswer? {
        // Taken before the keys are, so that a change in between ends it.
        let mark = trust.mark
        guard let entry = keyFetch.fresh(now: now) else { return nil }
        return answer(entry.value.candidates(keyID: keyID, algorithm: algorithm, now: now), mark)
    }

    /// The keys that may have signed a token with this `kid` and `alg`.
    ///
    /// An unknown `kid` causes at most one fetch per cool-down. While that forbids a fetch, a token older than the key
    /// set is invalid, and one that is younger may have a key that was published since.
    package func keys(
        keyID: ExactString?,
        algorithm: SignatureAlgorithm,
        tokenIssuedAt: NumericDate?,
        now: NumericDate
    ) async -> KeyAnswer {
        for isRefreshed in [false, true] {
            if isRefreshed { await keyFetch.refresh(now: now) }
            // Taken before the keys are, and again with those that were fetched.
            var mark = trust.mark
            guard var entry = await keyFetch.value(now: now) else { break }
            if mark != trust.mark {
                mark = trust.mark
                entry = await keyFetch.value(now: now) ?? entry
            }
            let candidates = entry.value.candidates(keyID: keyID, algorithm: algorithm, now: now)
            if let answer = answer(candidates, mark) { return answer }
            // Nobody signs in the future, whatever a token says, though clocks may differ a little.
            let isNewer =
                tokenIssuedAt.map { min($0, now) > entry.fetchedAt && $0 <= now.adding(Self.mostLeeway) } ?? false
            if isRefreshed, !isNewer { return .unknown }
        }
        return .unavailable(retryAfter: keyFetch.retryAfter(now: now))
    }

    /// Seconds by which the clock of an issuer may be ahead at most, whatever is configured.
    private static let mostLeeway = 300.0

    /// The answer of a set of keys; `nil` where a newer set may have another.
    private func answer(_ candidates: KeyRing.Candidates, _ mark: Trust.Mark) -> KeyAnswer? {
        switch candidates {
        case .published(let keys): .keys(keys, .whileCurrent(trust, mark))
        case .vanished(let keys): .keys(keys, .never)
        case .unusable: .unknown
        case .unknown: nil
        }
    }

    /// Throws away metadata and keys, also those of the grace; the next token makes them be fetched.
    ///
    /// For a key that must not be believed any longer.
    package func purge() {
        metadataFetch.purge()
        keyFetch.purge()
        trust.renew()
    }

    /// Why the last fetch of metadata or keys failed.
    package var lastError: String? {
        metadataFetch.lastError ?? keyFetch.lastError
    }

    /// The provenance of a URL that this issuer's metadata names.
    package static func provenance(of issuer: IssuerIdentifier, _ source: Source) -> FetchRequest.Provenance {
        switch source {
        case .inline: .configured
        case .url(let url): .learned(from: url)
        case .oidc, .oauth: HTTPURL(issuer.description).map { .learned(from: $0) } ?? .configured
        }
    }

    private static func failure(of what: String, _ issuer: IssuerIdentifier, _ error: FetchError) -> EngineEvent {
        EngineEvent(
            .warning,
            .fetchFailed,
            "\(what) of `\(issuer.description.printable)`: \(error.description.printable)"
        )
    }

    /// Many sets have keys that are not for us; one with a private key is in danger.
    private static func report(
        _ skipped: [JWKSet.Skipped],
        of issuer: IssuerIdentifier,
        to onEvent: EngineEventHandler
    ) {
        for skipped in skipped {
            let message =
                "entry \(skipped.index) of the JWK Set of `\(issuer.description.printable)` is left out: "
                + skipped.reason.rawValue
            onEvent(EngineEvent(skipped.reason == .privateKey ? .error : .debug, .keysSkipped, message))
        }
    }

    private static func metadataDocument(
        _ issuer: IssuerIdentifier,
        _ source: Source,
        _ fetcher: any HTTPFetcher
    ) async throws -> JSON {
        let url: HTTPURL?
        switch source {
        case .inline(let document): return document
        case .url(let written): url = written
        case .oidc: url = HTTPURL(issuer.description).flatMap(WellKnown.oidc)
        case .oauth: url = HTTPURL(issuer.description).flatMap(WellKnown.oauth)
        }
        guard let url else { throw FetchError("the issuer identifier is not a URL") }
        return JSON(try await json(FetchRequest(url: url, provenance: .configured), fetcher))
    }

    private static func keySet(
        at url: HTTPURL,
        _ provenance: FetchRequest.Provenance,
        _ fetcher: any HTTPFetcher,
        _ earlier: JWKSet?
    ) async throws -> JWKSet {
        let accept = "application/jwk-set+json, application/json"
        let document = try await json(FetchRequest(url: url, provenance: provenance, accept: accept), fetcher)
        do throws(JWKSet.Malformed) {
            return try JWKSet(document, reusing: earlier)
        } catch {
            throw FetchError("\(url) is not a JWK Set: \(error.rawValue)")
        }
    }

    private static func json(_ request: FetchRequest, _ fetcher: any HTTPFetcher) async throws -> JSONValue {
        let response = try await fetcher.fetch(request)
        guard response.status == 200 else { throw FetchError("\(request.url) answered \(response.status)") }
        do throws(JSONParsingError) {
            return try JSONDocument(parsing: response.body, limits: .fetched).root
        } catch {
            throw FetchError("\(request.url) answered no JSON: \(error.message) at line \(error.line)")
        }
    }
}
