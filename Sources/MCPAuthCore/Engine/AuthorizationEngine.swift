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
    package func route(_ request: ProtectedResourceRequest) -> Checked<ProtectedResource> {
        router.route(request)
    }

    /// Decides about a request that belongs to `resource`.
    ///
    /// - Parameters:
    ///   - now: The clock; read again when a body is here, however long that took.
    ///   - trace: Records how the decision came about, unless it is `nil`.
    ///   - isInBody: Whether only the body tells what the request wants.
    ///   - readOperation: Reads that from the body, bounded, or says why it cannot be known. Called at most once, and only
    ///     for a request with a token.
    /// - Throws: What `readOperation` throws.
    package static func authorize(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: () -> NumericDate,
        trace: inout DecisionTrace?,
        isInBody: Bool,
        readOperation: () async throws -> Checked<RequestOperation>
    ) async rethrows -> Decision {
        trace?.begin(request, at: resource)
        let decision = try await decide(request, at: resource, now, &trace, isInBody, readOperation)
        trace?.decision = decision
        return decision
    }

    /// Decides about a request whose operation is known.
    package static func authorize(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Decision {
        await authorize(
            request,
            at: resource,
            now: { now },
            trace: &trace,
            isInBody: false,
            readOperation: { .passed(request.operation) }
        )
    }

    /// The whole way of a request, on one screen.
    ///
    /// The token is verified and must be good here before the body is read, so that strangers cannot make a server read;
    /// only a verifier that needs the operation has the body read before it.
    private static func decide(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        _ now: () -> NumericDate,
        _ trace: inout DecisionTrace?,
        _ isInBody: Bool,
        _ readOperation: () async throws -> Checked<RequestOperation>
    ) async rethrows -> Decision {
        var request = request
        let isReadFirst = isInBody && resource.needsOperation && request.hasToken
        if isReadFirst {
            switch try await readOperation() {
            case .passed(let operation): request = request.asking(for: operation)
            case .denied(let denial): return .deny(denial)
            }
        }
        let token: VerifiedToken
        switch await verify(request, at: resource, now: now(), trace: &trace) {
        case .passed(let verified): token = verified
        case .denied(let denial): return .deny(denial)
        }
        if isInBody && !isReadFirst {
            if let denial = MandatoryChecks.denial(of: token, at: resource, now: now()) {
                return .deny(denial.about(token.verified.facts, name(of: request)))
            }
            switch try await readOperation() {
            case .passed(let operation): request = request.asking(for: operation)
            case .denied(let denial): return .deny(denial.about(token.verified.facts, name(of: request)))
            }
        }
        return decide(request, token, at: resource, now: now(), trace: &trace)
    }

    /// Verifies the token of a request and normalises what it says, before anything is known of the operation.
    private static func verify(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Checked<VerifiedToken> {
        switch request.credentials {
        case .bearer(let token):
            await VerifierChain.verify(token, of: request, for: resource, now: now, trace: &trace)
        case .none: .denied(noCredentials(resource, request))
        case .malformed: .denied(malformedCredentials(resource))
        }
    }

    /// Decides what the caller may do: the mandatory checks, then the policy.
    private static func decide(
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
            return .deny(denial.about(token.verified.facts, name(of: request)))
        }
        if trace != nil, let dropped = authInfo.droppedByBounds { trace?.record("bounds", "dropped \(dropped)") }

        let answer = evaluate(PolicyInput(authInfo: authInfo, request: request, now: now), resource, &trace)
        let denial: Denial
        switch answer.kind {
        case .allow: return .allow(authInfo)
        case .insufficientScope(let scopes, let rules):
            denial = insufficientScope(scopes, resource, diagnosis("scope `\(scopes)`", request, rules))
        case .insufficientAuthentication(let needed, let rules):
            denial = insufficientAuthentication(
                needed,
                resource,
                diagnosis("a newer or stronger sign-in", request, rules)
            )
        case .deny(let rules):
            denial = Denial(.deniedByPolicy, status: 403, diagnosis: diagnosis("a rule that allows", request, rules))
        }
        return .deny(denial.about(token.verified.facts, name(of: request), rules: answer.kind.rules))
    }

    private static func evaluate(
        _ input: PolicyInput,
        _ resource: ProtectedResource,
        _ trace: inout DecisionTrace?
    ) -> PolicyDecision {
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
        let scopes = resource.policy.scopesToRequest(for: request)
        return Denial(.noCredentials, status: 401, challenge: resource.challenge(nil, scope: scopes))
    }

    private static func malformedCredentials(_ resource: ProtectedResource) -> Denial {
        Denial(.malformedCredentials, status: 400, challenge: resource.challenge(.invalidRequest))
    }

    /// What the policy wanted for the operation, and the rules that were not satisfied.
    private static func diagnosis(
        _ expected: String,
        _ request: ProtectedResourceRequest,
        _ rules: [String]
    ) -> Diagnosis {
        let names = rules.map { "`\($0.printable)`" }.joined(separator: ", ")
        return Diagnosis(
            "the policy",
            expected: "\(expected) for `\(name(of: request))`",
            found: rules.isEmpty ? "no rule for it" : "a refusal by \(names)"
        )
    }

    /// What kind of thing was asked for, for logs.
    ///
    /// Paths, names and URIs are the client's, and may hold what no log should.
    private static func name(of request: ProtectedResourceRequest) -> String {
        guard case .mcp(let messages) = request.operation, let first = messages.first else {
            return request.method.rawValue.printable
        }
        let name =
            switch first {
            case .call(let method, _): method.printable
            default: first.description
            }
        return messages.count > 1 ? "\(name) and \(messages.count - 1) more" : name
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
