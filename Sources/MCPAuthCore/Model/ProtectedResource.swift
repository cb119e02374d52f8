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
    /// Whether requests carry MCP messages, which are then read from the body.
    package let speaksMCP: Bool
    /// Where facts about verified tokens are kept; `nil` to verify each time.
    package let tokenCache: TokenCache?
    /// The local deny list.
    package let revocations: Revocations?
    /// Which configuration of the process it belongs to, counted from 1.
    package let generation: Int
    private let onEvent: EngineEventHandler

    package convenience init(
        identifier: ResourceIdentifier,
        issuers: [TrustedIssuer],
        acceptedAudiences: [ResourceAudience],
        verifiers: [any TokenVerifier],
        policy: any PolicyEvaluator,
        metadata: ProtectedResourceMetadata,
        speaksMCP: Bool,
        tokenCache: TokenCache? = nil,
        revocations: Revocations? = nil,
        generation: Int = 1,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) {
        self.init(
            identifier,
            issuers,
            acceptedAudiences,
            verifiers.map { VerifierSlot(verifier: $0, number: TokenCache.nextVerifierNumber()) },
            policy,
            metadata,
            speaksMCP,
            tokenCache,
            revocations,
            generation,
            onEvent
        )
    }

    private init(
        _ identifier: ResourceIdentifier,
        _ issuers: [TrustedIssuer],
        _ acceptedAudiences: [ResourceAudience],
        _ verifiers: [VerifierSlot],
        _ policy: any PolicyEvaluator,
        _ metadata: ProtectedResourceMetadata,
        _ speaksMCP: Bool,
        _ tokenCache: TokenCache?,
        _ revocations: Revocations?,
        _ generation: Int,
        _ onEvent: @escaping EngineEventHandler
    ) {
        self.identifier = identifier
        self.issuers = issuers
        self.acceptedAudiences = acceptedAudiences
        self.verifiers = verifiers
        self.policy = policy
        self.metadata = metadata
        self.speaksMCP = speaksMCP
        self.tokenCache = tokenCache
        self.revocations = revocations
        self.generation = generation
        self.onEvent = onEvent
    }

    /// The same resource with other audiences or another policy, for one part of its routes.
    package func narrowed(acceptedAudiences: [ResourceAudience], policy: any PolicyEvaluator) -> ProtectedResource {
        ProtectedResource(
            identifier,
            issuers,
            acceptedAudiences,
            verifiers,
            policy,
            metadata,
            speaksMCP,
            tokenCache,
            revocations,
            generation,
            onEvent
        )
    }

    /// The same resource as another object, whose reference count no other processor touches.
    package func copy() -> ProtectedResource {
        narrowed(acceptedAudiences: acceptedAudiences, policy: policy)
    }

    /// The same resource, asking other verifiers and remembering nothing.
    package func verifying(with verifiers: [any TokenVerifier]) -> ProtectedResource {
        ProtectedResource(
            identifier: identifier,
            issuers: issuers,
            acceptedAudiences: acceptedAudiences,
            verifiers: verifiers,
            policy: policy,
            metadata: metadata,
            speaksMCP: speaksMCP,
            revocations: revocations,
            generation: generation,
            onEvent: onEvent
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

    /// Whether the local deny list names a token.
    func refuses(_ facts: TokenFacts) -> Bool {
        revocations?.deny(facts) ?? false
    }

    package func issuer(_ identifier: IssuerIdentifier) -> TrustedIssuer? {
        issuers.first { $0.identifier == identifier }
    }

    /// Tells the operator that rules in shadow mode would have denied a request.
    func report(wouldDeny rules: [String]) {
        let list = rules.map(\.printable).joined(separator: ", ")
        onEvent(EngineEvent(.info, .wouldDeny, "`\(identifier)`: would deny by \(list)"))
    }

    /// Tells the operator that a request was refused; a client's fault is for the debug log only.
    package func report(_ denial: Denial) {
        onEvent(EngineEvent(.debug, .requestDenied, "`\(identifier)`: \(denial.reason), status \(denial.status)"))
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
        allowedClaims: [String: Set<String>] = [:]
    ) {
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
