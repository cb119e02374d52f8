// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuthJSON

/// One protected resource, ready to serve: what it accepts and how requests are checked.
package final class ProtectedResource: Sendable {
    /// The settings of a resource that belong to no stage of their own.
    package struct Settings: Sendable {
        /// Whether requests carry MCP messages, which are read from the body.
        package var speaksMCP = true
        /// The maximum size of the body of a request without a token, in bytes; it is read only where the policy may
        /// allow anyone.
        package var bodyBytesWithoutToken = Int(NumberSetting.bodyBytesWithoutToken.standard)
        /// Whether a tool call that lacks credentials or scopes is answered with a result that has the challenge.
        package var challengesInToolResult = false
        /// Whether the server behind a proxy refuses requests whose `Mcp-*` fields contradict their body, so that these
        /// fields tell the operation where the body is not known.
        package var upstreamValidatesMCPFields = false
        /// The field that has the access token, in place of `Authorization`.
        package var tokenField: HTTPField.Name?
        /// The origins of web pages that may send requests, as browsers send them; `nil` for any.
        package var allowedOrigins: [String]?
        /// The local revocation list.
        package var revocations: Revocations?
        /// The number of the configuration snapshot that the resource belongs to, counted from 1.
        package var generation = 1
        /// Receives every request that the policy is asked about, before it decides; `nil` to record none.
        package var record: (@Sendable (PolicyInput) -> Void)?
        /// Receives every decision; `nil` to keep none.
        package var onDecision: DecisionHandler?
        /// Receives events for operators.
        package var onEvent: EngineEventHandler = { _ in }

        package init(speaksMCP: Bool = true) {
            self.speaksMCP = speaksMCP
        }
    }

    package let identifier: ResourceIdentifier
    /// The trusted issuers, in the order in which they are published.
    package let issuers: [TrustedIssuer]
    /// Never empty.
    package let audiences: AcceptedAudiences
    package let verification: TokenVerification
    package let policy: any PolicyEvaluator
    package let metadata: ProtectedResourceMetadata
    private let settings: Settings
    /// The scopes that these routes require in addition to the policy of the resource; ``policy`` requires them too.
    package let routeScopes: ScopeSet

    package init(
        identifier: ResourceIdentifier,
        issuers: [TrustedIssuer],
        audiences: AcceptedAudiences,
        verification: TokenVerification,
        policy: any PolicyEvaluator,
        metadata: ProtectedResourceMetadata,
        settings: Settings = Settings(),
        routeScopes: ScopeSet = []
    ) {
        self.identifier = identifier
        self.issuers = issuers
        self.audiences = audiences
        self.verification = verification
        self.policy = policy
        self.metadata = metadata
        self.settings = settings
        self.routeScopes = routeScopes
    }

    package var speaksMCP: Bool { settings.speaksMCP }
    package var tokenField: HTTPField.Name? { settings.tokenField }
    package var allowedOrigins: [String]? { settings.allowedOrigins }
    /// The maximum size of the body of a request with a token, in bytes.
    package static let bodyBytes = 1024 * 1024
    package var challengesInToolResult: Bool { settings.challengesInToolResult }
    package var upstreamValidatesMCPFields: Bool { settings.upstreamValidatesMCPFields }
    package var bodyBytesWithoutToken: Int { settings.bodyBytesWithoutToken }
    package var generation: Int { settings.generation }

    /// The same resource with other audiences or another policy for some of its routes, or with other verifiers for a
    /// trial.
    package func copy(
        audiences: AcceptedAudiences? = nil,
        verification: TokenVerification? = nil,
        policy: (any PolicyEvaluator)? = nil,
        routeScopes: ScopeSet = []
    ) -> ProtectedResource {
        ProtectedResource(
            identifier: identifier,
            issuers: issuers,
            audiences: audiences ?? self.audiences,
            verification: verification ?? self.verification,
            policy: policy ?? self.policy,
            metadata: metadata,
            settings: settings,
            routeScopes: self.routeScopes.union(routeScopes)
        )
    }

    /// Whether the local revocation list contains a token.
    func refuses(_ facts: TokenFacts) -> Bool {
        settings.revocations?.deny(facts) ?? false
    }

    package func issuer(_ identifier: IssuerIdentifier) -> TrustedIssuer? {
        issuers.first { $0.identifier == identifier }
    }

    /// Records a request that the policy is asked about.
    func record(_ input: PolicyInput) {
        settings.record?(input)
    }

    /// Reports that rules in shadow mode would have denied a request.
    func report(wouldDeny rules: [String]) {
        let list = rules.map(\.printable).joined(separator: ", ")
        settings.onEvent(EngineEvent(.info, .wouldDeny, "`\(identifier)`: would deny by \(list)"))
    }

    /// Whether decisions are kept for operators.
    package var keepsDecisions: Bool { settings.onDecision != nil }

    /// Reports what was decided about a request.
    ///
    /// - Returns: The id under which it is kept; `nil` if decisions are not kept.
    package func report(
        _ decision: Decision,
        about operation: @autoclosure () -> String?,
        time: @autoclosure () -> NumericDate,
        seconds: Double? = nil,
        door: String? = nil
    ) -> DecisionID? {
        if case .deny(let denial) = decision { settings.onEvent(EngineEvent(denial, at: identifier)) }
        guard let onDecision = settings.onDecision else { return nil }
        let time = time()
        let record = DecisionRecord(
            id: DecisionID(time),
            time: time,
            seconds: seconds,
            door: door,
            resource: identifier,
            operation: operation(),
            decision: decision,
            generation: generation
        )
        onDecision(record)
        return record.id
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
