// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON
internal import Synchronization

/// Who is calling and what they may do: what a handler receives when a request is allowed.
///
/// A value of one request. Only the engine can make one, after every check.
public struct AuthInfo: Sendable {
    /// What the issuer's bounds leave of the scopes and claims of a token, where they do not leave everything.
    struct Bounded: Sendable {
        let scopes: ScopeSet
        /// Claims in place of the token's own.
        var members: [String: JSON] = [:]
    }

    /// An object, so that handing on an `AuthInfo` copies one reference.
    private final class Contents: Sendable {
        let verified: VerifiedFacts
        let bounded: Bounded?
        let token: AccessToken
        /// The claims as handed out; made when somebody asks for them, which most requests do not.
        let claims = AtomicLazyReference<Claims.Contents>()

        init(_ verified: VerifiedFacts, _ bounded: Bounded?, _ token: AccessToken) {
            self.verified = verified
            self.bounded = bounded
            self.token = token
        }
    }

    private let contents: Contents

    /// The protected resource the token was accepted for.
    public var resource: ResourceIdentifier { contents.verified.resource }
    /// The granted scopes, normalised and within the issuer's bounds.
    public var scopes: ScopeSet { contents.bounded?.scopes ?? facts.scopes }
    /// The verified claims, within the issuer's bounds.
    public var claims: Claims {
        if let claims = contents.claims.load() { return Claims(claims) }
        let claims = facts.claims.bounded(scopes: scopes, members: contents.bounded?.members ?? [:])
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

    /// The auth info of the request that is being handled in this task.
    @TaskLocal public static var current: AuthInfo?

    private var facts: TokenFacts { contents.verified.facts }

    /// - Parameter bounded: What the issuer's bounds leave; `nil` when that is everything.
    init(_ token: consuming VerifiedToken, bounded: Bounded?) {
        contents = Contents(token.verified, bounded, token.token)
    }

    /// With these scopes and claims, whatever the facts say.
    init(resource: ResourceIdentifier, facts: TokenFacts, scopes: ScopeSet, claims: Claims, token: AccessToken) {
        let issuer = TrustedIssuer(identifier: facts.issuer)
        contents = Contents(VerifiedFacts(facts, issuer: issuer, resource: resource), Bounded(scopes: scopes), token)
        _ = contents.claims.storeIfNil(claims.contents)
    }
}
