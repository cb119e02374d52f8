// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The resource server's decision: given a request, who is calling and may they, or what must they do first.
///
/// An immutable snapshot of resources, issuers and compiled policies. It reads no clock, no file and no network of
/// its own; verifiers do, behind their contract.
package struct AuthorizationEngine: Sendable {
    package let resources: [ProtectedResource]
    private let router: ResourceRouter

    /// - Throws: ``ConfigurationError`` when two resources would match the same requests.
    package init(resources: [ProtectedResource], authority: ResourceRouter.AuthorityRule = .exact) throws {
        self.resources = resources
        router = try ResourceRouter(resources, authority: authority)
    }

    /// The protected resource a request belongs to.
    package func route(_ request: ProtectedResourceRequest) -> Stage<ProtectedResource> {
        router.route(request)
    }

    /// Decides about a request, wherever it belongs.
    package func authorize(_ request: ProtectedResourceRequest, now: NumericDate) async -> Decision {
        var noTrace: DecisionTrace?
        return await authorize(request, now: now, trace: &noTrace)
    }

    /// Decides, and records how when `trace` is not `nil`.
    package func authorize(
        _ request: ProtectedResourceRequest,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        switch router.route(request) {
        case .denied(let denial):
            trace?.record("route", "\(denial.reason)")
            return .deny(denial)
        case .passed(let resource):
            trace?.record("route", "resource \(resource.identifier)")
            return await Self.authorize(request, at: resource, now: now, trace: &trace)
        }
    }

    /// Decides about a request that belongs to `resource`: the whole way of a request on one screen.
    package static func authorize(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        let operation = PolicyOperation(method: request.method, path: request.path, operation: request.operation)

        let token: AccessToken
        switch request.credentials {
        case .bearer(let presented): token = presented
        case .none: return .deny(noCredentials(resource, operation))
        case .malformed: return .deny(malformedCredentials(resource))
        }

        let verified: VerifiedToken
        switch await VerifierChain.verify(token, of: request, for: resource, now: now, trace: &trace) {
        case .passed(let passed): verified = passed
        case .denied(let denial): return .deny(denial)
        }

        let authInfo: AuthInfo
        switch FloorRules.apply(to: verified, at: resource, now: now) {
        case .passed(let passed): authInfo = passed
        case .denied(let denial):
            trace?.record("floor", "\(denial.reason)")
            return .deny(denial)
        }

        let outcome = resource.policy.evaluate(PolicyInput(authInfo: authInfo, operation: operation, now: now))
        trace?.record("policy", outcome.summary)
        switch outcome {
        case .allow: return .allow(authInfo)
        case .insufficientScope(let scopes, _): return .deny(insufficientScope(scopes, resource))
        case .insufficientAuthentication(let needed, _): return .deny(insufficientAuthentication(needed, resource))
        case .deny: return .deny(Denial(.deniedByPolicy, status: 403))
        }
    }

    /// RFC 6750 section 3.1: a client that sent no credentials is not told of an error.
    private static func noCredentials(_ resource: ProtectedResource, _ operation: PolicyOperation) -> Denial {
        let scopes = resource.policy.scopesToRequest(for: operation)
        return Denial(.noCredentials, status: 401, challenge: resource.challenge(nil, scope: scopes))
    }

    private static func malformedCredentials(_ resource: ProtectedResource) -> Denial {
        Denial(.malformedCredentials, status: 400, challenge: resource.challenge(.invalidRequest))
    }

    private static func insufficientScope(_ scopes: ScopeSet, _ resource: ProtectedResource) -> Denial {
        Denial(.insufficientScope, status: 403, challenge: resource.challenge(.insufficientScope, scope: scopes))
    }

    /// RFC 9470 section 3: the token is good, the sign-in behind it is not good enough.
    private static func insufficientAuthentication(
        _ needed: AuthenticationRequirement,
        _ resource: ProtectedResource
    ) -> Denial {
        let challenge = resource.challenge(.insufficientUserAuthentication, authentication: needed)
        return Denial(.insufficientAuthentication, status: 401, challenge: challenge)
    }
}

extension PolicyOutcome {
    fileprivate var summary: String {
        switch self {
        case .allow(let rules): "allow by \(rules.joined(separator: ", "))"
        case .insufficientScope(let scopes, let rules): "needs scope \(scopes) for \(rules.joined(separator: ", "))"
        case .insufficientAuthentication(_, let rules): "needs another sign-in for \(rules.joined(separator: ", "))"
        case .deny(let rules): rules.isEmpty ? "no rule allows" : "deny by \(rules.joined(separator: ", "))"
        }
    }
}
