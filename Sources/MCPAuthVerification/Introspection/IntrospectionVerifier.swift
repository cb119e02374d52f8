// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies a token by asking its issuer (RFC 7662).
///
/// A token is verified only if the response has `active: true`. It is rejected if the response names a different issuer
/// or the issuer answers `invalid_token`. Every other failure, including refused credentials of this resource server,
/// is *unavailable*, never an invalid token. Time, audience, scopes and the kind of token are checked afterwards, as
/// for every verifier.
///
/// Concurrent requests with the same token share one introspection request, and none waits beyond its deadline. Refused
/// tokens are remembered for ``Settings/negativeCacheSeconds``; the engine keeps active tokens for
/// ``Settings/cacheSeconds``.
package final class IntrospectionVerifier: TokenVerifier {
    /// Where the introspection endpoint is.
    package enum Endpoint: Sendable {
        case url(HTTPURL)
        /// The `introspection_endpoint` of the issuer's metadata.
        case discovered(IssuerDocuments)
    }

    package struct Settings: Sendable {
        /// Only tokens with this prefix are sent to this issuer; empty for all.
        package var tokenPrefix = ""
        package var tokenForm = TokenForm.opaque
        /// The audience for responses that name none; `nil` to refuse them.
        package var assumedAudience: String?
        /// How long an active token is kept before it is introspected again, in seconds.
        package var cacheSeconds = Double(NumberSetting.cacheSeconds.standard)
        /// How long a refused token is remembered, in seconds.
        package var negativeCacheSeconds = Double(NumberSetting.negativeCacheSeconds.standard)
        /// How long a response without `exp` is valid, in seconds; `nil` to refuse tokens without `exp`.
        package var secondsWithoutExpiry: Double?
        /// How long a request waits for the response, in seconds.
        package var deadline = FetchTiming().deadline

        package init() {}
    }

    package let name: String
    private let issuer: IssuerIdentifier
    private let endpoint: Endpoint
    private let client: ClientAuthentication
    private let settings: Settings
    private let fetcher: any HTTPFetcher
    private let tls: TLSSettings?
    private let onEvent: EngineEventHandler
    private let limiter: RequestLimiter
    private let flights = SingleFlight<TokenDigest, TokenVerdict>(most: 10_000, bytes: 16 * 1024 * 1024)
    private let refused = RefusedTokens()

    /// - Parameter tls: TLS settings for this issuer only; `nil` for the defaults.
    package init(
        issuer: IssuerIdentifier,
        endpoint: Endpoint,
        client: ClientAuthentication,
        settings: Settings = Settings(),
        limiter: RequestLimiter,
        fetcher: any HTTPFetcher,
        tls: TLSSettings? = nil,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) {
        name = "introspection \(issuer)"
        self.issuer = issuer
        self.endpoint = endpoint
        self.client = client
        self.settings = settings
        self.fetcher = fetcher
        self.tls = tls
        self.onEvent = onEvent
        self.limiter = limiter
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> TokenVerdict {
        guard token.bytes.starts(with: settings.tokenPrefix.utf8) else { return .notMine(.unrecognizedToken) }
        if let reason = reasonNotToShow(token) { return .notMine(reason) }
        // The digest identifies the token that a response is about.
        guard let digest = Digest.sha256Words(token.bytes).map(TokenDigest.init) else {
            return .unavailable(.verifierUnavailable, retryAfter: 5)
        }
        if let refusal = refused.refusal(of: digest, at: fetcher.steadyClock.now) {
            return .rejected(refusal.reason, refusal.diagnosis)
        }
        let deadline = Deadline(in: settings.deadline)
        switch await flights.value(
            for: digest,
            bytes: token.bytes.count,
            until: deadline,
            { [self] in
                await ask(token, digest, now)
            }
        ) {
        case .landed(let answer): return answer
        case .late: return unavailable("no answer within \(Deadline.text(settings.deadline))", retryAfter: 5)
        case .full: return limited()
        }
    }

    /// Forgets the refused tokens and stops sharing requests that are under way.
    package func purge() {
        refused.removeAll()
        flights.removeAll()
    }

    /// Why a token must not be sent to this issuer; `nil` if it may be.
    ///
    /// A token that names another issuer, or whose form is excluded by the settings, is never sent.
    private func reasonNotToShow(_ token: AccessToken) -> Denial.Reason? {
        guard let claims = UnverifiedJWT.read(token)?.claims else {
            return settings.tokenForm == .jwt ? .unrecognizedToken : nil
        }
        let named = claims.optional("iss")
        let isOurs = named?.isString(issuer.description) ?? (settings.tokenForm != .jwt)
        if !isOurs { return .untrustedIssuer }
        return settings.tokenForm == .opaque && named != nil ? .unrecognizedToken : nil
    }

    private func ask(_ token: AccessToken, _ digest: TokenDigest, _ now: NumericDate) async -> TokenVerdict {
        guard limiter.begin(at: fetcher.steadyClock.now) else { return limited() }
        defer { limiter.end() }
        let epoch = refused.epoch
        let (url, provenance): (HTTPURL, FetchRequest.Provenance)
        do throws(FetchError) {
            (url, provenance) = try await endpointURL()
        } catch {
            return outage(.introspectionFailed, error.description)
        }
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
            tls: credentials.tls ?? tls,
            maximumBytes: 64 * 1024,
            timeout: settings.deadline
        )
        let response: FetchResponse
        do throws(FetchError) {
            response = try await fetcher.fetch(request)
        } catch {
            return outage(.introspectionFailed, error.description)
        }
        let document = try? JSONDocument(parsing: response.body, limits: .fetched)
        guard response.status == 200 else {
            let refusal = IntrospectionRefusal(response.status, document?.root, client)
            guard refusal.isAboutToken else { return outage(refusal.code, "it \(refusal)", refusal.level) }
            return refuse(digest, .inactiveToken, refusal.diagnosis, epoch)
        }
        guard let document, document.root.kind == .object else {
            return outage(.introspectionFailed, "the response is not a JSON object")
        }
        return judge(document, response.body, digest, now, epoch)
    }

    private func judge(
        _ document: JSONDocument,
        _ body: [UInt8],
        _ digest: TokenDigest,
        _ now: NumericDate,
        _ epoch: Int
    ) -> TokenVerdict {
        let answer = document.root
        guard answer["active"]?.boolean == true else {
            let found = Diagnosis(claim: "active", expected: "true", found: answer["active"])
            return refuse(digest, .inactiveToken, found, epoch)
        }
        if let named = answer.optional("iss"), !named.isString(issuer.description) {
            let expected = "`\(printableIssuer)` or nothing"
            return refuse(digest, .untrustedIssuer, Diagnosis(claim: "iss", expected: expected, found: named), epoch)
        }
        // RFC 9449 section 5: the token is bound to a key, even if `cnf` is missing.
        if let type = answer.optional("token_type"), type.string?.lowercased() == "dpop" {
            let found = Diagnosis(claim: "token_type", expected: "`Bearer` or nothing", found: type)
            return refuse(digest, .proofRequired, found, epoch)
        }
        // Without `exp`, the response itself expires.
        let end = answer.optional("exp") == nil ? settings.secondsWithoutExpiry : nil
        let keptFor = min(settings.cacheSeconds, end ?? .infinity)
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: body,
                notAfter: end.map(now.adding),
                audience: settings.assumedAudience,
                reuse: keptFor > 0 && epoch == refused.epoch ? .until(fetcher.steadyClock.now.adding(keptFor)) : .never,
                onRefusal: { [self] reason, diagnosis in _ = refuse(digest, reason, diagnosis, epoch) }
            )
        )
    }

    private func refuse(
        _ digest: TokenDigest,
        _ reason: Denial.Reason,
        _ diagnosis: Diagnosis?,
        _ epoch: Int
    ) -> TokenVerdict {
        if settings.negativeCacheSeconds > 0 {
            let until = fetcher.steadyClock.now.adding(settings.negativeCacheSeconds)
            refused.keep(.init(reason: reason, diagnosis: diagnosis, until: until), of: digest, from: epoch)
        }
        return .rejected(reason, diagnosis)
    }

    private var printableIssuer: String { issuer.description.printable }

    private func limited() -> TokenVerdict {
        onEvent(EngineEvent(.warning, .introspectionLimited, "too many introspection requests to `\(printableIssuer)`"))
        return unavailable("too many requests at once", retryAfter: 1)
    }

    private func outage(
        _ code: EngineEvent.Code,
        _ what: String,
        _ level: EngineEvent.Level = .warning
    ) -> TokenVerdict {
        onEvent(EngineEvent(level, code, "introspection at `\(printableIssuer)`: \(what.escaped)"))
        return unavailable(what.escaped, retryAfter: 5)
    }

    private func unavailable(_ why: String, retryAfter: Int) -> TokenVerdict {
        let diagnosis = Diagnosis("introspection at `\(printableIssuer)`", expected: "an answer", found: why)
        return .unavailable(.issuerUnavailable, retryAfter: retryAfter, diagnosis)
    }

    private func endpointURL() async throws(FetchError) -> (HTTPURL, FetchRequest.Provenance) {
        switch endpoint {
        case .url(let url): return (url, .configured)
        case .discovered(let documents):
            guard let metadata = await documents.metadata() else {
                throw FetchError("no metadata: \(documents.lastError ?? "it was not fetched in time")")
            }
            guard let url = metadata.url("introspection_endpoint") else {
                throw FetchError("the metadata has no usable `introspection_endpoint`")
            }
            return (url, metadata.provenance(of: "introspection_endpoint"))
        }
    }
}
