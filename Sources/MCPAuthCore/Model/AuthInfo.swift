// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON
internal import Synchronization

/// The caller of an allowed request and what the caller may do, as handlers receive it.
///
/// It belongs to one request. Only the engine creates it, after all checks.
public struct AuthInfo: Sendable {
    /// A class, so that a copy of an `AuthInfo` copies one reference.
    private final class Contents: Sendable {
        let verified: VerifiedFacts
        let token: AccessToken
        let routeScopes: ScopeSet
        /// The claims for handlers, made on first use, because most requests do not need them.
        let claims = AtomicLazyReference<Claims.Contents>()

        init(_ verified: VerifiedFacts, _ token: AccessToken, _ routeScopes: ScopeSet) {
            self.verified = verified
            self.token = token
            self.routeScopes = routeScopes
        }
    }

    private let contents: Contents

    /// The protected resource the token was accepted for.
    public var resource: ResourceIdentifier { contents.verified.resource }
    /// The granted scopes, normalised and within the issuer's bounds.
    public var scopes: ScopeSet { contents.verified.bounds?.scopes ?? facts.scopes }
    /// The verified claims, within the issuer's bounds.
    public var claims: Claims {
        if let claims = contents.claims.load() { return Claims(claims) }
        let claims = facts.claims.bounded(scopes: scopes, members: contents.verified.bounds?.members ?? [:])
        return Claims(contents.claims.storeIfNil(claims.contents))
    }
    /// The token itself.
    public var token: AccessToken { contents.token }
    /// The authorization server that issued the token.
    public var issuer: IssuerIdentifier { facts.issuer }
    /// The subject, after claim mapping and transformers.
    public var subject: String? { facts.subject }
    /// The client the token was issued to.
    public var clientID: String? { facts.clientID }
    /// Who is calling, whatever token shows it: bind sessions and other state to it, and compare it at each request.
    ///
    /// A subject is unique only at its issuer, and several clients may act for one subject.
    public var caller: Denial.Caller { Denial.Caller(issuer: issuer, subject: subject, clientID: clientID) }
    /// The audiences the token names.
    public var audience: [String] { facts.audience }
    /// When the token or the verdict of its verifier ends, whichever is earlier.
    ///
    /// A long-lived response must not continue after this time and the leeway of the issuer.
    public var expiresAt: NumericDate { facts.expiresAt }

    /// When the token is no longer accepted: its expiry plus the leeway of its issuer.
    package var acceptedUntil: NumericDate { facts.expiresAt.adding(contents.verified.issuer.leeway) }

    /// The scopes that the route of the request requires in addition to the policy of the resource.
    package var routeScopes: ScopeSet { contents.routeScopes }

    /// The scopes that the issuer may grant at this resource; `nil` if there is no bound.
    package var grantableScopes: ScopeSet? { contents.verified.issuer.allowedScopes }

    /// What the bounds of the issuer dropped, in words; `nil` if nothing was dropped.
    var droppedByBounds: String? {
        guard let dropped = contents.verified.bounds?.dropped, !dropped.isEmpty else { return nil }
        return dropped.joined(separator: ", ")
    }

    /// The `AuthInfo` of the request that the current task handles.
    @TaskLocal public static var current: AuthInfo?

    private var facts: TokenFacts { contents.verified.facts }

    /// Only ``MandatoryChecks`` calls this.
    init(_ token: VerifiedToken, routeScopes: ScopeSet) {
        contents = Contents(token.verified, token.token, routeScopes)
    }

    /// Uses these scopes and claims instead of those in `facts`.
    init(
        resource: ResourceIdentifier,
        facts: TokenFacts,
        scopes: ScopeSet,
        claims: Claims,
        token: AccessToken,
        grantableScopes: ScopeSet? = nil
    ) {
        let issuer = TrustedIssuer(identifier: facts.issuer, allowedScopes: grantableScopes)
        let bounds = IssuerBounds(scopes: scopes, members: [:], dropped: [])
        contents = Contents(VerifiedFacts(facts, issuer, resource, bounds, .never), token, [])
        _ = contents.claims.storeIfNil(claims.contents)
    }
}

extension AuthInfo {
    /// The caller that claims describe, for tools that ask what a policy would decide.
    ///
    /// No verifier has seen the claims, and the token is empty: never for a request. The subject is `sub`, the client
    /// `client_id`, and the scopes those of `scope`.
    package static func assumed(_ claims: JSON, at resource: ResourceIdentifier) -> AuthInfo {
        let text = claims["scope"]?.string ?? ""
        let scopes = ScopeSet(text.split(separator: " ").map(String.init))
        let clientID = claims["client_id"]?.string
        let facts = TokenFacts(
            issuer: IssuerIdentifier(claims["iss"]?.string ?? ""),
            subject: claims["sub"]?.string,
            clientID: clientID,
            scopes: scopes,
            audience: [],
            expiresAt: NumericDate(.infinity),
            claims: Claims(payload: claims.encoded(), scopes: scopes, clientID: clientID)
        )
        let verified = VerifiedFacts(facts, TrustedIssuer(identifier: facts.issuer), resource, nil, .never)
        return AuthInfo(VerifiedToken(token: AccessToken(bytes: []), verified: verified), routeScopes: [])
    }
}
