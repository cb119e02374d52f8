// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What a genuine token says, in the words of the standards whatever its issuer calls them.
///
/// Facts about the token alone: what they are worth at a resource is decided by ``FloorRules`` and the policy. A class,
/// so that a remembered token is handed out without copying its parts.
package final class TokenFacts: Sendable {
    package let issuer: IssuerIdentifier
    package let subject: String?
    package let clientID: String?
    package let scopes: ScopeSet
    /// Empty when the token names none, or not as strings.
    package let audience: [String]
    package let expiresAt: NumericDate
    package let notBefore: NumericDate?
    package let issuedAt: NumericDate?
    /// Whether the token is bound to a proof (RFC 7800 `cnf`).
    package let isSenderConstrained: Bool
    package let claims: Claims

    package init(
        issuer: IssuerIdentifier,
        subject: String?,
        clientID: String?,
        scopes: ScopeSet,
        audience: [String],
        expiresAt: NumericDate,
        notBefore: NumericDate? = nil,
        issuedAt: NumericDate? = nil,
        isSenderConstrained: Bool = false,
        claims: Claims
    ) {
        self.issuer = issuer
        self.subject = subject
        self.clientID = clientID
        self.scopes = scopes
        self.audience = audience
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.isSenderConstrained = isSenderConstrained
        self.claims = claims
    }

    /// As they are kept: the claims as text alone.
    func unparsed() -> TokenFacts {
        TokenFacts(
            issuer: issuer,
            subject: subject,
            clientID: clientID,
            scopes: scopes,
            audience: audience,
            expiresAt: expiresAt,
            notBefore: notBefore,
            issuedAt: issuedAt,
            isSenderConstrained: isSenderConstrained,
            claims: claims.unparsed()
        )
    }
}

/// A genuine token of a trusted issuer, not yet checked against the resource.
package struct VerifiedToken: Sendable {
    package let token: AccessToken
    package let facts: TokenFacts
    package let issuer: TrustedIssuer

    /// Only ``VerifierChain`` calls this.
    init(token: AccessToken, facts: TokenFacts, issuer: TrustedIssuer) {
        self.token = token
        self.facts = facts
        self.issuer = issuer
    }
}
