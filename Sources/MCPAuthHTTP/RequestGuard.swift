// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import MCPAuthCore

/// Protects the routes of any HTTP host: for each request, it returns a caller or a finished response.
///
/// A host adapter converts between the host's types and these types. It calls ``check(_:now:body:)`` before a handler
/// runs, sends the response if there is one, and calls ``complete(_:answering:)`` on the response of the handler. The
/// adapter decides nothing. `docs/write-an-adapter.md` shows one; `HostConformance` in MCPAuthTesting tests it.
public struct RequestGuard: Sendable {
    /// What a host must do with a request.
    public enum Action: Sendable {
        /// The handler may run, for this caller; `nil` for a caller without a token, where the policy allows anyone.
        case proceed(AuthInfo?)
        /// The host must send this response; the handler must not run.
        ///
        /// The reason is for logs; `nil` for a preflight.
        case respond(RenderedResponse, reason: Denial.Reason?)
    }

    /// How long a host waits for a body, in seconds.
    public let bodySeconds: Double
    /// Unless configured otherwise.
    package static let standardBodySeconds = 30.0
    let target: Target
    private let cors: @Sendable () -> CORSSettings
    let ignoresCase: Bool
    let report: DenialReport
    /// Where requests arrive, for ``DecisionRecord``; `nil` for a host in the application.
    package var door: String?
    /// Observes decisions; `nil` for none.
    package var observer: (any DecisionObserver)?

    /// Reports the denial of a request that belongs to no resource, and returns the id under which it is kept.
    package typealias DenialReport = @Sendable (_ denial: Denial, _ time: NumericDate, _ door: String?) -> DecisionID?

    enum Target: Sendable {
        case routed(@Sendable () -> AuthorizationEngine)
        case fixed(@Sendable () -> ProtectedResource?)
    }

    /// Protects every resource of the engine in force; each request is routed by its authority and path.
    ///
    /// - Parameter ignoresCase: Whether the host ignores case in its routes. If so, a request is refused if only case
    ///   decides which resource it belongs to, and rules that deny or require ignore the case of paths.
    /// - Parameter report: Receives the denials of requests that belong to no resource; a resource reports its own
    ///   denials.
    package init(
        routing engine: @escaping @Sendable () -> AuthorizationEngine,
        cors: @escaping @Sendable () -> CORSSettings = { CORSSettings() },
        ignoresCase: Bool = false,
        bodySeconds: Double = standardBodySeconds,
        report: @escaping DenialReport = { _, _, _ in nil }
    ) {
        self.bodySeconds = bodySeconds
        self.report = report
        target = .routed(engine)
        self.cors = cors
        self.ignoresCase = ignoresCase
    }

    /// Protects routes that all belong to one resource, regardless of their paths.
    ///
    /// If the resource is no longer configured, the response is 404.
    package init(
        resource: @escaping @Sendable () -> ProtectedResource?,
        cors: @escaping @Sendable () -> CORSSettings = { CORSSettings() },
        ignoresCase: Bool = false,
        bodySeconds: Double = standardBodySeconds,
        report: @escaping DenialReport = { _, _, _ in nil }
    ) {
        self.bodySeconds = bodySeconds
        self.report = report
        target = .fixed(resource)
        self.cors = cors
        self.ignoresCase = ignoresCase
    }

