// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// One protected resource, ready to serve: what it accepts and how that is checked.
package struct ProtectedResource: Sendable {
    package let identifier: ResourceIdentifier
    /// The issuers trusted for this resource, in the order they are published.
    package let issuers: [TrustedIssuer]
    /// The audiences a token may name.
    ///
    /// the identifier unless configured otherwise. Never empty.
    package let acceptedAudiences: [ResourceAudience]
    /// Asked in this order.
    package let verifiers: [any TokenVerifier]
    package let policy: any PolicyEvaluator
    package let metadata: ProtectedResourceMetadata
    /// Whether requests carry MCP messages, which are then read from the body.
    package let speaksMCP: Bool

    package init(
        identifier: ResourceIdentifier,
        issuers: [TrustedIssuer],
        acceptedAudiences: [ResourceAudience],
        verifiers: [any TokenVerifier],
        policy: any PolicyEvaluator,
        metadata: ProtectedResourceMetadata,
        speaksMCP: Bool
    ) {
        self.identifier = identifier
        self.issuers = issuers
        self.acceptedAudiences = acceptedAudiences
        self.verifiers = verifiers
        self.policy = policy
        self.metadata = metadata
        self.speaksMCP = speaksMCP
    }

    /// The same resource with other audiences or another policy, for one part of its routes.
    package func narrowed(acceptedAudiences: [ResourceAudience], policy: any PolicyEvaluator) -> ProtectedResource {
        ProtectedResource(
            identifier: identifier,
            issuers: issuers,
            acceptedAudiences: acceptedAudiences,
            verifiers: verifiers,
            policy: policy,
            metadata: metadata,
            speaksMCP: speaksMCP
        )
    }

    package func issuer(_ identifier: IssuerIdentifier) -> TrustedIssuer? {
        issuers.first { $0.identifier == identifier }
    }

    /// The challenge that points a client to this resource's metadata.
    package func challenge(_ error: BearerChallenge.ErrorCode?, scope: ScopeSet = []) -> BearerChallenge {
        BearerChallenge(error: error, scope: scope, resourceMetadata: identifier.metadataURL)
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
        if value == text { return true }
        guard let url else { return false }
        return HTTPURL(value) == url
    }
}

/// What one resource lets one issuer's tokens say.
package struct TrustedIssuer: Sendable {
    package let identifier: IssuerIdentifier
    /// Tolerated clock difference in seconds, 0 to 300.
    package let leeway: Double
    package let claimMapping: ClaimMapping
    /// Scopes this issuer may grant here; `nil` for no bound.
    package let allowedScopes: ScopeSet?

    package init(
        identifier: IssuerIdentifier,
        leeway: Double = 60,
        claimMapping: ClaimMapping = ClaimMapping(),
        allowedScopes: ScopeSet? = nil
    ) {
        self.identifier = identifier
        self.leeway = leeway
        self.claimMapping = claimMapping
        self.allowedScopes = allowedScopes
    }
}
