// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON
package import MCPAuthPolicy

/// Makes a decision for given claims, without verifying a token.
///
/// For policy tests and `explain`. All steps after verification are those of a real request: claim mapping, issuer
/// bounds, mandatory checks and the policy.
package struct PolicyTrial: Sendable {
    package let resource: ProtectedResource

    /// Tries policies alone, at a resource that accepts the issuer and the audience of the claims.
    ///
    /// - Parameter payload: The JSON text of the claims, if there is one; it may have values that `claims` cannot
    ///   represent.
    /// - Throws: ``ConfigurationError`` when `resource` is not a resource identifier.
    package init(_ policies: [CompiledPolicy], resource: String, claims: JSON, payload: [UInt8]? = nil) throws {
        let identifier = try ResourceIdentifier(resource)
        let audiences = (claims["aud"]?.string.map { [$0] } ?? claims["aud"]?.strings ?? []) + [resource]
        let issuer = IssuerIdentifier(claims["iss"]?.string ?? Self.issuer)
        self.resource = ProtectedResource(
            identifier: identifier,
            issuers: [TrustedIssuer(identifier: issuer)],
            audiences: AcceptedAudiences(audiences),
            verification: TokenVerification([
                ClaimsVerifier(payload: payload ?? claims.encoded(), issuer: issuer, audience: resource)
            ]),
            policy: PolicySet(policies),
            metadata: ProtectedResourceMetadata(resource: identifier)
        )
    }

    /// Tries a configured resource, with its policies, issuers, mappings and bounds.
    package init(at resource: ProtectedResource, claims: JSON, payload: [UInt8]? = nil) {
        let issuer = claims["iss"]?.string.map { IssuerIdentifier($0) } ?? resource.issuers.first?.identifier
        let verifier = ClaimsVerifier(
            payload: payload ?? claims.encoded(),
            issuer: issuer ?? IssuerIdentifier(Self.issuer),
            audience: resource.identifier.description
        )
        self.resource = resource.copy(verification: resource.verification.replacingVerifiers(with: [verifier]))
    }

    /// The trace of the decision; the request has no token when `hasToken` is false.
    package func decide(
        _ call: PolicyCall,
        hasToken: Bool = true,
        now: NumericDate,
        revealingClaims: Bool
    ) async -> DecisionTrace {
        // Without a token, a server reads the body only where the policy may allow anyone.
        let isUnread = !hasToken && call.isInBody && !resource.policy.mayAllowAnyone
        let request = ProtectedResourceRequest(
            method: call.method,
            path: call.path ?? resource.identifier.path,
            credentials: hasToken ? .bearer(AccessToken(bytes: [])) : .none,
            operation: isUnread ? .unknown : call.operation
        )
        var trace: DecisionTrace? = DecisionTrace(revealingClaims: revealingClaims)
        _ = await AuthorizationEngine.authorize(request, at: resource, now: now, trace: &trace)
        return trace ?? DecisionTrace()
    }

    /// The issuer of claims without `iss`.
    private static let issuer = "https://issuer.test"
}

/// Accepts the given claims as those of a genuine token; only ``PolicyTrial`` creates it.
private struct ClaimsVerifier: TokenVerifier {
    let name = "claims"
    let payload: [UInt8]
    let issuer: IssuerIdentifier
    let audience: String

    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> TokenVerdict {
        guard let document = try? JSONDocument(parsing: payload, limits: .fetched), document.root.kind == .object else {
            return .rejected(.malformedToken)
        }
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: payload,
                notAfter: NumericDate(.greatestFiniteMagnitude),
                audience: audience
            )
        )
    }
}
