// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// What no policy can switch off: time, audience, binding, revocation and issuer bounds.
package enum FloorRules {
    /// The identity a verified token gives at one resource, or why it gives none.
    ///
    /// Rules, in order: `exp` (or the verifier's own end) is not past, `nbf` and `iat` are not in the future, all within
    /// the issuer's leeway; the audience names this resource; the token is not bound to a proof that was not presented
    /// (RFC 9449 section 7.2, RFC 8705 section 3); the deny list does not name it. Scopes and claim values beyond the
    /// issuer's bounds are dropped.
    package static func apply(
        to token: consuming VerifiedToken,
        at resource: ProtectedResource,
        now: NumericDate
    ) -> Stage<AuthInfo> {
        // Read in place: a copy would touch reference counts that other processors use.
        let leeway = token.verified.issuer.leeway
        guard now < token.verified.facts.expiresAt.adding(leeway) else {
            return .denied(invalidToken(.expired, resource))
        }
        let latest = now.adding(leeway)
        guard token.verified.facts.notBefore.map({ $0 <= latest }) ?? true,
            token.verified.facts.issuedAt.map({ $0 <= latest }) ?? true
        else { return .denied(invalidToken(.notYetValid, resource)) }
        guard resource.accepts(audience: token.verified.facts.audience) else {
            return .denied(invalidToken(.audienceMismatch, resource))
        }
        guard !token.verified.facts.isSenderConstrained else {
            return .denied(invalidToken(.proofRequired, resource))
        }
        guard !resource.refuses(token.verified.facts) else { return .denied(invalidToken(.revoked, resource)) }
        let hasBounds = token.verified.issuer.hasBounds
        let bounded = hasBounds ? bounded(token.verified.facts, by: token.verified.issuer) : nil
        return .passed(AuthInfo(token, bounded: bounded))
    }

    /// The one answer to every token that is not good here: which check failed is for the log only.
    package static func invalidToken(_ reason: Denial.Reason, _ resource: ProtectedResource) -> Denial {
        Denial(reason, status: 401, challenge: resource.challenge(.invalidToken))
    }

    private static func bounded(_ facts: TokenFacts, by issuer: TrustedIssuer) -> AuthInfo.Bounded {
        AuthInfo.Bounded(
            scopes: bounded(facts.scopes, by: issuer.allowedScopes),
            members: bounded(facts.claims, by: issuer.allowedClaims)
        )
    }

    private static func bounded(_ scopes: ScopeSet, by allowed: ScopeSet?) -> ScopeSet {
        guard let allowed, !allowed.isSuperset(of: scopes) else { return scopes }
        return ScopeSet(scopes.filter(allowed.contains))
    }

    /// The bounded claims with the values their issuer may give; one that keeps none is hidden.
    private static func bounded(_ claims: Claims, by allowed: [String: Set<String>]) -> [String: JSON] {
        var members: [String: JSON] = [:]
        for (name, values) in allowed {
            switch claims.value(at: JSONPointer(tokens: [name])) {
            case nil: break
            case .string(let value) where values.contains(where: value.isExactly): break
            case .array(let elements):
                members[name] = .array(
                    elements.filter { element in values.contains { element.string?.isExactly($0) ?? false } }
                )
            default: members[name] = .null
            }
        }
        return members
    }
}
