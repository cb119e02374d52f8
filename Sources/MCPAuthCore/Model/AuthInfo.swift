// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON
internal import Synchronization

/// Who is calling and what they may do: what a handler receives when a request is allowed.
///
/// A value of one request. Only the engine can make one, after every check.
public struct AuthInfo: Sendable {
    /// An object, so that handing on an `AuthInfo` copies one reference.
    private final class Contents: Sendable {
        let verified: VerifiedFacts
        let token: AccessToken
        /// The claims as handed out; made when somebody asks for them, which most requests do not.
        let claims = AtomicLazyReference<Claims.Contents>()

        init(_ verified: VerifiedFacts, _ token: AccessToken) {
            self.verified = verified
            self.token = token
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

    /// When the token is no longer accepted: after its end and the clock difference that is tolerated of its issuer.
    package var acceptedUntil: NumericDate { facts.expiresAt.adding(contents.verified.issuer.leeway) }

    /// The scopes that the issuer may grant at this resource; `nil` for no bound.
    package var grantableScopes: ScopeSet? { contents.verified.issuer.allowedScopes }

    /// What the bounds of the issuer dropped, in words; `nil` when that is nothing.
    var droppedByBounds: String? {
        guard let dropped = contents.verified.bounds?.dropped, !dropped.isEmpty else { return nil }
        return dropped.joined(separator: ", ")
    }

    /// The auth info of the request that is being handled in this task.
    @TaskLocal public static var current: AuthInfo?

    private var facts: TokenFacts { contents.verified.facts }

    /// Only ``MandatoryChecks`` calls this.
    init(_ token: VerifiedToken) {
        contents = Contents(token.verified, token.token)
    }

    /// With these scopes and claims, whatever the facts say.
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
        contents = Contents(VerifiedFacts(facts, issuer, resource, bounds, .never), token)
        _ = contents.claims.storeIfNil(claims.contents)
    }
}
