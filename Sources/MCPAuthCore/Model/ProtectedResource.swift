// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// One protected resource, ready to serve: what it accepts and how that is checked.
package final class ProtectedResource: Sendable {
    /// A verifier and the number under which its findings are kept.
    package struct VerifierSlot: Sendable {
        package let verifier: any TokenVerifier
        package let number: UInt64
    }

    /// How requests for a resource are handled, beside who is trusted and what is allowed.
    package struct Settings: Sendable {
        /// Whether requests carry MCP messages, which are then read from the body.
        package var speaksMCP = true
        /// The origins of web pages that may send requests, in the form in which browsers send them; `nil` for any.
        package var allowedOrigins: [String]?
        /// The longest token that is looked at, in bytes.
        package var maximumTokenBytes = AccessToken.defaultMaximumBytes
        /// Where facts about verified tokens are kept; `nil` to verify each time.
        package var tokenCache: TokenCache?
        /// The local revocation list.
        package var revocations: Revocations?
        /// Reads what a token that is a JWT says of itself.
        package var readJWT: UnverifiedJWT.Reader = { _ in nil }
        /// Which configuration of the process it belongs to, counted from 1.
        package var generation = 1
        /// Takes what an operator should know.
        package var onEvent: EngineEventHandler = { _ in }

        package init(speaksMCP: Bool = true) {
            self.speaksMCP = speaksMCP
        }
    }

    package let identifier: ResourceIdentifier
    /// The issuers trusted for this resource, in the order they are published.
    package let issuers: [TrustedIssuer]
    /// The audiences a token may name.
    ///
    /// The identifier unless configured otherwise. Never empty.
    package let acceptedAudiences: [ResourceAudience]
    /// Asked in this order.
    package let verifiers: [VerifierSlot]
    package let policy: any PolicyEvaluator
    package let metadata: ProtectedResourceMetadata
    /// Whether a verifier looks at the operation, so that the body is read before the token is verified.
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

    /// What a token says of itself; `nil` when it is not a JWT.
    func readJWT(_ token: AccessToken) -> UnverifiedJWT? {
        settings.readJWT(token)
    }

    /// The same resource with other audiences or another policy, for one part of its routes.
    package func narrowed(acceptedAudiences: [ResourceAudience], policy: any PolicyEvaluator) -> ProtectedResource {
        ProtectedResource(identifier, issuers, acceptedAudiences, verifiers, policy, metadata, settings)
    }

    /// The same resource as another object, whose reference count no other processor touches.
    package func copy() -> ProtectedResource {
        narrowed(acceptedAudiences: acceptedAudiences, policy: policy)
    }

    /// The same resource, asking other verifiers and remembering nothing.
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

    /// Whether an audience value of a token means this resource.
    package func accepts(audience value: String) -> Bool {
        acceptedAudiences.contains { $0.isNamed(by: value) }
    }

    /// Whether one of the audience values of a token means this resource.
    func accepts(audience values: [String]) -> Bool {
        // Most tokens have one audience, as it is configured, and then nothing is read as a URL.
        if let first = acceptedAudiences.first?.text, values.first?.isExactly(first) ?? false { return true }
        return values.contains(where: accepts(audience:))
    }

    /// Whether the local revocation list names a token.
    func refuses(_ facts: TokenFacts) -> Bool {
        settings.revocations?.deny(facts) ?? false
    }

    package func issuer(_ identifier: IssuerIdentifier) -> TrustedIssuer? {
        issuers.first { $0.identifier == identifier }
    }

    /// Tells the operator that rules in shadow mode would have denied a request.
    func report(wouldDeny rules: [String]) {
        let list = rules.map(\.printable).joined(separator: ", ")
        settings.onEvent(EngineEvent(.info, .wouldDeny, "`\(identifier)`: would deny by \(list)"))
    }

    /// Tells the operator that a request was refused, and why.
    package func report(_ denial: Denial) {
        settings.onEvent(EngineEvent(denial, at: identifier))
    }

    /// The challenge that points a client to this resource's metadata.
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

    /// Equal bytes, or two URLs that are equal in canonical form; never a prefix.
    package func isNamed(by value: String) -> Bool {
        if value.isExactly(text) { return true }
        guard let url else { return false }
        return HTTPURL(value) == url
    }
}

/// What one resource lets one issuer's tokens say.
package final class TrustedIssuer: Sendable {
    package let identifier: IssuerIdentifier
    /// Tolerated clock difference in seconds, 0 to 300.
    package let leeway: Double
    package let claimMapping: ClaimMapping
    /// Scopes this issuer may grant here; `nil` for no bound.
    package let allowedScopes: ScopeSet?
    /// Values this issuer may give to normalised claims here, by their names; other claims have no bound.
    package let allowedClaims: [String: Set<String>]
    /// Marks of other kinds of tokens that its access tokens carry all the same.
    package let accessTokenMarks: Set<String>
    /// Applied after the mapping, in this order.
    package let transformers: [any ClaimTransformer]
    /// Whether there is any bound.
    let hasBounds: Bool
    /// Whether the mapping has the subject from elsewhere than `sub`.
    let mapsSubject: Bool
    /// Whether the mapping has the audience from elsewhere than `aud`.
    let mapsAudience: Bool

    package init(
        identifier: IssuerIdentifier,
        leeway: Double = 60,
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
