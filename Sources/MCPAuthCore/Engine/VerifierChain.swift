// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Asks the verifiers of a resource, in order, until one knows the token.
package enum VerifierChain {
    /// The token as verified by one of them, or the denial that its answer means.
    ///
    /// Only *not mine* goes on to the next. A token that nobody knows, and one whose verifier names an issuer that is
    /// not trusted for this resource, are invalid.
    package static func verify(
        _ token: AccessToken,
        for resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Stage<VerifiedToken> {
        guard token.bytes.count <= AccessToken.maximumLength else {
            return .denied(FloorRules.invalidToken(.tokenTooLong, resource))
        }
        var nobodysReason = Denial.Reason.unrecognizedToken
        for verifier in resource.verifiers {
            let answer = await verifier.verify(token, now: now)
            trace?.record("verify", "\(verifier.name): \(answer.summary)")
            switch answer {
            case .verified(let evidence):
                guard let issuer = resource.issuer(evidence.issuer) else {
                    return .denied(FloorRules.invalidToken(.untrustedIssuer, resource))
                }
                return .passed(VerifiedToken(token: token, evidence: evidence, issuer: issuer))
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