    /// Decides about one request, and creates the response if it is refused.
    ///
    /// - Parameters:
    ///   - request: With every field as received.
    ///   - now: The clock; it is read again after the body was read, because that can take long.
    ///   - body: Collects the body, up to the given number of bytes. Called at most once, and only if the MCP operation
    ///     is in the body and the request carries a token, or the policy of the resource may allow anyone.
    /// - Throws: What `body` throws.
    public func check(
        _ request: HTTPRequest,
        now: () -> NumericDate = NumericDate.now,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Action {
        if let preflight = preflight(request, now) { return preflight }
        var noTrace: DecisionTrace?
        var received: [UInt8] = []
        let decided = try await decideAtResource(request, now: now, trace: &noTrace) { mostBytes in
            let collected = try await body(mostBytes)
            if case .bytes(let bytes) = collected { received = bytes }
            return collected
        }
        return action(decided, request, body: received)
    }

    private func action(_ decided: Decided, _ request: HTTPRequest, body: [UInt8]) -> Action {
        switch decided.decision {
        case .allow(let authInfo): return .proceed(authInfo)
        case .deny(let denial):
            guard decided.resource?.challengesInToolResult ?? false,
                let response = ToolResultChallenge.response(to: denial, of: request, body: body)
            else { return respond(denial, to: request, decided.id) }
            return .respond(response.naming(decided.id).answering(request, cors()), reason: denial.reason)
        }
    }

    /// Decides about one request, if nothing must be waited for.
    ///
    /// - Returns: `nil` if the body must be read, a verifier be asked, or an observer be told; then
    ///   ``check(_:now:body:)`` decides.
    package func checkAtOnce(_ request: HTTPRequest, now: () -> NumericDate = NumericDate.now) -> Action? {
        if let preflight = preflight(request, now) { return preflight }
        guard let decided = decideAtOnce(request, isBodyKnown: true, now, confirm: { _ in nil }) else { return nil }
        return action(decided, request, body: [])
    }

    /// Decides about a request that a proxy asks about, and creates the response if it is refused.
    ///
    /// A preflight is decided like every other request: what the proxy sends on is not answered here.
    ///
    /// - Parameters:
    ///   - request: The request of the client, not that of the proxy.
    ///   - body: Its whole body; `nil` if the proxy keeps it. The operation of an MCP request is then known only from its
    ///     fields, and only where the server behind the proxy validates them.
    ///   - confirm: May still refuse an allowed request, such as one whose caller cannot be described to the server behind
    ///     the proxy.
    package func check(
        forwarded request: HTTPRequest,
        body: [UInt8]?,
        now: () -> NumericDate = NumericDate.now,
        confirm: (AuthInfo?) -> Denial? = { _ in nil }
    ) async -> ForwardedAction {
        var noTrace: DecisionTrace?
        let decided = await decideAtResource(
            request,
            isBodyKnown: body != nil,
            now: now,
            trace: &noTrace,
            confirm: confirm
        ) { mostBytes in
            guard let body else { return .bytes([]) }
            return body.count > mostBytes ? .tooLarge : .bytes(body)
        }
        return forwardedAction(decided, request)
    }

    /// Decides about a request that a proxy asks about without its body, if nothing must be waited for.
    ///
    /// - Returns: `nil` if more is needed; then ``check(forwarded:body:now:confirm:)`` decides.
    package func checkAtOnce(
        forwarded request: HTTPRequest,
        now: () -> NumericDate,
        confirm: (AuthInfo?) -> Denial?
    ) -> ForwardedAction? {
        decideAtOnce(request, isBodyKnown: false, now, confirm: confirm).map { forwardedAction($0, request) }
    }

    private func forwardedAction(_ decided: Decided, _ request: HTTPRequest) -> ForwardedAction {
        switch decided.decision {
        case .allow(let authInfo): .proceed(authInfo, decided.id)
        case .deny(let denial): .respond(response(to: denial, forwarded: request, decided.id))
        }
    }

    /// What a proxy is told.
    package enum ForwardedAction: Sendable {
        /// The request may pass, for this caller; the id is that under which the decision is kept.
        case proceed(AuthInfo?, DecisionID?)
        /// The client gets this response.
        case respond(RenderedResponse)
    }

    /// The response to a request that is refused for what the proxy sent; the refusal is reported.
    package func refusal(ofForwarded request: HTTPRequest, _ denial: Denial, at time: NumericDate) -> RenderedResponse {
        response(to: denial, forwarded: request, report(denial, time, door))
    }

    /// With a body also for HEAD: the proxy may have asked with another method, and removes it.
    private func response(to denial: Denial, forwarded request: HTTPRequest, _ id: DecisionID?) -> RenderedResponse {
        var request = request
        if request.method == .head { request.method = .get }
        return rendered(denial, to: request, id)
    }

    private func rendered(_ denial: Denial, to request: HTTPRequest, _ id: DecisionID?) -> RenderedResponse {
        ResponseWriting.response(to: denial).naming(id).answering(request, cors())
    }

    /// The response to a preflight, which never carries credentials; the request that follows it is checked when it
    /// arrives.
    private func preflight(_ request: HTTPRequest, _ now: () -> NumericDate) -> Action? {
        guard CORSSettings.isPreflight(request) else { return nil }
        if case .passed((_, let resource)) = find(request),
            let violation = OriginRule.violation(of: request, at: resource)
        {
            let denial = Denial(.invalidOrigin, status: 403, diagnosis: violation)
            return respond(denial, to: request, report(denial, ofPreflightAt: resource, now()))
        }
        return cors().preflightResponse(to: request).map { .respond($0, reason: nil) }
    }

    private func report(
        _ denial: Denial,
        ofPreflightAt resource: ProtectedResource,
        _ time: NumericDate
    ) -> DecisionID? {
        resource.report(.deny(denial), about: HTTPRequest.Method.options.rawValue, time: time, door: door)
    }

    private func respond(_ denial: Denial, to request: HTTPRequest, _ id: DecisionID?) -> Action {
        .respond(rendered(denial, to: request, id), reason: denial.reason)
    }

    /// Adds the CORS fields to the response of a handler, so that web pages can read it.
    public func complete(_ fields: inout HTTPFields, answering request: HTTPRequest) {
        cors().addFields(to: &fields, answering: request)
    }

    /// The response to a preflight for the path of a protected resource; `nil` for every other request.
    ///
    /// For hosts that look for a route before they call a guard, and have no route for OPTIONS. It depends on the path
    /// alone: whether the host serves it under this authority is not known here, and a preflight reveals nothing.
    package func preflightResponse(to request: HTTPRequest) -> RenderedResponse? {
        guard case .routed(let engine) = target, CORSSettings.isPreflight(request),
            let path = RequestPath(RequestReading.path(of: request))
        else { return nil }
        let resources = engine().resources.filter { $0.identifier.path.contains(path) }
        guard !resources.isEmpty else { return nil }
        guard resources.contains(where: { OriginRule.allows(request, at: $0) }) else {
            let violation = resources.first.flatMap { OriginRule.violation(of: request, at: $0) }
            let denial = Denial(.invalidOrigin, status: 403, diagnosis: violation)
            let id = resources.first.flatMap { report(denial, ofPreflightAt: $0, .now()) }
            return rendered(denial, to: request, id)
        }
        return cors().preflightResponse(to: request)
    }
}

/// The result of reading the body of a request.
public enum CollectedBody: Sendable {
    /// The whole body.
    case bytes([UInt8])
    /// The body is longer than the maximum.
    case tooLarge
    /// The body did not arrive in time.
    case tooLate
}
