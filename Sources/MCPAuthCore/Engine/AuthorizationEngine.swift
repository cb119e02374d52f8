// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes

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

    /// The whole way of a request whose operation is known, on one screen.
    private static func decide(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        switch await verify(request, at: resource, now: now, trace: &trace) {
        case .denied(let denial): .deny(denial)
        case .passed(let token): decide(request.operation, request, token, at: resource, now: now, trace: &trace)
        }
    }

    /// Verifies the token of a request and normalises what it says, before anything is known of the operation.
    package static func verify(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Stage<VerifiedToken> {
        switch request.credentials {
        case .bearer(let token):
            await VerifierChain.verify(token, of: request, for: resource, now: now, trace: &trace)
        case .none: .denied(noCredentials(resource, request))
        case .malformed: .denied(malformedCredentials(resource))
        }
    }

    /// Decides what the caller may do: the mandatory checks, then the policy.
    package static func decide(
        _ operation: Operation,
        _ request: ProtectedResourceRequest,
        _ token: VerifiedToken,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) -> Decision {
        let authInfo: AuthInfo
        switch MandatoryChecks.apply(to: token, at: resource, now: now) {
        case .passed(let passed): authInfo = passed
        case .denied(let denial):
            trace?.record("checks", "\(denial.reason)\(denial.diagnosis.map { ", \($0)" } ?? "")")
            return .deny(denial)
        }
        if trace != nil, let dropped = authInfo.droppedByBounds { trace?.record("bounds", "dropped \(dropped)") }

        let asked = PolicyOperation(
            method: request.method,
            path: request.path,
            operation: operation,
            ignoresCase: request.ignoresCase
        )
        let answer = evaluate(PolicyInput(authInfo: authInfo, operation: asked, now: now), resource, &trace)
        switch answer.outcome {
        case .allow: return .allow(authInfo)
        case .insufficientScope(let scopes, let rules):
            let why = diagnosis("scope `\(scopes)`", asked, rules)
            return .deny(insufficientScope(scopes, resource, why))
        case .insufficientAuthentication(let needed, let rules):
            let why = diagnosis("a newer or stronger sign-in", asked, rules)
            return .deny(insufficientAuthentication(needed, resource, why))
        case .deny(let rules):
            let why = diagnosis("a rule that allows", asked, rules)
            return .deny(Denial(.deniedByPolicy, status: 403, diagnosis: why))
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

    /// What the policy wanted for the operation, and the rules that were not satisfied.
    private static func diagnosis(_ expected: String, _ asked: PolicyOperation, _ rules: [String]) -> Diagnosis {
        let names = rules.map { "`\($0.printable)`" }.joined(separator: ", ")
        return Diagnosis(
            "the policy",
            expected: "\(expected) for \(name(of: asked))",
            found: rules.isEmpty ? "no rule for it" : "a refusal by \(names)"
        )
    }

    /// What kind of thing was asked for, for logs.
    ///
    /// Paths, names and URIs are the client's, and may hold what no log should.
    private static func name(of asked: PolicyOperation) -> String {
        guard case .mcp(let messages) = asked.operation, let first = messages.first else {
            return "`\(asked.method.rawValue.printable)`"
        }
        let name =
            switch first {
            case .call(let method, _): method.printable
            default: first.description
            }
        return messages.count > 1 ? "`\(name)` and \(messages.count - 1) more" : "`\(name)`"
    }

    private static func insufficientScope(
        _ scopes: ScopeSet,
        _ resource: ProtectedResource,
        _ diagnosis: Diagnosis
    ) -> Denial {
        let challenge = resource.challenge(.insufficientScope, scope: scopes)
        return Denial(.insufficientScope, status: 403, challenge: challenge, diagnosis: diagnosis)
    }

    /// RFC 9470 section 3: the token is good, the sign-in behind it is not good enough.
    private static func insufficientAuthentication(
        _ needed: AuthenticationRequirement,
        _ resource: ProtectedResource,
        _ diagnosis: Diagnosis
    ) -> Denial {
        let challenge = resource.challenge(.insufficientUserAuthentication, authentication: needed)
        return Denial(.insufficientAuthentication, status: 401, challenge: challenge, diagnosis: diagnosis)
    }
}

extension PolicyOperation {
    fileprivate init(_ request: ProtectedResourceRequest) {
        self.init(
            method: request.method,
            path: request.path,
            operation: request.operation,
            ignoresCase: request.ignoresCase
        )
    }
}
