// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore

/// The way of a request to its decision: read it, find its resource, ask the engine, report.
extension RequestGuard {
    /// A decision, the resource of the request if it belongs to one, and the id under which the decision is kept.
    struct Decided {
        var decision: Decision
        var resource: ProtectedResource?
        var id: DecisionID?
    }

    /// A request whose resource is known.
    private struct RoutedRequest {
        /// With its operation, unless that is in the body.
        var request: ProtectedResourceRequest
        let resource: ProtectedResource
        let isOperationInBody: Bool
        /// When the decision began, if decisions are kept.
        let began: ContinuousClock.Instant?
    }

    /// What is known of a request before its credentials are looked at.
    private enum Beginning {
        /// Nothing more is needed; the refusal is reported.
        case refused(Decided)
        case routed(RoutedRequest)
    }

    /// Decides about one request.
    ///
    /// Denials are reported.
    package func decide(
        _ request: HTTPRequest,
        now: () -> NumericDate,
        trace: inout DecisionTrace?,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decision {
        try await decideAtResource(request, now: now, trace: &trace, body: body).decision
    }

    /// Decides about one request, and reports it.
    ///
    /// - Parameters:
    ///   - isBodyKnown: False if a proxy keeps the body, so that only fields can tell the operation.
    ///   - confirm: May still refuse an allowed request.
    func decideAtResource(
        _ request: HTTPRequest,
        isBodyKnown: Bool = true,
        now: () -> NumericDate,
        trace: inout DecisionTrace?,
        confirm: (AuthInfo?) -> Denial? = { _ in nil },
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decided {
        guard let observer else {
            return try await decideUnobserved(request, isBodyKnown, now, &trace, confirm, body)
        }
        return try await observer.observe(request) {
            try await decideUnobserved(request, isBodyKnown, now, &trace, confirm, body)
        }
    }

    private func decideUnobserved(
        _ request: HTTPRequest,
        _ isBodyKnown: Bool,
        _ now: () -> NumericDate,
        _ trace: inout DecisionTrace?,
        _ confirm: (AuthInfo?) -> Denial?,
        _ body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decided {
        let routed: RoutedRequest
        switch begin(request, isBodyKnown, now) {
        case .routed(let found): routed = found
        case .refused(let decided): return decided
        }
        var operation = routed.request.operation
        let decision = try await AuthorizationEngine.authorize(
            routed.request,
            at: routed.resource,
            now: now,
            trace: &trace,
            isInBody: routed.isOperationInBody
        ) { mostBytes in
            let read = try await Self.readOperation(request, mostBytes, body)
            if case .passed(let known) = read { operation = known }
            return read
        }
        return decided(confirmed(decision, confirm), routed, operation, now)
    }

    /// Decides about one request and reports it, if nothing must be waited for; `nil` otherwise, with nothing reported.
    func decideAtOnce(
        _ request: HTTPRequest,
        isBodyKnown: Bool,
        _ now: () -> NumericDate,
        confirm: (AuthInfo?) -> Denial?
    ) -> Decided? {
        guard observer == nil else { return nil }
        switch begin(request, isBodyKnown, now) {
        case .refused(let decided): return decided
        case .routed(let routed):
            guard !routed.isOperationInBody,
                let decision = AuthorizationEngine.authorizeAtOnce(routed.request, at: routed.resource, now: now())
            else { return nil }
            return decided(confirmed(decision, confirm), routed, routed.request.operation, now)
        }
    }

    /// Reads a request, finds its resource, and refuses it if it comes from a web page that is not allowed there.
    private func begin(_ request: HTTPRequest, _ isBodyKnown: Bool, _ now: () -> NumericDate) -> Beginning {
        let (read, resource): (ProtectedResourceRequest, ProtectedResource)
        switch find(request) {
        case .passed(let found): (read, resource) = found
        case .denied(let denial):
            return .refused(Decided(decision: .deny(denial), id: report(denial, now(), door)))
        }
        let began = resource.keepsDecisions ? ContinuousClock.now : nil
        let isInBody = isBodyKnown && resource.speaksMCP && MCPMessageReading.needsBody(request.method)
        var routed = RoutedRequest(request: read, resource: resource, isOperationInBody: isInBody, began: began)
        if let violation = OriginRule.violation(of: request, at: resource) {
            let denial = Denial(.invalidOrigin, status: 403, diagnosis: violation)
            return .refused(decided(.deny(denial), routed, .unknown, now))
        }
        if !isInBody { routed.request = read.asking(for: Self.operation(of: request, at: resource, isBodyKnown)) }
        return .routed(routed)
    }

    /// A decision that may still become a refusal.
    private func confirmed(_ decision: Decision, _ confirm: (AuthInfo?) -> Denial?) -> Decision {
        guard case .allow(let caller) = decision, let denial = confirm(caller) else { return decision }
        return .deny(denial)
    }

    /// Reports what was decided at a resource.
    private func decided(
        _ decision: Decision,
        _ routed: RoutedRequest,
        _ operation: RequestOperation,
        _ now: () -> NumericDate
    ) -> Decided {
        let id = routed.resource.report(
            decision,
            about: operation.name(routed.request.method),
            time: now(),
            seconds: routed.began.map { $0.duration(to: .now).inSeconds },
            door: door
        )
        return Decided(decision: decision, resource: routed.resource, id: id)
    }

    /// The request in its canonical form, and the resource it belongs to.
    func find(_ request: HTTPRequest) -> Checked<(ProtectedResourceRequest, ProtectedResource)> {
        switch RequestReading.read(request, ignoresCase: ignoresCase) {
        case .denied(let denial): .denied(denial)
        case .passed(let read):
            switch route(read) {
            case .denied(let denial): .denied(denial)
            case .passed(let resource): .passed((RequestReading.reread(read, for: resource), resource))
            }
        }
    }

    private func route(_ request: ProtectedResourceRequest) -> Checked<ProtectedResource> {
        switch target {
        case .routed(let engine): engine().route(request)
        case .fixed(let resource): resource().map(Checked.passed) ?? .denied(Denial(.noSuchResource, status: 404))
        }
    }

    /// The operation of a request whose body is not needed, or not known.
    private static func operation(
        of request: HTTPRequest,
        at resource: ProtectedResource,
        _ isBodyKnown: Bool
    ) -> RequestOperation {
        guard resource.speaksMCP else { return .http }
        return isBodyKnown || !resource.upstreamValidatesMCPFields
            ? MCPMessageReading.operation(of: request.method) : MCPMessageReading.operation(ofFields: request)
    }

    private static func readOperation(
        _ request: HTTPRequest,
        _ mostBytes: Int,
        _ body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Checked<RequestOperation> {
        guard MCPMessageReading.isReadable(request.headerFields) else {
            return .denied(Denial(.unsupportedEncoding, status: 415))
        }
        let bytes: [UInt8]
        switch try await body(mostBytes) {
        case .bytes(let read): bytes = read
        case .tooLarge: return .denied(Denial(.bodyTooLarge, status: 413))
        case .tooLate: return .denied(Denial(.bodyTooLate, status: 408))
        }
        switch MCPMessageReading.read(request, body: bytes) {
        case .operation(let operation): return .passed(operation)
        case .refused(let reason, let diagnosis): return .denied(Denial(reason, status: 400, diagnosis: diagnosis))
        }
    }
}
