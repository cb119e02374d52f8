// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// Turns what a verifier found into normalised facts, once per token.
package enum ClaimTransformation {
    /// The facts, or why the claims make none.
    package enum Outcome: Sendable {
        case facts(TokenFacts)
        case rejected(Denial.Reason)
    }

    /// Applies the mapping of the token's issuer.
    ///
    /// Refused: no `exp` where the verifier vouches for no end either; dates that are no numbers; a subject or client
    /// that is no string or empty; none of both; scopes outside their grammar (RFC 6749 section 3.3); a claim that is
    /// none of the values its issuer must give it. A claim that has another type than its rule needs is left out.
    package static func apply(_ issuer: TrustedIssuer, to evidence: TokenEvidence) -> Outcome {
        let claims = evidence.document.root
        guard let expiresAt = expiry(of: evidence, claims) else { return .rejected(.missingExpiry) }
        // Read in place each: the mapping as a whole is many reference counts to copy.
        guard case .some(let notBefore) = date(claims["nbf"]), case .some(let issuedAt) = date(claims["iat"]),
            case .some(let subject) = identifier(issuer.claimMapping.subject, claims),
            case .some(let clientID) = identifier(issuer.claimMapping.clientID, claims),
            subject != nil || clientID != nil,
            let scopes = scopes(issuer.claimMapping.scope, claims)
        else { return .rejected(.invalidClaim) }
        guard hasRequiredValues(claims, issuer.claimMapping.requiredValues) else {
            return .rejected(.unexpectedClaimValue)
        }
        let audience = audience(issuer.claimMapping.audience, claims, evidence.audience)
        return .facts(
            TokenFacts(
                issuer: evidence.issuer,
                subject: subject,
                clientID: clientID,
                scopes: scopes,
                audience: audience,
                expiresAt: expiresAt,
                notBefore: notBefore,
                issuedAt: issuedAt,
                isSenderConstrained: claims["cnf"] != nil,
                claims: Claims(
                    payload: evidence.payload,
                    parsed: evidence.document,
                    scopes: scopes,
                    clientID: clientID,
                    mapped: mappedMembers(issuer, claims, subject: subject, audience: audience)
                )
            )
        )
    }

    private static func expiry(of evidence: TokenEvidence, _ claims: JSONValue) -> NumericDate? {
        guard let claim = claims["exp"] else { return evidence.notAfter }
        guard let seconds = claim.number, seconds.isFinite else { return nil }
        return evidence.notAfter.map { min($0, NumericDate(seconds)) } ?? NumericDate(seconds)
    }

    /// Absent is fine, another type is not: `nil` inside, `nil` outside.
    private static func date(_ claim: JSONValue?) -> NumericDate?? {
        guard let claim else { return .some(nil) }
        guard let seconds = claim.number, seconds.isFinite else { return nil }
        return NumericDate(seconds)
    }

    private static func identifier(_ rule: ClaimRule, _ claims: JSONValue) -> String?? {
        if rule.isPlain {
            guard let value = rule.plainValue(in: claims) else { return .some(nil) }
            guard let text = value.string, !text.isEmpty else { return nil }
            return text
        }
        switch rule.apply(to: claims) {
        case .absent: return .some(nil)
        case .value(.string(let text)) where !text.isEmpty: return text
        case .value, .invalid: return nil
        }
    }

    /// A space-delimited string (RFC 6749 section 3.3) or an array of scope values.
    private static func scopes(_ rule: ClaimRule, _ claims: JSONValue) -> ScopeSet? {
        if rule.isPlain {
            guard let value = rule.plainValue(in: claims) else { return [] }
            guard value.kind == .string else { return value.strings.flatMap(scopeSet) }
            var scopes: ScopeSet?
            unsafe value.withUTF8 { unsafe scopes = ScopeSet(spaceDelimited: $0) }
            return scopes
        }
        var rule = rule
        rule.separator = rule.separator ?? " "
        switch rule.apply(to: claims) {
        case .absent: return []
        case .value(.string(let text)): return ScopeSet(spaceDelimited: text)
        case .value(let value): return value.strings.flatMap(scopeSet)
        case .invalid: return nil
        }
    }

    private static func scopeSet(_ values: [String]) -> ScopeSet? {
        values.allSatisfy(ScopeSet.isScopeToken) ? ScopeSet(values) : nil
    }

    /// Every audience; empty when absent or not made of strings only.
    ///
    /// What is assumed stands for a claim that is not there, never for one that is and does not fit.
    private static func audience(_ rule: ClaimRule, _ claims: JSONValue, _ assumed: String?) -> [String] {
        if let assumed, rule.constant == nil, rule.plainValue(in: claims) == nil { return [assumed] }
        if rule.isPlain {
            guard let value = rule.plainValue(in: claims) else { return [] }
            return value.string.map { [$0] } ?? value.strings ?? []
        }
        switch rule.apply(to: claims) {
        case .absent, .invalid: return []
        case .value(let value): return value.string.map { [$0] } ?? value.strings ?? []
        }
    }

    private static func hasRequiredValues(_ claims: JSONValue, _ required: [String: Set<String>]) -> Bool {
        required.allSatisfy { source, values in
            guard let found = ClaimRule.value(source, in: claims)?.string else { return false }
            return values.contains(where: found.isExactly)
        }
    }

    /// What differs from the token's own claims; a claim whose rule finds nothing is hidden, whatever the token calls
    /// by that name.
    private static func mappedMembers(
        _ issuer: TrustedIssuer,
        _ claims: JSONValue,
        subject: String?,
        audience: [String]
    ) -> [String: JSON] {
        var members: [String: JSON] = [:]
        for (name, rule) in issuer.claimMapping.others {
            if case .value(let value) = rule.apply(to: claims) {
                members[name] = value
            } else {
                members[name] = .null
            }
        }
        if issuer.mapsSubject { members["sub"] = subject.map(JSON.string) ?? .null }
        if issuer.mapsAudience { members["aud"] = .array(audience.map(JSON.string)) }
        return members
    }
}
