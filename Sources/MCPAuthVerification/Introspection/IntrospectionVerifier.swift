// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies a token by asking its issuer (RFC 7662).
///
/// Only literal `active: true` is genuine. A response that names another issuer or a kind of token that is no access
/// token is rejected. Whatever keeps the issuer from answering, our own credentials included, is *unavailable*: never
/// an invalid token. Time, audience and scopes of the response are checked by the floor rules.
///
/// Those who ask about the same token at the same time share one request. That a token is not acceptable is remembered
/// for a short time; what is active is kept by the engine, for as long as ``Settings/cacheSeconds`` says.
package final class IntrospectionVerifier: TokenVerifier {
    /// Where the introspection endpoint is.
    package enum Endpoint: Sendable {
        case url(HTTPURL)
        /// The `introspection_endpoint` of the issuer's metadata.
        case discovered(IssuerDirectory, FetchRequest.Provenance)
    }

    /// Which tokens are shown to the issuer.
    package enum TokenForm: String, Sendable, CaseIterable {
        /// All but JWTs that name an issuer, which are verified with its keys.
        case opaque
        /// Only JWTs that name this issuer, for issuers whose keys do not verify them.
        case jwt
        /// Both.
        case any
    }

    package struct Settings: Sendable {
        /// Only tokens that begin so are shown to this issuer; empty for all.
        package var tokenPrefix = ""
        package var tokenForm = TokenForm.opaque
        /// The audience of responses that name none; `nil` to refuse them.
        package var assumedAudience: String?
        /// Seconds for which an active token is not asked about again.
        package var cacheSeconds = 30.0
        /// Seconds for which a token that is not acceptable is not asked about again.
        package var negativeCacheSeconds = 10.0

        package init() {}
    }

    package let name: String
    private let issuer: IssuerIdentifier
    private let endpoint: Endpoint
    private let client: ClientAuthentication
    private let settings: Settings
    private let fetcher: any HTTPFetcher
    private let onEvent: EngineEventHandler
    private let limiter: RequestLimiter
    private let flights = SingleFlight<TokenDigest, VerifierAnswer>()
    private let refused = ShardedCache<TokenDigest, Refusal>(capacity: 10_000)

    /// Why a token is not acceptable, and when that is forgotten.
    private struct Refusal: Sendable {
        let reason: Denial.Reason
        let until: NumericDate
    }

    package init(
        issuer: IssuerIdentifier,
        endpoint: Endpoint,
        client: ClientAuthentication,
        settings: Settings = Settings(),
        limiter: RequestLimiter,
        fetcher: any HTTPFetcher,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) {
        name = "introspection \(issuer)"
        self.issuer = issuer
        self.endpoint = endpoint
        self.client = client
        self.settings = settings
        self.fetcher = fetcher
        self.onEvent = onEvent
        self.limiter = limiter
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> VerifierAnswer {
        guard token.bytes.starts(with: settings.tokenPrefix.utf8) else { return .notMine(.unrecognizedToken) }
        if let reason = reasonNotToShow(token) { return .notMine(reason) }
        // Without a digest nobody could say which token an answer is about.
        guard let digest = Digest.sha256Words(token.bytes).map(TokenDigest.init) else {
            return .unavailable(.verifierUnavailable, retryAfter: 5)
        }
        if let refusal = refused.value(of: digest, ifGood: { now < $0.until }) { return .rejected(refusal.reason) }
        return await flights.value(for: digest) { await self.ask(token, digest, now) }
    }

    /// A token that names someone else is never shown to this issuer, nor one of a form that is not for it.
    private func reasonNotToShow(_ token: AccessToken) -> Denial.Reason? {
        guard let jws = try? CompactJWS(parsing: token.bytes),
            let claims = try? JSONDocument(parsing: jws.payload, limits: .token).root, claims.kind == .object
        else { return settings.tokenForm == .jwt ? .unrecognizedToken : nil }
        let isOurs = claims["iss"]?.isString(issuer.description) ?? (settings.tokenForm != .jwt)
        if !isOurs { return .untrustedIssuer }
        return settings.tokenForm == .opaque && claims["iss"] != nil ? .unrecognizedToken : nil
    }

    private func ask(_ token: AccessToken, _ digest: TokenDigest, _ now: NumericDate) async -> VerifierAnswer {
        guard let (url, provenance) = await endpointURL(now: now) else {
            return outage(.introspectionFailed, "it names no introspection endpoint")
        }
        guard limiter.begin(now: now) else {
            onEvent(
                EngineEvent(.warning, .introspectionLimited, "too many tokens of `\(printableIssuer)` to ask about")
            )
            return .unavailable(.issuerUnavailable, retryAfter: 1)
        }
        defer { limiter.end() }
        guard let credentials = try? client.credentials(now: now) else {
            return outage(.introspectionFailed, "the client assertion cannot be signed")
        }
        let parameters: [(name: String, value: [UInt8])] = [
            ("token", token.bytes), ("token_type_hint", Array("access_token".utf8)),
        ]
        let request = FetchRequest(
            url: url,
            provenance: provenance,
            authorization: credentials.authorization,
            form: FormEncoding.encoded(parameters + credentials.parameters),
            tls: credentials.tls,
            maximumBytes: 64 * 1024
        )
        let response: FetchResponse
        do throws(FetchError) {
            response = try await fetcher.fetch(request)
        } catch {
            return outage(.introspectionFailed, error.description)
        }
        // RFC 7662 section 2.3: 401 is about this resource server, not about the token; so is what RFC 6749 answers.
        guard ![400, 401, 403].contains(response.status) else {
            return outage(.introspectionCredentialsRefused, "it answered \(response.status)", .error)
        }
        guard response.status == 200 else {
            return outage(.introspectionFailed, "it answered \(response.status)")
        }
        guard let document = try? JSONDocument(parsing: response.body, limits: .fetched), document.root.kind == .object
        else { return outage(.introspectionFailed, "it answered no JSON object") }
        return judge(document, response.body, digest, now)
    }

    private func judge(
        _ document: JSONDocument,
        _ body: [UInt8],
        _ digest: TokenDigest,
        _ now: NumericDate
    ) -> VerifierAnswer {
        let answer = document.root
        guard answer["active"]?.boolean == true else { return refuse(digest, .inactiveToken, now) }
        if let named = answer["iss"], !named.isString(issuer.description) {
            return refuse(digest, .untrustedIssuer, now)
        }
        switch answer["token_type"].map({ $0.string?.lowercased() ?? "" }) {
        // Issuers report refresh and ID tokens as active too; this tells them apart where it is sent.
        case nil, "bearer", "access_token": break
        // RFC 9449 section 5: bound to a key, whether or not `cnf` says to which.
        case "dpop": return refuse(digest, .proofRequired, now)
        default: return refuse(digest, .wrongTokenType, now)
        }
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: body,
                audience: settings.assumedAudience,
                reuse: settings.cacheSeconds > 0 ? .until(now.adding(settings.cacheSeconds)) : .never
            )
        )
    }

    private func refuse(_ digest: TokenDigest, _ reason: Denial.Reason, _ now: NumericDate) -> VerifierAnswer {
        if settings.negativeCacheSeconds > 0 {
            refused.keep(Refusal(reason: reason, until: now.adding(settings.negativeCacheSeconds)), for: digest)
        }
        return .rejected(reason)
    }

    private var printableIssuer: String { issuer.description.printable }

    private func outage(
        _ code: EngineEvent.Code,
        _ what: String,
        _ level: EngineEvent.Level = .warning
    ) -> VerifierAnswer {
        onEvent(EngineEvent(level, code, "introspection at `\(printableIssuer)`: \(what.printable)"))
        return .unavailable(.issuerUnavailable, retryAfter: 5)
    }

    private func endpointURL(now: NumericDate) async -> (HTTPURL, FetchRequest.Provenance)? {
        switch endpoint {
        case .url(let url): return (url, .configured)
        case .discovered(let directory, let provenance):
            return await directory.metadata(now: now)?.url("introspection_endpoint").map { ($0, provenance) }
        }
    }
}
