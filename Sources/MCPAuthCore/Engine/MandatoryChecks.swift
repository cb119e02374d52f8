// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// The checks that no policy can disable: time, audience, key binding and revocation.
package enum MandatoryChecks {
    /// The identity of the caller at one resource, or the denial of the token.
    ///
    /// Checks, in this order: `exp` (or the end of the verdict) is not past, and `nbf` and `iat` are not in the future,
    /// all within the issuer's leeway; the audience names this resource; the token is not bound to a key, because
    /// proofs are not supported (RFC 9449 section 7.2, RFC 8705 section 3); the revocation list does not contain the
    /// token. Scopes and claim values beyond the issuer's bounds were dropped when the token was verified.
    package static func apply(
        to token: VerifiedToken,
        at resource: ProtectedResource,
        now: NumericDate
    ) -> Checked<AuthInfo> {
        if let denial = denial(of: token, at: resource, now: now) { return .denied(denial) }
        return .passed(AuthInfo(token, routeScopes: resource.routeScopes))
    }

    /// The denial of a verified token at one resource; `nil` if the token passes all checks.
    package static func denial(of token: VerifiedToken, at resource: ProtectedResource, now: NumericDate) -> Denial? {
        // Read in place: a copy would change reference counts that other threads use.
        let leeway = token.verified.issuer.leeway
        guard now < token.verified.facts.expiresAt.adding(leeway) else {
            return invalidToken(.expired, resource, time("exp", "a time after", token.verified.facts.expiresAt, now))
        }
        let latest = now.adding(leeway)
        if let notBefore = token.verified.facts.notBefore, notBefore > latest {
            return invalidToken(.notYetValid, resource, time("nbf", "a time not after", notBefore, now))
        }
        if let issuedAt = token.verified.facts.issuedAt, issuedAt > latest {
            return invalidToken(.notYetValid, resource, time("iat", "a time not after", issuedAt, now))
        }
        guard resource.audiences.accepts(token.verified.facts.audience) else {
            return invalidToken(.audienceMismatch, resource, audience(token.verified.facts, resource))
        }
        guard !token.verified.facts.isSenderConstrained else {
            return invalidToken(
                .proofRequired,
                resource,
                Diagnosis("claim `cnf`, `token_type` or `typ`", expected: "a bearer token", found: "one bound to a key")
            )
        }
        guard !resource.refuses(token.verified.facts) else { return invalidToken(.revoked, resource) }
        return nil
    }

    /// The denial of every token that is not valid here; only the log says which check failed.
    package static func invalidToken(
        _ reason: Denial.Reason,
        _ resource: ProtectedResource,
        _ diagnosis: Diagnosis? = nil
    ) -> Denial {
        Denial(reason, status: 401, challenge: resource.challenge(.invalidToken), diagnosis: diagnosis)
    }

    private static func time(_ claim: String, _ what: String, _ found: NumericDate, _ now: NumericDate) -> Diagnosis {
        let difference = (found.secondsSinceEpoch - now.secondsSinceEpoch).rounded()
        let seconds = Int64(exactly: abs(difference)).map { "\($0)" } ?? "\(abs(difference))"
        let distance = "\(seconds) seconds \(difference < 0 ? "ago" : "ahead")"
        return Diagnosis(
            "claim `\(claim)`",
            expected: "\(what) now",
            found: "a time \(distance)",
            value: "\(found.secondsSinceEpoch), \(distance)"
        )
    }

    private static func audience(_ facts: TokenFacts, _ resource: ProtectedResource) -> Diagnosis {
        let expected = resource.audiences.description
        let found = facts.audience
        if found.isEmpty, case .view(let claim)? = ClaimsView(facts.claims).rawClaim(at: JSONPointer(tokens: ["aud"])) {
            return Diagnosis(claim: "aud", expected: expected, found: claim)
        }
        return Diagnosis(
            "audience",
            expected: expected,
            found: found.isEmpty ? "none" : found.count == 1 ? "another one" : "\(found.count) others",
            value: found.isEmpty ? nil : found.map { "`\($0.printable)`" }.joined(separator: ", ")
        )
    }
}
