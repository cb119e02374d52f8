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
        case key(JWK)
        case unknown
        /// The keys cannot be had now, or are older than the token and may not be fetched yet.
        case unavailable(retryAfter: Int)
    }

    package let issuer: IssuerIdentifier
    private let metadataFetch: CachedFetch<AuthorizationServerMetadata>
    private let keyFetch: CachedFetch<JWKSet>

    package init(issuer: IssuerIdentifier, source: Source, override: Override? = nil, fetcher: any HTTPFetcher) {
        self.issuer = issuer
        let metadata = CachedFetch<AuthorizationServerMetadata> { _ in
            let document = try await Self.metadataDocument(issuer, source, fetcher)
            let metadata = try AuthorizationServerMetadata(try await override?(document) ?? document)
            // RFC 8414 section 3.3: identical, or the document must not be used.
            guard metadata.issuer == issuer else {
                throw FetchError("the metadata names the issuer `\(metadata.issuer.description.printable)`")
            }
            return metadata
        }
        metadataFetch = metadata
        keyFetch = CachedFetch<JWKSet> { now in
            guard let metadata = await metadata.value(now: now)?.value else {
                throw FetchError("no metadata: \(metadata.lastError ?? "not fetched")")
            }
            guard let url = metadata.url("jwks_uri") else { throw FetchError("the metadata has no usable `jwks_uri`") }
            let provenance = Self.provenance(of: issuer, source)
            return try await Self.keys(at: url, provenance, fetcher)
        }
    }

    /// The metadata; `nil` when it cannot be had now.
    package func metadata(now: NumericDate) async -> AuthorizationServerMetadata? {
        await metadataFetch.value(now: now)?.value
    }

    /// The key of a token with this `kid` and `alg`.
    ///
    /// An unknown `kid` causes at most one fetch per cool-down. While that forbids a fetch, a token older than the key
    /// set is invalid, and one that is younger may have a key that was published since.
    package func key(
        keyID: String?,
        algorithm: SignatureAlgorithm,
        tokenIssuedAt: NumericDate?,
        now: NumericDate
    ) async -> KeyAnswer {
        guard let entry = await keyFetch.value(now: now) else {
            return .unavailable(retryAfter: keyFetch.retryAfter(now: now))
        }
        if let answer = Self.answer(entry.value.select(keyID: keyID, algorithm: algorithm)) { return answer }
        await keyFetch.refresh(now: now)
        guard let entry = await keyFetch.value(now: now) else {
            return .unavailable(retryAfter: keyFetch.retryAfter(now: now))
        }
        if let answer = Self.answer(entry.value.select(keyID: keyID, algorithm: algorithm)) { return answer }
        let isOlderThanKeys = tokenIssuedAt.map { $0 <= entry.fetchedAt } ?? true
        return isOlderThanKeys ? .unknown : .unavailable(retryAfter: keyFetch.retryAfter(now: now))
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

    /// `nil` for an unknown `kid`, which a newer key set may know.
    private static func answer(_ selection: JWKSet.Selection) -> KeyAnswer? {
        switch selection {
        case .key(let key): .key(key)
        case .algorithmDoesNotFit, .ambiguous: .unknown
        case .unknownKeyID: nil
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

    private static func keys(
        at url: HTTPURL,
        _ provenance: FetchRequest.Provenance,
        _ fetcher: any HTTPFetcher
    ) async throws -> JWKSet {
        let accept = "application/jwk-set+json, application/json"
        let document = try await json(FetchRequest(url: url, provenance: provenance, accept: accept), fetcher)
        do throws(JWKSet.Malformed) {
            return try JWKSet(document)
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
