// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore

/// The whole protection of a route, for any HTTP host: request in, either a caller or a finished response out.
///
/// A host adapter converts its own types, calls ``check(_:now:body:)`` before its handler runs and answers what it is
/// given, and calls ``complete(_:answering:)`` on what its handler answers. It decides nothing.
package struct RequestGuard: Sendable {
    package enum Outcome: Sendable {
        /// The handler may run, for this caller.
        case proceed(AuthInfo)
        /// The request is answered; the handler must not run.
        case respond(RenderedResponse, reason: Denial.Reason?)
    }

    /// The body of a request as far as it was read.
    package enum Body: Sendable {
        case bytes([UInt8])
        case tooLarge
        /// It did not come within ``RequestGuard/bodySeconds``.
        case tooLate
    }

    /// How long a host waits for a body, in seconds.
    package let bodySeconds: Double
    private let target: Target
    private let cors: @Sendable () -> CORSSettings
    private let ignoresCase: Bool
    private let report: @Sendable (Denial) -> Void

    private enum Target: Sendable {
        case routed(@Sendable () -> AuthorizationEngine)
        case fixed(@Sendable () -> ProtectedResource?)
    }

    /// Protects every resource of the engine in force; each request is routed by its authority and path.
    ///
    /// - Parameter ignoresCase: Whether the host ignores case in its routes. Then a request for which case would decide which
    ///   resource it belongs to finds none, and rules that deny or require are about paths in any case.
    /// - Parameter report: Takes the refusals of requests that belong to no resource; those of others the resource takes.
    package init(
        routing engine: @escaping @Sendable () -> AuthorizationEngine,
        cors: @escaping @Sendable () -> CORSSettings = { CORSSettings() },
        ignoresCase: Bool = false,
        bodySeconds: Double = 30,
        report: @escaping @Sendable (Denial) -> Void = { _ in }
    ) {
        self.bodySeconds = bodySeconds
        self.report = report
        target = .routed(engine)
        self.cors = cors
        self.ignoresCase = ignoresCase
    }

    /// Protects routes that all belong to one resource, wherever the host mounted them; where it is no longer
    /// configured, nothing is found there.
    package init(
        resource: @escaping @Sendable () -> ProtectedResource?,
        cors: @escaping @Sendable () -> CORSSettings = { CORSSettings() },
        ignoresCase: Bool = false,
        bodySeconds: Double = 30,
        report: @escaping @Sendable (Denial) -> Void = { _ in }
    ) {
        self.bodySeconds = bodySeconds
        self.report = report
        target = .fixed(resource)
        self.cors = cors
        self.ignoresCase = ignoresCase
    }

    /// Checks one request.
    ///
    /// The token is verified and must be good here before the body is read, so that strangers cannot make a server read;
    /// only a verifier that needs the operation has the body read before it.
    ///
    /// - Parameters:
    ///   - now: The clock; read again when a body is here, however long that took.
    ///   - body: Called at most once, and only when the MCP operation is in the body and the request carries
    ///     credentials: collects at most the given number of bytes.
    package func check(
        _ request: HTTPRequest,
        now: () -> NumericDate,
        body: (Int) async throws -> Body
    ) async throws -> Outcome {
        var read = RequestReading.read(request)
        read.ignoresCase = ignoresCase
        let resource: ProtectedResource
        switch route(read) {
        case .passed(let routed): resource = routed
        case .denied(let denial):
            if let preflight = preflight(request) { return preflight }
            report(denial)
            return respond(denial, to: request)
        }
        if let violation = OriginRule.violation(of: request, at: resource) {
            return respond(Denial(.invalidOrigin, status: 403, diagnosis: violation), at: resource, to: request)
        }
        // A preflight carries no credentials by design; what it asks for is judged when it comes.
        if let preflight = preflight(request) { return preflight }
        let isInBody = resource.speaksMCP && MCPMessageReading.needsBody(request.method)
        if !isInBody || (resource.needsOperation && read.hasToken) {
            switch try await readOperation(request, resource, isInBody ? body : { _ in .bytes([]) }) {
            case .passed(let operation): read.operation = operation
            case .denied(let denial): return respond(denial, at: resource, to: request)
            }
        }
        var noTrace: DecisionTrace?
        let token: VerifiedToken
        switch await AuthorizationEngine.verify(read, at: resource, now: now(), trace: &noTrace) {
        case .passed(let verified): token = verified
        case .denied(let denial): return respond(denial, at: resource, to: request)
        }
        if isInBody, !resource.needsOperation {
            if let denial = MandatoryChecks.denial(of: token, at: resource, now: now()) {
                return respond(denial, at: resource, to: request)
            }
            switch try await readOperation(request, resource, body) {
            case .passed(let operation): read.operation = operation
            case .denied(let denial): return respond(denial, at: resource, to: request)
            }
        }
        switch AuthorizationEngine.decide(read.operation, read, token, at: resource, now: now(), trace: &noTrace) {
        case .allow(let authInfo): return .proceed(authInfo)
        case .deny(let denial): return respond(denial, at: resource, to: request)
        }
    }

    private func route(_ request: ProtectedResourceRequest) -> Stage<ProtectedResource> {
        switch target {
        case .routed(let engine): return engine().route(request)
        case .fixed(let resource):
            // The host chose the route; policies still match paths, and must see the one that the host does.
            guard RequestPath.canonical(request.path) != nil else {
                return .denied(ResourceRouter.ambiguous(request.path))
            }
            return resource().map(Stage.passed) ?? .denied(Denial(.noSuchResource, status: 404))
        }
    }

    private func readOperation(
        _ request: HTTPRequest,
        _ resource: ProtectedResource,
        _ body: (Int) async throws -> Body
    ) async throws -> Stage<Operation> {
        guard resource.speaksMCP else { return .passed(.http) }
        guard !MCPMessageReading.needsBody(request.method) || MCPMessageReading.isReadable(request.headerFields) else {
            return .denied(Denial(.unsupportedEncoding, status: 415))
        }
        let bytes: [UInt8]
        switch try await body(MCPMessageReading.maximumBodyBytes) {
        case .bytes(let read): bytes = read
        case .tooLarge: return .denied(Denial(.bodyTooLarge, status: 413))
        case .tooLate: return .denied(Denial(.bodyTooLate, status: 408))
        }
        switch MCPMessageReading.read(request, body: bytes) {
        case .operation(let operation): return .passed(operation)
        case .refused(let reason, let diagnosis): return .denied(Denial(reason, status: 400, diagnosis: diagnosis))
        }
    }

    private func preflight(_ request: HTTPRequest) -> Outcome? {
        cors().preflightResponse(to: request).map { .respond($0, reason: nil) }
    }

    private func respond(_ denial: Denial, at resource: ProtectedResource, to request: HTTPRequest) -> Outcome {
        resource.report(denial)
        return respond(denial, to: request)
    }

    private func respond(_ denial: Denial, to request: HTTPRequest) -> Outcome {
        .respond(ResponseWriting.response(to: denial).answering(request, cors()), reason: denial.reason)
    }

    /// Adds to what a handler answers the fields that let web pages read it.
    package func complete(_ fields: inout HTTPFields, answering request: HTTPRequest) {
        cors().addFields(to: &fields, answering: request)
    }

    /// The answer to a preflight for a path of a protected resource, for hosts that look for a route before they ask a guard
    /// and have none for OPTIONS; `nil` for every other request.
    ///
    /// By path alone: whether the host serves it under this authority is not known here, and a preflight gives nothing away.
    package func preflightResponse(to request: HTTPRequest) -> RenderedResponse? {
        guard case .routed(let engine) = target, CORSSettings.isPreflight(request),
            let path = RequestPath.canonical(RequestReading.path(of: request))
        else { return nil }
        let resources = engine().resources.filter { $0.contains(path) }
        guard !resources.isEmpty else { return nil }
        guard resources.contains(where: { OriginRule.allows(request, at: $0) }) else {
            let violation = resources.first.flatMap { OriginRule.violation(of: request, at: $0) }
            let denial = Denial(.invalidOrigin, status: 403, diagnosis: violation)
            report(denial)
            return ResponseWriting.response(to: denial).answering(request, cors())
        }
        return cors().preflightResponse(to: request)
    }
}

extension ProtectedResource {
    /// Whether a canonical path is that of the resource or below it.
    fileprivate func contains(_ path: String) -> Bool {
        let own = RequestPath.withoutTrailingSlash(RequestPath.canonical(identifier.url.path) ?? identifier.url.path)
        return path.utf8.starts(with: own.utf8)
            && [nil, UInt8(ascii: "/")].contains(path.utf8.dropFirst(own.utf8.count).first)
    }
}

extension ProtectedResourceRequest {
    fileprivate var hasToken: Bool {
        if case .bearer = credentials { return true }
        return false
    }
}
