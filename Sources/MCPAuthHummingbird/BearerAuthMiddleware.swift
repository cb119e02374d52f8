// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP

/// A request context that carries who is calling.
public protocol MCPAuthRequestContext: RequestContext {
    /// Set by ``BearerAuthMiddleware``; `nil` on routes without it.
    var authInfo: AuthInfo? { get set }
}

/// The context to use when an application has none of its own.
public struct BasicMCPAuthRequestContext: MCPAuthRequestContext {
    /// What Hummingbird needs of every context.
    public var coreContext: CoreRequestContextStorage
    /// Who is calling, where the route is protected.
    public var authInfo: AuthInfo?

    /// Begins a request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        authInfo = nil
    }
}

/// Lets only authorized requests through, and gives the handler who is calling.
///
/// The caller is in `context.authInfo` and, for code that has no context, in `AuthInfo.current`. Every other request
/// is answered here. The body of an MCP request is read up to a bound and handed on unchanged.
public struct BearerAuthMiddleware<Context: MCPAuthRequestContext>: RouterMiddleware {
    private let requestGuard: RequestGuard

    /// Protects every resource of `mcpAuth`: each request is routed by its authority and path.
    public init(_ mcpAuth: MCPAuth) {
        requestGuard = mcpAuth.requestGuard()
    }

    /// Protects routes that belong to one resource.
    ///
    /// - Parameters:
    ///   - resource: The resource identifier.
    ///   - audience: The audiences a token may name on these routes; those of the resource when empty.
    ///   - requiredScopes: Scopes needed on these routes beside what the policy of the resource says.
    /// - Throws: `ConfigurationError` when there is no such resource.
    public init(_ mcpAuth: MCPAuth, resource: String, audience: [String] = [], requiredScopes: [String] = []) throws {
        requestGuard = try mcpAuth.requestGuard(resource: resource, audience: audience, requiredScopes: requiredScopes)
    }

    /// Checks a request, and runs the handler only if it is allowed.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var request = request
        let outcome = try await requestGuard.check(request.head, now: NumericDate.now) { limit in
            do {
                return .bytes(Array(try await request.collectBody(upTo: limit).readableBytesView))
            } catch let error as HTTPError where error.status == .contentTooLarge {
                return .tooLarge
            }
        }
        switch outcome {
        case .respond(let response, _):
            return Response(response)
        case .proceed(let authInfo):
            var context = context
            context.authInfo = authInfo
            let authorized = (request, context)
            var response = try await AuthInfo.$current.withValue(authInfo) {
                try await next(authorized.0, authorized.1)
            }
            if response.headers[.accessControlAllowOrigin] == nil { response.headers.addCORS() }
            return response
        }
    }
}

extension Response {
    init(_ rendered: RenderedResponse) {
        self.init(
            status: rendered.head.status,
            headers: rendered.head.headerFields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: rendered.body))
        )
    }
}
#endif
