// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// Turns the evidence of a verifier into normalised facts, once per token.
package enum ClaimTransformation {
    /// The reason why claims are refused.
    package struct Refusal: Error {
        package let reason: Denial.Reason
        package let diagnosis: Diagnosis
        /// Seconds after which it may be decided; `nil` if it is.
        package let retryAfter: Int?

        init(_ reason: Denial.Reason, _ diagnosis: Diagnosis, retryAfter: Int? = nil) {
            self.reason = reason
            self.diagnosis = diagnosis
            self.retryAfter = retryAfter
        }
    }

    /// Applies the mapping of the token's issuer.
    ///
    /// Refused: no `exp`, unless the verifier says when its verdict ends; dates that are not numbers; a subject or
    /// client that is not a string or is empty; neither subject nor client; scopes outside their grammar (RFC 6749
    /// section 3.3); a claim that has none of its required values. A registered claim that is `null` counts as absent.
    /// A claim is left out if its value has another type than its rule needs.
    package static func apply(_ issuer: TrustedIssuer, to evidence: TokenEvidence) -> Result<TokenFacts, Refusal> {
        let claims = evidence.document.root
        guard let expiresAt = expiry(of: evidence, claims) else {
            return rejected(.missingExpiry, "exp", "a number of seconds", claims)
        }
        guard case .some(let notBefore) = date(claims.optional("nbf")) else {
            return rejected(.invalidClaim, "nbf", "a number of seconds", claims)
        }
        guard case .some(let issuedAt) = date(claims.optional("iat")) else {
            return rejected(.invalidClaim, "iat", "a number of seconds", claims)
        }
        // Each rule is read in place, because a copy of the whole mapping changes many reference counts.
        guard case .some(let subject) = identifier(issuer.claimMapping.subject, claims) else {
            return rejected(.invalidClaim, issuer.claimMapping.subject, "a string that is not empty", claims)
        }
        guard case .some(let clientID) = identifier(issuer.claimMapping.clientID, claims) else {
            return rejected(.invalidClaim, issuer.claimMapping.clientID, "a string that is not empty", claims)
        }
        guard subject != nil || clientID != nil else {
            let names = (issuer.claimMapping.subject.from + issuer.claimMapping.clientID.from).map(\.printable)
            let missing = Diagnosis("subject and client", expected: "one of \(list(names))", found: "neither")
            return .failure(Refusal(.invalidClaim, missing))
        }
        guard let scopes = scopes(issuer.claimMapping.scope, claims) else {
            return rejected(.invalidClaim, issuer.claimMapping.scope, "scopes (RFC 6749 section 3.3)", claims)
        }
        if let (claim, values) = unmetRequirement(claims, issuer.claimMapping.requiredValues) {
            return rejected(.unexpectedClaimValue, claim, list(values.sorted().map(\.printable)), claims)
        }
        let audience = audience(issuer.claimMapping.audience, claims, evidence.audience)
        return .success(
            TokenFacts(
                issuer: issuer.identifier,
                subject: subject,
                clientID: clientID,
                scopes: scopes,
                audience: audience,
                expiresAt: expiresAt,
                notBefore: notBefore,
                issuedAt: issuedAt,
                isSenderConstrained: claims.optional("cnf") != nil || isBound(claims),
                tokenID: claims["jti"]?.string,
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

    /// Applies a transformer of the application to normalised facts.
    ///
    /// Issuer, audience, times, `jti` and the key binding remain those of the token. Subject, client and scopes are
    /// read only from `sub`, `client_id` and `scope` of the result.
    package static func apply(
        _ transformer: any ClaimTransformer,
        to facts: TokenFacts
    ) -> Result<TokenFacts, Refusal> {
        let name = "claim transformer `\(transformer.name.printable)`"
        func refused(_ found: String) -> Result<TokenFacts, Refusal> {
            .failure(Refusal(.transformFailed, Diagnosis(name, expected: "claims", found: found)))
        }
        let before = facts.claims.members
        let after: [String: JSON]
        do { after = try transformer.transform(before, of: facts.issuer) } catch is TransformerUnavailable {
            let none = Diagnosis(name, expected: "claims", found: "no answer")
            return .failure(Refusal(.transformerUnavailable, none, retryAfter: 5))
        } catch {
            return refused("an error of type \(type(of: error))")
        }
        if let changed = protected.first(where: { before[$0] != after[$0] }) {
            return refused("another value of `\(changed)`, which it must not change")
        }
        // An unrepresentable value is kept as such: encoded as `null`, it would be another value.
        let payload = JSON.object(after).encodedExactly()
        guard let document = try? JSONDocument(parsing: payload, limits: .token) else {
            return refused("claims that are too large or nested too deeply")
        }
        let claims = document.root
        guard case .some(let subject) = identifier(["sub"], claims) else {
            return rejected(.invalidClaim, "sub", "a string that is not empty", claims)
        }
        guard case .some(let clientID) = identifier(["client_id"], claims) else {
            return rejected(.invalidClaim, "client_id", "a string that is not empty", claims)
        }
        guard clientID != nil || subject != nil else { return refused("neither `sub` nor `client_id`") }
        guard let scopes = scopes(["scope"], claims) else {
            return rejected(.invalidClaim, "scope", "scopes (RFC 6749 section 3.3)", claims)
        }
        return .success(
            TokenFacts(
                issuer: facts.issuer,
                subject: subject,
                clientID: clientID,
                scopes: scopes,
                audience: facts.audience,
                expiresAt: facts.expiresAt,
                notBefore: facts.notBefore,
                issuedAt: facts.issuedAt,
                isSenderConstrained: facts.isSenderConstrained,
                tokenID: facts.tokenID,
                claims: Claims(
                    payload: payload,
                    parsed: document,
                    scopes: scopes,
                    clientID: clientID,
                    madeOf: facts.claims
                )
            )
        )
    }

    /// The claims that a transformer must not change.
    private static let protected = ClaimMapping.unmappable.union(["aud"]).sorted()

    /// Whether `token_type` or `typ` says that the token is bound to a key, with or without `cnf` (RFC 9449 section 5).
    private static func isBound(_ claims: JSONView) -> Bool {
        isDPoP(claims.optional("token_type")) || isDPoP(claims.optional("typ"))
    }

    private static func isDPoP(_ type: JSONView?) -> Bool {
        type?.string?.lowercased() == "dpop"
    }

    private static func rejected(
        _ reason: Denial.Reason,
        _ claim: String,
        _ expected: String,
        _ claims: JSONView
    ) -> Result<TokenFacts, Refusal> {
        .failure(
            Refusal(
                reason,
                Diagnosis(claim: claim, expected: expected, found: ClaimRule.value(claim, in: claims))
            )
        )
    }

    private static func rejected(
        _ reason: Denial.Reason,
        _ rule: ClaimRule,
        _ expected: String,
        _ claims: JSONView
    ) -> Result<TokenFacts, Refusal> {
        let present = rule.from.first { ClaimRule.value($0, in: claims) != nil }
        return rejected(reason, present ?? rule.from.first ?? "", expected, claims)
    }

    private static func list(_ names: [String]) -> String {
        names.map { "`\($0)`" }.joined(separator: " or ")
    }

    private static func expiry(of evidence: TokenEvidence, _ claims: JSONView) -> NumericDate? {
        guard let claim = claims.optional("exp") else { return evidence.notAfter }
        guard let seconds = claim.number, seconds.isFinite else { return nil }
        return evidence.notAfter.map { min($0, NumericDate(seconds)) } ?? NumericDate(seconds)
    }

    /// The date in a claim: `.some(nil)` if the claim is absent, `nil` if it is not a finite number.
    private static func date(_ claim: JSONView?) -> NumericDate?? {
        guard let claim else { return .some(nil) }
        guard let seconds = claim.number, seconds.isFinite else { return nil }
        return NumericDate(seconds)
    }

    private static func identifier(_ rule: ClaimRule, _ claims: JSONView) -> String?? {
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
    private static func scopes(_ rule: ClaimRule, _ claims: JSONView) -> ScopeSet? {
        if rule.isPlain {
            guard let value = rule.plainValue(in: claims) else { return [] }
            guard value.kind == .string else { return value.strings.flatMap(scopeSet) }
            var scopes: ScopeSet?
            unsafe value.withUTF8 { unsafe scopes = ScopeSet(spaceDelimited: $0) }
            return scopes
        }
        var rule = rule
        rule.split = rule.split ?? " "
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

    /// All audiences; empty if the claim is absent or is neither a string nor an array of strings.
    ///
    /// The assumed audience replaces an absent claim, never an invalid one.
    private static func audience(_ rule: ClaimRule, _ claims: JSONView, _ assumed: String?) -> [String] {
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

    /// The first claim that has none of its required values.
    private static func unmetRequirement(
        _ claims: JSONView,
        _ required: [String: Set<String>]
    ) -> (claim: String, values: Set<String>)? {
        required.sorted { $0.key < $1.key }.first { source, values in
            guard let found = ClaimRule.value(source, in: claims)?.string else { return true }
            return !values.contains(where: found.isExactly)
        }.map { ($0.key, $0.value) }
    }

    /// The members that differ from the claims of the token.
    ///
    /// A claim whose rule finds nothing is hidden, even if the
    /// token has a claim of that name.
    private static func mappedMembers(
        _ issuer: TrustedIssuer,
        _ claims: JSONView,
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
