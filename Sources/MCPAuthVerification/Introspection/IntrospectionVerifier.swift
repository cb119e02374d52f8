// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies a token by asking its issuer (RFC 7662).
///
/// Only literal `active: true` is genuine. A response that names another issuer is rejected, and so is one that says
/// `invalid_token`. Whatever else keeps the issuer from answering, our own credentials included, is *unavailable*: never
/// an invalid token. Time, audience, scopes and the kind of token are checked for every verifier alike, after this one.
///
/// Those who ask about the same token at the same time share one request, and nobody waits beyond a deadline. That a
/// token is not acceptable is remembered for a short time; what is active is kept by the engine, for as long as
/// ``Settings/cacheSeconds`` says.
package final class IntrospectionVerifier: TokenVerifier {
    /// Where the introspection endpoint is.
    package enum Endpoint: Sendable {
        case url(HTTPURL)
        /// The `introspection_endpoint` of the issuer's metadata.
        case discovered(IssuerDocuments)
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
        /// Seconds for which a response without `exp` counts; `nil` to refuse tokens without `exp`.
        package var secondsWithoutExpiry: Double?
        /// Seconds for which a request waits for its answer.
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

    /// - Parameter tls: What is particular about TLS with this issuer.
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
        // Without a digest nobody could say which token an answer is about.
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

    /// Forgets which tokens are not acceptable.
    package func purge() {
        refused.removeAll()
        flights.removeAll()
    }

    /// A token that names someone else is never shown to this issuer, nor one of a form that is not for it.
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
            return outage(.introspectionFailed, "it answered no JSON object")
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
        // RFC 9449 section 5: bound to a key, whether or not `cnf` says to which.
        if let type = answer.optional("token_type"), type.string?.lowercased() == "dpop" {
            let found = Diagnosis(claim: "token_type", expected: "`Bearer` or nothing", found: type)
            return refuse(digest, .proofRequired, found, epoch)
        }
        // Where the issuer names no end, the answer itself is what ends.
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
        onEvent(EngineEvent(.warning, .introspectionLimited, "too many tokens of `\(printableIssuer)` to ask about"))
        return unavailable("too many tokens to ask about at once", retryAfter: 1)
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
        case .discovered(let directory):
            guard let metadata = await directory.metadata() else {
                throw FetchError("no metadata: \(directory.lastError ?? "it was not fetched in time")")
            }
            guard let url = metadata.url("introspection_endpoint") else {
                throw FetchError("its metadata names no usable `introspection_endpoint`")
            }
            return (url, metadata.provenance(of: "introspection_endpoint"))
        }
    }
}
