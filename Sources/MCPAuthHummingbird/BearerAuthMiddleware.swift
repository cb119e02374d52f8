// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP
internal import NIOCore

/// A request context that carries the caller.
public protocol MCPAuthRequestContext: RequestContext {
    /// Set by ``BearerAuthMiddleware``; `nil` on routes without it.
    var authInfo: AuthInfo? { get set }
}

/// The context for an application that does not have its own.
public struct BasicMCPAuthRequestContext: MCPAuthRequestContext {
    /// Required by Hummingbird.
    public var coreContext: CoreRequestContextStorage
    /// The caller; `nil` on routes without ``BearerAuthMiddleware``.
    public var authInfo: AuthInfo?

    /// Creates the context of a request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        authInfo = nil
    }
}

/// Lets only authorized requests reach the handler, and passes the caller to it.
///
/// The caller is in `context.authInfo` and, for code that has no context, in `AuthInfo.current`, also while a body is
/// streamed. A stream ends when the token of its caller expires. The middleware responds to every other request itself.
/// The body of an MCP request is read up to a limit and passed on unchanged; that of a refused request is discarded.
///
/// Hummingbird calls a middleware of a group only when the path has a route for the method. Call
/// `addProtectedResourceMetadata` on the router, so that preflights of browsers get a response.
public struct BearerAuthMiddleware<Context: MCPAuthRequestContext>: RouterMiddleware {
    private let requestGuard: RequestGuard

    /// Protects every resource of `mcpAuth`: each request is routed by its authority and path.
    public init(_ mcpAuth: MCPAuth) {
        requestGuard = mcpAuth.requestGuard()
    }

    /// Protects routes that belong to one resource.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine.
    ///   - resource: The resource identifier.
    ///   - audience: The audiences a token may name on these routes; those of the resource when empty.
    ///   - requiredScopes: Scopes required on these routes, in addition to what the policy of the resource requires.
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
        switch requestGuard.checkAtOnce(request.head) {
        case .proceed(let authInfo): return try await respond(to: request, of: authInfo, context, next)
        case .respond(let response, _): return Response(response, leaving: IncomingBody(of: request))
        case nil: break
        }
        var request = request
        let incoming = IncomingBody(of: request)
        let action = try await requestGuard.check(request.head) { limit in
            let body = try await incoming.collect(upTo: limit, within: requestGuard.bodySeconds)
            if let collected = incoming.collected { request.body = RequestBody(buffer: collected) }
            return body
        }
        switch action {
        case .proceed(let authInfo): return try await respond(to: request, of: authInfo, context, next)
        case .respond(let response, _): return Response(response, leaving: incoming)
        }
    }

    /// Runs the handler for an allowed request.
    private func respond(
        to request: Request,
        of caller: AuthInfo?,
        _ context: Context,
        _ next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var callerContext = context
        callerContext.authInfo = caller
        let context = callerContext
        var response: Response
        var body: ResponseBody?
        do {
            (response, body) = try await AuthInfo.$current.withValue(caller) {
                let response = try await next(request, context)
                return (response, try await response.body.whole())
            }
        } catch is NIOTooManyBytesError {
            response = Response(ResponseWriting.bodyTooLarge)
        } catch let error as any HTTPResponseError {
            throw CompletedError(original: error, requestGuard: requestGuard)
        }
        requestGuard.complete(&response.headers, answering: request.head)
        response.body = body ?? response.body.sent(for: caller, with: response.headers)
        return response
    }
}

/// A handler's error that becomes a response, with the CORS fields added.
private struct CompletedError: HTTPResponseError {
    let original: any HTTPResponseError
    let requestGuard: RequestGuard

    var status: HTTPResponse.Status { original.status }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try original.response(from: request, context: context)
        requestGuard.complete(&response.headers, answering: request.head)
        return response
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
