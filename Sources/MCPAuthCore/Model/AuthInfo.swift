// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Who is calling and what they may do: what a handler receives when a request is allowed.
///
/// A value of one request. Only the engine can make one, after every check.
public struct AuthInfo: Sendable {
    /// The protected resource the token was accepted for.
    public let resource: ResourceIdentifier
    /// The authorization server that issued the token.
    public let issuer: IssuerIdentifier
    /// The `sub` of the token.
    public let subject: String?
    /// The client the token was issued to.
    public let clientID: String?
    /// The granted scopes, normalised.
    public let scopes: ScopeSet
    /// The audiences the token names.
    public let audience: [String]
    /// When the token ends.
    ///
    /// A long-lived response must not outlive it.
    public let expiresAt: NumericDate
    /// The verified claims.
    public let claims: Claims
    /// The token itself.
    public let token: AccessToken

    /// The auth info of the request that is being handled in this task.
    @TaskLocal public static var current: AuthInfo?

    init(
        resource: ResourceIdentifier,
        issuer: IssuerIdentifier,
        subject: String?,
        clientID: String?,
        scopes: ScopeSet,
        audience: [String],
        expiresAt: NumericDate,
        claims: Claims,
        token: AccessToken
    ) {
        self.resource = resource
        self.issuer = issuer
        self.subject = subject
        self.clientID = clientID
        self.scopes = scopes
        self.audience = audience
        self.expiresAt = expiresAt
        self.claims = claims
        self.token = token
    }
}
