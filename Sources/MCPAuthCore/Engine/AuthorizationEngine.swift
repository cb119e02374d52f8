// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The resource server's decision: given a request, who is calling and may they, or what must they do first.
///
/// An immutable snapshot of resources, issuers and compiled policies. It reads no clock, no file and no network of
/// its own; verifiers do, behind their contract. A class, so that a request that takes it copies one reference.
package final class AuthorizationEngine: Sendable {
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

    /// Decides about a request, wherever it belongs; records how when `trace` is not `nil`.
    package func authorize(
        _ request: ProtectedResourceRequest,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        switch router.route(request) {
        case .denied(let denial):
            trace?.record("route", "\(denial.reason)")
            trace?.decision = .deny(denial)
            return .deny(denial)
        case .passed(let resource):
            return await Self.authorize(request, at: resource, now: now, trace: &trace)
        }
    }

    /// Decides about a request that belongs to `resource`; records how when `trace` is not `nil`.
    package static func authorize(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        trace?.begin(PolicyOperation(request), at: resource)
        let decision = await decide(request, at: resource, now: now, trace: &trace)
        trace?.decision = decision
        return decision
    }

    /// The whole way of a request on one screen.
    private static func decide(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        let token: AccessToken
        switch request.credentials {
        case .bearer(let presented): token = presented
        case .none: return .deny(noCredentials(resource, request))
        case .malformed: return .deny(malformedCredentials(resource))
        }

        let verified: VerifiedToken
        switch await VerifierChain.verify(token, of: request, for: resource, now: now, trace: &trace) {
        case .passed(let passed): verified = passed
        case .denied(let denial): return .deny(denial)
        }

        let authInfo: AuthInfo
        switch FloorRules.apply(to: consume verified, at: resource, now: now) {
        case .passed(let passed): authInfo = passed
        case .denied(let denial):
            trace?.record("floor", "\(denial.reason)")
            return .deny(denial)
        }

        let input = PolicyInput(authInfo: authInfo, operation: PolicyOperation(request), now: now)
        let answer = evaluate(input, resource, &trace)
        switch answer.outcome {
        case .allow: return .allow(authInfo)
        case .insufficientScope(let scopes, _): return .deny(insufficientScope(scopes, resource))
        case .insufficientAuthentication(let needed, _): return .deny(insufficientAuthentication(needed, resource))
        case .deny: return .deny(Denial(.deniedByPolicy, status: 403))
        }
    }

    private static func evaluate(
        _ input: PolicyInput,
        _ resource: ProtectedResource,
        _ trace: inout DecisionTrace?
    ) -> PolicyAnswer {
        guard let recording = trace else {
            let answer = resource.policy.evaluate(input)
            if !answer.wouldDeny.isEmpty { resource.report(wouldDeny: answer.wouldDeny) }
            return answer
        }
        let explanation = resource.policy.explain(input, revealingClaims: recording.revealsClaims)
        trace?.record(explanation)
        return explanation.answer
    }

    /// RFC 6750 section 3.1: a client that sent no credentials is not told of an error.
    private static func noCredentials(_ resource: ProtectedResource, _ request: ProtectedResourceRequest) -> Denial {
        let scopes = resource.policy.scopesToRequest(for: PolicyOperation(request))
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

extension PolicyOperation {
    fileprivate init(_ request: ProtectedResourceRequest) {
        self.init(method: request.method, path: request.path, operation: request.operation)
    }
}
