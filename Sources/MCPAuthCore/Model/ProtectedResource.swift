// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// One protected resource, ready to serve: what it accepts and how requests are checked.
package final class ProtectedResource: Sendable {
    /// A verifier and the number that identifies it in the token cache.
    package struct VerifierSlot: Sendable {
        package let verifier: any TokenVerifier
        package let number: UInt64
    }

    /// The settings of a resource, except its issuers and its policy.
    package struct Settings: Sendable {
        /// Whether requests carry MCP messages, which are read from the body.
        package var speaksMCP = true
        /// The origins of web pages that may send requests, as browsers send them; `nil` for any.
        package var allowedOrigins: [String]?
        /// The maximum length of a token, in bytes.
        package var maximumTokenBytes = AccessToken.defaultMaximumBytes
        /// The cache for facts about verified tokens; `nil` to verify tokens each time.
        package var tokenCache: TokenCache?
        /// The local revocation list.
        package var revocations: Revocations?
        /// Reads the header type and the claims of a token that is a JWT, without verification.
        package var readJWT: UnverifiedJWT.Reader = { _ in nil }
        /// The number of the configuration snapshot that the resource belongs to, counted from 1.
        package var generation = 1
        /// Receives events for operators.
        package var onEvent: EngineEventHandler = { _ in }

        package init(speaksMCP: Bool = true) {
            self.speaksMCP = speaksMCP
        }
    }

    package let identifier: ResourceIdentifier
    /// The trusted issuers, in the order in which they are published.
    package let issuers: [TrustedIssuer]
    /// The audiences that tokens may name.
    ///
    /// The identifier unless configured otherwise. Never empty.
    package let acceptedAudiences: [ResourceAudience]
    /// The verifiers, in the order in which they are called.
    package let verifiers: [VerifierSlot]
    package let policy: any PolicyEvaluator
    package let metadata: ProtectedResourceMetadata
    /// Whether a verifier uses the operation, so that the body is read before the token is verified.
    package let needsOperation: Bool
    private let settings: Settings

    package convenience init(
        identifier: ResourceIdentifier,
        issuers: [TrustedIssuer],
        acceptedAudiences: [ResourceAudience],
        verifiers: [any TokenVerifier],
        policy: any PolicyEvaluator,
        metadata: ProtectedResourceMetadata,
        settings: Settings = Settings()
    ) {
        let slots = verifiers.map { VerifierSlot(verifier: $0, number: TokenCache.nextVerifierNumber()) }
        self.init(identifier, issuers, acceptedAudiences, slots, policy, metadata, settings)
    }

    private init(
        _ identifier: ResourceIdentifier,
        _ issuers: [TrustedIssuer],
        _ acceptedAudiences: [ResourceAudience],
        _ verifiers: [VerifierSlot],
        _ policy: any PolicyEvaluator,
        _ metadata: ProtectedResourceMetadata,
        _ settings: Settings
    ) {
        self.identifier = identifier
        self.issuers = issuers
        self.acceptedAudiences = acceptedAudiences
        self.verifiers = verifiers
        self.policy = policy
        self.metadata = metadata
        self.settings = settings
        needsOperation = verifiers.contains { $0.verifier.needsOperation }
    }

    package var speaksMCP: Bool { settings.speaksMCP }
    package var allowedOrigins: [String]? { settings.allowedOrigins }
    package var maximumTokenBytes: Int { settings.maximumTokenBytes }
    package var tokenCache: TokenCache? { settings.tokenCache }
    package var generation: Int { settings.generation }

    /// The unverified header type and claims of a token; `nil` if it is not a JWT.
    func readJWT(_ token: AccessToken) -> UnverifiedJWT? {
        settings.readJWT(token)
    }

    /// The same resource with other audiences or another policy, for some of its routes.
    package func narrowed(acceptedAudiences: [ResourceAudience], policy: any PolicyEvaluator) -> ProtectedResource {
        ProtectedResource(identifier, issuers, acceptedAudiences, verifiers, policy, metadata, settings)
    }

    /// A copy as a separate object, so that several threads do not change the same reference count.
    package func copy() -> ProtectedResource {
        narrowed(acceptedAudiences: acceptedAudiences, policy: policy)
    }

    /// The same resource with other verifiers and without a token cache.
    package func verifying(with verifiers: [any TokenVerifier]) -> ProtectedResource {
        var settings = settings
        settings.tokenCache = nil
        return ProtectedResource(
            identifier: identifier,
            issuers: issuers,
            acceptedAudiences: acceptedAudiences,
            verifiers: verifiers,
            policy: policy,
            metadata: metadata,
            settings: settings
        )
    }

    /// Whether an audience value of a token names this resource.
    package func accepts(audience value: String) -> Bool {
        acceptedAudiences.contains { $0.isNamed(by: value) }
    }

    /// Whether one of the audience values of a token names this resource.
    func accepts(audience values: [String]) -> Bool {
        // Most tokens have one audience, exactly as configured; then no URL is parsed.
        if let first = acceptedAudiences.first?.text, values.first?.isExactly(first) ?? false { return true }
        return values.contains(where: accepts(audience:))
    }

    /// Whether the local revocation list contains a token.
    func refuses(_ facts: TokenFacts) -> Bool {
        settings.revocations?.deny(facts) ?? false
    }

    package func issuer(_ identifier: IssuerIdentifier) -> TrustedIssuer? {
        issuers.first { $0.identifier == identifier }
    }

    /// Reports that rules in shadow mode would have denied a request.
    func report(wouldDeny rules: [String]) {
        let list = rules.map(\.printable).joined(separator: ", ")
        settings.onEvent(EngineEvent(.info, .wouldDeny, "`\(identifier)`: would deny by \(list)"))
    }

    /// Reports that a request was refused, and why.
    package func report(_ denial: Denial) {
        settings.onEvent(EngineEvent(denial, at: identifier))
    }

    /// A challenge that points a client to the metadata of this resource.
    package func challenge(
        _ error: BearerChallenge.ErrorCode?,
        scope: ScopeSet = [],
        authentication: AuthenticationRequirement? = nil
    ) -> BearerChallenge {
        BearerChallenge(
            error: error,
            scope: scope,
            authentication: authentication,
            resourceMetadata: identifier.metadataURL
        )
    }
}

