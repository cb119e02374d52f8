// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore

/// The whole protection of a route, for any HTTP host: request in, either a caller or a finished response out.
///
/// A host adapter converts its own types, calls ``check(_:now:body:)`` before its handler runs, and answers what it
/// is given. It decides nothing.
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
    }

    private let target: Target

    private enum Target: Sendable {
        case routed(@Sendable () -> AuthorizationEngine)
        case fixed(@Sendable () -> ProtectedResource?)
    }

    /// Protects every resource of the engine in force; each request is routed by its authority and path.
    package init(routing engine: @escaping @Sendable () -> AuthorizationEngine) {
        target = .routed(engine)
    }

    /// Protects routes that all belong to one resource, wherever the host mounted them; where it is no longer
    /// configured, nothing is found there.
    package init(resource: @escaping @Sendable () -> ProtectedResource?) {
        target = .fixed(resource)
    }

    /// Checks one request.
    ///
    /// - Parameters:
    ///   - now: The clock, read when the body is here, however long that took.
    ///   - body: Called at most once, and only when the MCP operation is in the body and the request carries
    ///     credentials: collects at most the given number of bytes.
    package func check(
        _ request: HTTPRequest,
        now: () -> NumericDate,
        body: (Int) async throws -> Body
    ) async throws -> Outcome {
        if let preflight = ResponseWriting.preflightResponse(to: request) { return .respond(preflight, reason: nil) }
        var read = RequestReading.read(request)
        let resource: ProtectedResource
        switch route(read) {
        case .passed(let routed): resource = routed
        case .denied(let denial): return Self.respond(denial)
        }
        guard OriginRule.allows(request, at: resource) else {
            return Self.respond(Denial(.invalidOrigin, status: 403))
        }
        // Before the token is verified: verify functions may look at the operation, and what was verified must not grow
        // old while a body arrives.
        switch try await readOperation(request, read.credentials, resource, body) {
        case .passed(let operation): read.operation = operation
        case .denied(let denial): return Self.respond(denial)
        }
        var noTrace: DecisionTrace?
        switch await AuthorizationEngine.authorize(read, at: resource, now: now(), trace: &noTrace) {
        case .allow(let authInfo): return .proceed(authInfo)
        case .deny(let denial):
            resource.report(denial)
            return Self.respond(denial)
        }
    }

    private func route(_ request: ProtectedResourceRequest) -> Stage<ProtectedResource> {
        switch target {
        case .routed(let engine): return engine().route(request)
        case .fixed(let resource):
            // The host chose the route; policies still match paths, and must see the one that the host does.
            guard RequestPath.canonical(request.path) != nil else {
                return .denied(Denial(.ambiguousTarget, status: 400))
            }
            return resource().map(Stage.passed) ?? .denied(Denial(.noSuchResource, status: 404))
        }
    }

    private func readOperation(
        _ request: HTTPRequest,
        _ credentials: ProtectedResourceRequest.Credentials,
        _ resource: ProtectedResource,
        _ body: (Int) async throws -> Body
    ) async throws -> Stage<Operation> {
        guard resource.speaksMCP else { return .passed(.http) }
        var bytes: [UInt8] = []
        if MCPMessageReading.needsBody(request.method) {
            // Without credentials the answer is 401 whatever the body says, so it is not read.
            guard case .bearer = credentials else { return .passed(.unknown) }
            guard case .bytes(let read) = try await body(MCPMessageReading.maximumBodyBytes) else {
                return .denied(Denial(.bodyTooLarge, status: 413))
            }
            bytes = read
        }
        switch MCPMessageReading.read(request, body: bytes) {
        case .operation(let operation): return .passed(operation)
        case .headerMismatch: return .denied(Denial(.headerMismatch, status: 400))
        }
    }

    private static func respond(_ denial: Denial) -> Outcome {
        .respond(ResponseWriting.response(to: denial), reason: denial.reason)
    }
}
