// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Asks the verifiers of a resource, in order, until one knows the token.
package enum VerifierChain {
    /// The token as verified by one of them, now or a short time ago, or the denial that its answer means.
    ///
    /// Only *not mine* goes on to the next. A token that nobody knows, and one whose verifier names an issuer that is
    /// not trusted for this resource, are invalid. What is kept are facts about the token, never a decision.
    package static func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        for resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Stage<VerifiedToken> {
        guard token.bytes.count <= AccessToken.maximumLength else {
            return .denied(FloorRules.invalidToken(.tokenTooLong, resource))
        }
        let digest = resource.tokenCache?.digest(of: token)
        var nobodysReason = Denial.Reason.unrecognizedToken
        for index in resource.verifiers.indices {
            let number = resource.verifiers[index].number
            if let digest, let known = resource.tokenCache?.facts(of: digest, from: number, now: now) {
                trace?.record("verify", "\(resource.verifiers[index].verifier.name): verified before")
                trace?.recordVerification(by: resource.verifiers[index].verifier.name, .hit)
                return .passed(VerifiedToken(token: token, verified: known))
            }
            let slot = resource.verifiers[index]
            let answer = await slot.verifier.verify(token, of: request, now: now)
            trace?.record("verify", "\(slot.verifier.name): \(answer.summary)")
            switch answer {
            case .verified(let evidence):
                trace?.recordVerification(by: slot.verifier.name, .miss)
                guard let issuer = resource.issuer(evidence.issuer) else {
                    return .denied(FloorRules.invalidToken(.untrustedIssuer, resource))
                }
                switch ClaimTransformation.apply(issuer, to: evidence) {
                case .rejected(let reason):
                    trace?.record("transform", "\(reason)")
                    return .denied(FloorRules.invalidToken(reason, resource))
                case .facts(let facts):
                    let verified = VerifiedFacts(
                        facts,
                        issuer: issuer,
                        resource: resource.identifier,
                        reuse: evidence.reuse
                    )
                    if let digest { resource.tokenCache?.keep(verified, of: digest, from: slot.number, now: now) }
                    return .passed(VerifiedToken(token: token, verified: verified))
                }
            case .rejected(let reason):
                return .denied(FloorRules.invalidToken(reason, resource))
            case .unavailable(let reason, let retryAfter):
                return .denied(Denial(reason, status: 503, retryAfter: max(1, retryAfter)))
            case .notMine(let reason):
                // An unknown issuer says more about what is wrong than a token of another form.
                if nobodysReason == .unrecognizedToken { nobodysReason = reason }
            }
        }
        return .denied(FloorRules.invalidToken(nobodysReason, resource))
    }
}

extension VerifierAnswer {
    fileprivate var summary: String {
        switch self {
        case .verified: "verified"
        case .rejected(let reason): "rejected, \(reason)"
        case .notMine(let reason): "not mine, \(reason)"
        case .unavailable(let reason, _): "unavailable, \(reason)"
        }
    }
}