/// An audience value that a resource accepts.
package struct ResourceAudience: Sendable, Hashable {
    package let text: String
    private let url: HTTPURL?

    package init(_ text: String) {
        self.text = text
        url = HTTPURL(text)
    }

    /// Whether a value has the same bytes, or is a URL with the same canonical form; a prefix is not enough.
    package func isNamed(by value: String) -> Bool {
        if value.isExactly(text) { return true }
        guard let url else { return false }
        return HTTPURL(value) == url
    }
}

/// What one resource accepts from one issuer.
package final class TrustedIssuer: Sendable {
    package let identifier: IssuerIdentifier
    /// The tolerated clock difference in seconds, 0 to 300.
    package let leeway: Double
    package let claimMapping: ClaimMapping
    /// Scopes that this issuer may grant here; `nil` if there is no bound.
    package let allowedScopes: ScopeSet?
    /// Values that this issuer may give to claims here, by normalised name; other claims have no bound.
    package let allowedClaims: [String: Set<String>]
    /// Marks of other kinds of tokens that the access tokens of this issuer also carry.
    package let accessTokenMarks: Set<String>
    /// The transformers that are applied after the mapping, in this order.
    package let transformers: [any ClaimTransformer]
    /// Whether the issuer has any bound.
    let hasBounds: Bool
    /// Whether the mapping reads the subject from another claim than `sub`.
    let mapsSubject: Bool
    /// Whether the mapping reads the audience from another claim than `aud`.
    let mapsAudience: Bool

    package init(
        identifier: IssuerIdentifier,
        leeway: Double = Double(NumberSetting.leewaySeconds.standard),
        claimMapping: ClaimMapping = ClaimMapping(),
        allowedScopes: ScopeSet? = nil,
        allowedClaims: [String: Set<String>] = [:],
        accessTokenMarks: Set<String> = [],
        transformers: [any ClaimTransformer] = []
    ) {
        self.transformers = transformers
        self.accessTokenMarks = accessTokenMarks
        self.identifier = identifier
        self.leeway = leeway
        self.claimMapping = claimMapping
        self.allowedScopes = allowedScopes
        self.allowedClaims = allowedClaims
        hasBounds = allowedScopes != nil || !allowedClaims.isEmpty
        mapsSubject = claimMapping.subject != ["sub"]
        mapsAudience = claimMapping.audience != ["aud"]
    }
}
