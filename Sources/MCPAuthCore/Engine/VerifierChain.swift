// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// Calls the verifiers of a resource in order until one recognises the token.
package enum VerifierChain {
    /// Verifies a token, or finds it in the cache; returns a denial if it is not valid here.
    ///
    /// Only *not mine* leads to the next verifier. A token is invalid if no verifier recognises it, if its verifier
    /// names an issuer that is not trusted for this resource, or if it has the mark of another kind of token. The cache
    /// has facts about the token, never a decision.
    package static func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        for resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Checked<VerifiedToken> {
        guard token.bytes.count <= resource.verification.maximumTokenBytes else {
            return .denied(tooLong(token, resource))
        }
        let digest = resource.verification.cache?.digest(of: token)
        var nobodys: (reason: Denial.Reason, diagnosis: Diagnosis?) = (.unrecognizedToken, nil)
        for index in resource.verification.slots.indices {
            let number = resource.verification.slots[index].number
            if let digest, let known = resource.verification.cache?.facts(of: digest, from: number, now: now) {
                trace?.record("verify", "\(resource.verification.slots[index].verifier.name): verified before")
                trace?.recordVerification(by: resource.verification.slots[index].verifier.name, .hit)
                return .passed(VerifiedToken(token: token, verified: known))
            }
            let slot = resource.verification.slots[index]
            let epoch = resource.verification.cache?.epoch ?? 0
            let verdict: TokenVerdict
            do {
                verdict = try await slot.verifier.verify(token, of: request, now: now)
            } catch {
                verdict = .unavailable(retryAfter: 5)
            }
            trace?.record("verify", "\(slot.verifier.name): \(verdict.summary)")
            switch verdict {
            case .verified(let evidence):
                trace?.recordVerification(by: slot.verifier.name, .miss)
                switch facts(of: token, evidence, at: resource, &trace) {
                case .denied(let denial):
                    evidence.onRefusal?(denial.reason, denial.diagnosis)
                    return .denied(denial)
                case .passed(let verified):
                    if let digest {
                        resource.verification.cache?.keep(
                            verified,
                            of: digest,
                            from: slot.number,
                            epoch: epoch,
                            now: now
                        )
                    }
                    return .passed(VerifiedToken(token: token, verified: verified))
                }
            case .rejected(let reason, let diagnosis):
                return .denied(MandatoryChecks.invalidToken(reason, resource, diagnosis))
            case .unavailable(let reason, let retryAfter, let diagnosis):
                return .denied(Denial(reason, status: 503, retryAfter: max(1, retryAfter), diagnosis: diagnosis))
            case .notMine(let reason, let diagnosis):
                // The first specific reason, such as an unknown issuer, is more useful than the general one.
                if nobodys.reason == .unrecognizedToken { nobodys = (reason, diagnosis) }
            }
        }
        return .denied(MandatoryChecks.invalidToken(nobodys.reason, resource, nobodys.diagnosis))
    }

    /// The facts about a token that the first verifier verified recently; `nil` if a verifier must be asked.
    package static func remembered(
        _ token: AccessToken,
        for resource: ProtectedResource,
        now: NumericDate
    ) -> VerifiedToken? {
        guard token.bytes.count <= resource.verification.maximumTokenBytes,
            let number = resource.verification.slots.first?.number,
            let cache = resource.verification.cache,
            let digest = cache.digest(of: token),
            let facts = cache.facts(of: digest, from: number, now: now, countsMiss: false)
        else { return nil }
        return VerifiedToken(token: token, verified: facts)
    }

    /// Normalises the evidence of a verifier.
    private static func facts(
        of token: AccessToken,
        _ evidence: TokenEvidence,
        at resource: ProtectedResource,
        _ trace: inout DecisionTrace?
    ) -> Checked<VerifiedFacts> {
        guard let issuer = evidence.issuer.flatMap(resource.issuer) else {
            return .denied(MandatoryChecks.invalidToken(.untrustedIssuer, resource))
        }
        if let mark = mark(of: token, evidence, issuer, resource) {
            trace?.record("transform", "\(Denial.Reason.wrongTokenType), \(mark)")
            return .denied(MandatoryChecks.invalidToken(.wrongTokenType, resource, mark))
        }
        switch ClaimTransformation.apply(issuer, to: evidence) {
        case .failure(let refusal):
            return .denied(denial(refusal, resource, &trace))
        case .success(let found):
            var facts = found
            for transformer in issuer.transformers {
                switch ClaimTransformation.apply(transformer, to: facts) {
                case .success(let transformed): facts = transformed
                case .failure(let refusal):
                    return .denied(denial(refusal, resource, &trace))
                }
            }
            return .passed(VerifiedFacts(facts, issuer: issuer, resource: resource.identifier, reuse: evidence.reuse))
        }
    }

    private static func denial(
        _ refusal: ClaimTransformation.Refusal,
        _ resource: ProtectedResource,
        _ trace: inout DecisionTrace?
    ) -> Denial {
        trace?.record("transform", "\(refusal.reason), \(refusal.diagnosis)")
        guard let retryAfter = refusal.retryAfter else {
            return MandatoryChecks.invalidToken(refusal.reason, resource, refusal.diagnosis)
        }
        return Denial(refusal.reason, status: 503, retryAfter: retryAfter, diagnosis: refusal.diagnosis)
    }

    /// The mark of another kind of token, in the evidence or in the claims that the token itself carries.
    private static func mark(
        of token: AccessToken,
        _ evidence: TokenEvidence,
        _ issuer: TrustedIssuer,
        _ resource: ProtectedResource
    ) -> Diagnosis? {
        switch evidence.form {
        case .jwt(let type):
            return TokenMarks.find(in: evidence.document.root, type: type, ignoring: issuer.accessTokenMarks)
        case .statement:
            if let mark = TokenMarks.find(in: evidence.document.root, ignoring: issuer.accessTokenMarks) { return mark }
            guard let jwt = resource.verification.readJWT(token) else { return nil }
            return TokenMarks.find(in: jwt.claims, type: jwt.type, ignoring: issuer.accessTokenMarks)
        }
    }

    /// Not `invalid_token`: the client would get another token of the same size and try again.
    private static func tooLong(_ token: AccessToken, _ resource: ProtectedResource) -> Denial {
        Denial(
            .tokenTooLong,
            status: 431,
            diagnosis: Diagnosis(
                "the token",
                expected: "at most \(resource.verification.maximumTokenBytes) bytes (`max_token_bytes`)",
                found: "\(token.bytes.count) bytes"
            )
        )
    }
}

extension TokenVerdict {
    fileprivate var summary: String {
        switch self {
        case .verified: "verified"
        case .rejected(let reason, let diagnosis): "rejected, \(reason)\(diagnosis.map { ", \($0)" } ?? "")"
        case .notMine(let reason, let diagnosis): "not mine, \(reason)\(diagnosis.map { ", \($0)" } ?? "")"
        case .unavailable(let reason, _, let diagnosis): "unavailable, \(reason)\(diagnosis.map { ", \($0)" } ?? "")"
        }
    }
}
