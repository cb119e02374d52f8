// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// What no policy can switch off: audience, time, token type and issuer bounds.
package enum FloorRules {
    /// The identity a verified token gives at one resource, or why it gives none.
    ///
    /// Rules, in order: `exp` (or the verifier's own end) is present and not past; `nbf` and `iat` are dates and `nbf`
    /// is not in the future, both within the issuer's leeway; the audience names this resource; the token is not bound
    /// to a proof that was not presented (RFC 9449 section 7.2, RFC 8705 section 3); `sub`, scopes and client are well
    /// formed; the token names a subject or a client. Scopes beyond the issuer's bounds are dropped.
    package static func apply(
        to token: VerifiedToken,
        at resource: ProtectedResource,
        now: NumericDate
    ) -> Stage<AuthInfo> {
        let claims = token.evidence.claims
        let leeway = token.issuer.leeway
        guard let expiry = expiry(of: token.evidence) else { return .denied(invalidToken(.missingExpiry, resource)) }
        guard now < expiry.adding(leeway) else { return .denied(invalidToken(.expired, resource)) }
        guard isDateOrAbsent(claims["nbf"]), isDateOrAbsent(claims["iat"]) else {
            return .denied(invalidToken(.invalidClaim, resource))
        }
        if let notBefore = claims["nbf"]?.number, notBefore > now.adding(leeway).secondsSinceEpoch {
            return .denied(invalidToken(.notYetValid, resource))
        }
        guard let audience = audience(of: token.evidence),
            audience.contains(where: { value in resource.acceptedAudiences.contains { $0.isNamed(by: value) } })
        else { return .denied(invalidToken(.audienceMismatch, resource)) }
        guard claims["cnf"] == nil else { return .denied(invalidToken(.proofRequired, resource)) }
        guard let mapped = token.issuer.claimMapping.apply(to: claims), isNonEmptyStringOrAbsent(claims["sub"]) else {
            return .denied(invalidToken(.invalidClaim, resource))
        }
        let subject = claims["sub"]?.string
        guard subject != nil || mapped.clientID != nil else { return .denied(invalidToken(.invalidClaim, resource)) }
        let scopes = bounded(mapped.scopes, by: token.issuer.allowedScopes)
        return .passed(
            AuthInfo(
                resource: resource.identifier,
                issuer: token.issuer.identifier,
                subject: subject,
                clientID: mapped.clientID,
                scopes: scopes,
                audience: audience,
                expiresAt: expiry,
                claims: Claims(
                    raw: claims,
                    normalised: mapped.claims.normalised.merging(["scope": .array(scopes.map(JSON.string))]) { $1 }
                ),
                token: token.token
            )
        )
    }

    /// The one answer to every token that is not good here: which check failed is for the log only.
    package static func invalidToken(_ reason: Denial.Reason, _ resource: ProtectedResource) -> Denial {
        Denial(reason, status: 401, challenge: resource.challenge(.invalidToken))
    }

    private static func expiry(of evidence: TokenEvidence) -> NumericDate? {
        guard let claim = evidence.claims["exp"] else { return evidence.notAfter }
        guard let seconds = claim.number, seconds.isFinite else { return nil }
        return evidence.notAfter.map { min($0, NumericDate(seconds)) } ?? NumericDate(seconds)
    }

    /// Every audience of the token; `nil` when absent, empty or not made of strings only.
    private static func audience(of evidence: TokenEvidence) -> [String]? {
        guard let claim = evidence.claims["aud"] else { return evidence.audience.map { [$0] } }
        if let single = claim.string { return [single] }
        guard let elements = claim.array, !elements.isEmpty else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    private static func isDateOrAbsent(_ claim: JSONValue?) -> Bool {
        guard let claim else { return true }
        return claim.number?.isFinite ?? false
    }

    private static func isNonEmptyStringOrAbsent(_ claim: JSONValue?) -> Bool {
        guard let claim else { return true }
        return claim.string.map { !$0.isEmpty } ?? false
    }

    private static func bounded(_ scopes: ScopeSet, by allowed: ScopeSet?) -> ScopeSet {
        guard let allowed else { return scopes }
        return ScopeSet(scopes.filter(allowed.contains))
    }
}
