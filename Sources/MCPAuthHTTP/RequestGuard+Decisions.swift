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
        let request: ProtectedResourceRequest
        let resource: ProtectedResource
        let isOperationInBody: Bool
        /// The refusal of a request from a web page that is not allowed here.
        let refusal: Denial?
        /// When the decision began, if decisions are kept.
        let began: ContinuousClock.Instant?
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
        switch route(request, isBodyKnown) {
        case .passed(let found): routed = found
        case .denied(let denial): return decided(denial, now)
        }
        var operation = routed.request.operation
        let decision: Decision
        if let refusal = routed.refusal {
            decision = .deny(refusal)
        } else {
            decision = try await AuthorizationEngine.authorize(
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
        }
        return decided(decision, routed, operation, now, confirm)
    }

    /// Decides about one request and reports it, if nothing must be waited for; `nil` otherwise, with nothing reported.
    func decideAtOnce(
        _ request: HTTPRequest,
        isBodyKnown: Bool,
        _ now: () -> NumericDate,
        confirm: (AuthInfo?) -> Denial?
    ) -> Decided? {
        guard observer == nil else { return nil }
        let routed: RoutedRequest
        switch route(request, isBodyKnown) {
        case .passed(let found): routed = found
        case .denied(let denial): return decided(denial, now)
        }
        let decision: Decision
        if let refusal = routed.refusal {
            decision = .deny(refusal)
        } else {
            guard !routed.isOperationInBody,
                let found = AuthorizationEngine.authorizeAtOnce(routed.request, at: routed.resource, now: now())
            else { return nil }
            decision = found
        }
        return decided(decision, routed, routed.request.operation, now, confirm)
    }

    /// The canonical form of a request, and its resource.
    private func route(_ request: HTTPRequest, _ isBodyKnown: Bool) -> Checked<RoutedRequest> {
        let (read, resource): (ProtectedResourceRequest, ProtectedResource)
        switch find(request) {
        case .passed(let found): (read, resource) = found
        case .denied(let denial): return .denied(denial)
        }
        let began = resource.keepsDecisions ? ContinuousClock.now : nil
        let violation = OriginRule.violation(of: request, at: resource)
        let isInBody = isBodyKnown && resource.speaksMCP && MCPMessageReading.needsBody(request.method)
        let isKnown = violation == nil && !isInBody
        return .passed(
            RoutedRequest(
                request: isKnown ? read.asking(for: Self.operation(of: request, at: resource, isBodyKnown)) : read,
                resource: resource,
                isOperationInBody: isInBody,
                refusal: violation.map { Denial(.invalidOrigin, status: 403, diagnosis: $0) },
                began: began
            )
        )
    }

    /// The denial of a request that belongs to no resource.
    private func decided(_ denial: Denial, _ now: () -> NumericDate) -> Decided {
        Decided(decision: .deny(denial), id: report(denial, now(), door))
    }

    /// What was decided at a resource, after `confirm`.
    private func decided(
        _ decision: Decision,
        _ routed: RoutedRequest,
        _ operation: RequestOperation,
        _ now: () -> NumericDate,
        _ confirm: (AuthInfo?) -> Denial?
    ) -> Decided {
        var decision = decision
        if case .allow(let caller) = decision, let denial = confirm(caller) { decision = .deny(denial) }
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
