// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Who is calling and what they may do: what a handler receives when a request is allowed.
///
/// A value of one request. Only the engine can make one, after every check.
public struct AuthInfo: Sendable {
    /// The protected resource the token was accepted for.
    public let resource: ResourceIdentifier
    /// The granted scopes, normalised and within the issuer's bounds.
    public let scopes: ScopeSet
    /// The verified claims, within the issuer's bounds.
    public let claims: Claims
    /// The token itself.
    public let token: AccessToken
    private let facts: TokenFacts

    /// The authorization server that issued the token.
    public var issuer: IssuerIdentifier { facts.issuer }
    /// The `sub` of the token.
    public var subject: String? { facts.subject }
    /// The client the token was issued to.
    public var clientID: String? { facts.clientID }
    /// The audiences the token names.
    public var audience: [String] { facts.audience }
    /// When the token ends.
    ///
    /// A long-lived response must not outlive it.
    public var expiresAt: NumericDate { facts.expiresAt }

    /// The auth info of the request that is being handled in this task.
    @TaskLocal public static var current: AuthInfo?

    init(resource: ResourceIdentifier, facts: TokenFacts, scopes: ScopeSet, claims: Claims, token: AccessToken) {
        self.resource = resource
        self.facts = facts
        self.scopes = scopes
        self.claims = claims
        self.token = token
    }
}
