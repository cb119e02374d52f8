// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes

/// Decides about requests: who is calling, and whether the caller may do what the request wants.
///
/// An instance finds the resource of a request; the decision needs only that resource. Immutable. It does not read the
/// clock, files or the network; verifiers do. A class, so that a request that uses it copies one reference.
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
    ///   - now: The clock; it is read again after the body was read, because that can take long.
    ///   - trace: Records how the decision was made; `nil` to record nothing.
    ///   - isInBody: Whether the operation is known only from the body.
    ///   - readOperation: Reads the operation from the body, up to the given number of bytes, or returns a denial if it
    ///     cannot be known. Called at most once, and only for a request with a token or at a resource whose policy may
    ///     allow anyone.
    /// - Throws: What `readOperation` throws.
    package static func authorize(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: () -> NumericDate,
        trace: inout DecisionTrace?,
        isInBody: Bool,
        readOperation: (_ mostBytes: Int) async throws -> Checked<RequestOperation>
    ) async rethrows -> Decision {
        trace?.begin(request, at: resource)
        let decision = try await runStages(request, at: resource, now, &trace, isInBody, readOperation)
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
            readOperation: { _ in .passed(request.operation) }
        )
    }

    /// Decides about a request whose operation is known, if nothing must be waited for.
    ///
    /// - Returns: `nil` if a verifier must be asked; ``authorize(_:at:now:trace:)`` then decides.
    package static func authorizeAtOnce(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate
    ) -> Decision? {
        var noTrace: DecisionTrace?
        if case .none = request.credentials, resource.policy.mayAllowAnyone {
            return decideWithoutToken(request, at: resource, now: now, trace: &noTrace)
        }
        switch token(of: request, at: resource) {
        case .denied(let denial): return .deny(denial)
        case .passed(let token):
            return VerifierChain.remembered(token, for: resource, now: now).map {
                checkAndEvaluate(request, $0, at: resource, now: now, trace: &noTrace)
            }
        }
    }

    /// Runs all stages of a request.
    ///
    /// The token is verified and must pass the mandatory checks before the body is read, so that clients without a
    /// valid token cannot make a server read bodies. Only if a verifier needs the operation is the body read first.
    private static func runStages(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        _ now: () -> NumericDate,
        _ trace: inout DecisionTrace?,
        _ isInBody: Bool,
        _ readOperation: (_ mostBytes: Int) async throws -> Checked<RequestOperation>
    ) async rethrows -> Decision {
        if case .none = request.credentials, resource.policy.mayAllowAnyone {
            return try await decideWithoutToken(request, at: resource, now, &trace, isInBody, readOperation)
        }
        var request = request
        let isReadFirst = isInBody && resource.verification.needsOperation && request.hasToken
        if isReadFirst {
            switch try await readOperation(ProtectedResource.bodyBytes) {
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
                return .deny(denial.about(token.verified.facts, request.operationName))
            }
            switch try await readOperation(ProtectedResource.bodyBytes) {
            case .passed(let operation): request = request.asking(for: operation)
            case .denied(let denial): return .deny(denial.about(token.verified.facts, request.operationName))
            }
        }
        return checkAndEvaluate(request, token, at: resource, now: now(), trace: &trace)
    }

    /// Decides about a request without credentials, at a resource whose policy may allow anyone.
    ///
    /// Everything but an allow is a challenge: a client with a token may send what is refused here. Only a body that did
    /// not arrive in time ends the request.
    private static func decideWithoutToken(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        _ now: () -> NumericDate,
        _ trace: inout DecisionTrace?,
        _ isInBody: Bool,
        _ readOperation: (_ mostBytes: Int) async throws -> Checked<RequestOperation>
    ) async rethrows -> Decision {
        var request = request
        if isInBody {
            switch try await readOperation(resource.bodyBytesWithoutToken) {
            case .passed(let operation): request = request.asking(for: operation)
            case .denied(let denial) where denial.reason == .bodyTooLate: return .deny(denial)
            case .denied(let denial): return .deny(noCredentials(resource, request, denial.diagnosis))
            }
        }
        return decideWithoutToken(request, at: resource, now: now(), trace: &trace)
    }

    /// Decides about a request without credentials whose operation is known.
    private static func decideWithoutToken(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) -> Decision {
        let answer = evaluate(PolicyInput(authInfo: nil, request: request, now: now), resource, &trace)
        if case .allow = answer.kind { return .allow(nil) }
        let denial = noCredentials(resource, request, diagnosis("a token", request, answer.kind.rules))
        return .deny(denial.about(nil, request.operationName, rules: answer.kind.rules))
    }

    /// Verifies the token of a request and normalises its claims.
    private static func verify(
        _ request: ProtectedResourceRequest,
        at resource: ProtectedResource,
        now: NumericDate,
        trace: inout DecisionTrace?
    ) async -> Checked<VerifiedToken> {
        switch token(of: request, at: resource) {
        case .denied(let denial): .denied(denial)
        case .passed(let token):
            await VerifierChain.verify(token, of: request, for: resource, now: now, trace: &trace)
        }
    }

    /// The token of a request, or the denial of one that has none.
    private static func token(
        of request: ProtectedResourceRequest,
        at resource: ProtectedResource
    ) -> Checked<AccessToken> {
        switch request.credentials {
        case .bearer(let token): .passed(token)
        case .none, .otherScheme: .denied(noCredentials(resource, request))
        case .malformed: .denied(malformedCredentials(resource))
        }
    }

    /// Decides what the caller may do: the mandatory checks, then the policy.
    private static func checkAndEvaluate(
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
            return .deny(denial.about(token.verified.facts, request.operationName))
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
            let expected = rules.isEmpty ? "an allow rule" : "no rule that denies it"
            denial = Denial(.deniedByPolicy, status: 403, diagnosis: diagnosis(expected, request, rules))
        }
        return .deny(denial.about(token.verified.facts, request.operationName, rules: answer.kind.rules))
    }

    private static func evaluate(
        _ input: PolicyInput,
        _ resource: ProtectedResource,
        _ trace: inout DecisionTrace?
    ) -> PolicyDecision {
        guard let explained = trace else {
            resource.record(input)
            let answer = resource.policy.evaluate(input)
            if !answer.wouldDeny.isEmpty { resource.report(wouldDeny: answer.wouldDeny) }
            return answer
        }
        let explanation = resource.policy.explain(input, revealingClaims: explained.revealsClaims)
        trace?.record(explanation)
        return explanation.answer
    }

    /// A challenge without an error code, because the client sent no credentials (RFC 6750 section 3.1).
    private static func noCredentials(
        _ resource: ProtectedResource,
        _ request: ProtectedResourceRequest,
        _ diagnosis: Diagnosis? = nil
    ) -> Denial {
        let challenge = resource.challenge(nil, scope: resource.policy.scopesToRequest(for: request))
        return Denial(.noCredentials, status: 401, challenge: challenge, diagnosis: diagnosis)
    }

    private static func malformedCredentials(_ resource: ProtectedResource) -> Denial {
        Denial(.malformedCredentials, status: 400, challenge: resource.challenge(.invalidRequest))
    }

    /// What the policy requires for the operation, and the rules that refused it.
    private static func diagnosis(
        _ expected: String,
        _ request: ProtectedResourceRequest,
        _ rules: [String]
    ) -> Diagnosis {
        let names = rules.map { "`\($0.printable)`" }.joined(separator: ", ")
        return Diagnosis(
            "the policy",
            expected: "\(expected) for `\(request.operationName)`",
            found: rules.isEmpty ? "no rule that allows it" : "a refusal by \(names)"
        )
    }

    private static func insufficientScope(
        _ scopes: ScopeSet,
        _ resource: ProtectedResource,
        _ diagnosis: Diagnosis
    ) -> Denial {
        let challenge = resource.challenge(.insufficientScope, scope: scopes)
        return Denial(.insufficientScope, status: 403, challenge: challenge, diagnosis: diagnosis)
    }

    /// The token is valid, but the sign-in behind it is too old or too weak (RFC 9470 section 3).
    private static func insufficientAuthentication(
        _ needed: AuthenticationRequirement,
        _ resource: ProtectedResource,
        _ diagnosis: Diagnosis
    ) -> Denial {
        let challenge = resource.challenge(.insufficientUserAuthentication, authentication: needed)
        return Denial(.insufficientAuthentication, status: 401, challenge: challenge, diagnosis: diagnosis)
    }
}
