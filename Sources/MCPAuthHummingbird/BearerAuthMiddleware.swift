// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP
internal import NIOCore

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
/// The caller is in `context.authInfo` and, for code that has no context, in `AuthInfo.current`, also while a body is
/// streamed. A stream ends when the token of its caller does. Every other request is answered here. The body of an MCP
/// request is read up to a bound and handed on unchanged; that of a refused request is not read.
///
/// Hummingbird asks a middleware of a group only where there is a route for the method. So that browsers' preflights are
/// answered, call `addProtectedResourceMetadata` on the router.
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
        let incoming = IncomingBody(of: request)
        let action = try await requestGuard.check(request.head) { limit in
            let body = try await incoming.collect(upTo: limit, within: requestGuard.bodySeconds)
            if let collected = incoming.collected { request.body = RequestBody(buffer: collected) }
            return body
        }
        switch action {
        case .respond(let response, _):
            var answer = Response(response, leaving: incoming)
            if response.closesConnection { answer.headers[.connection] = "close" }
            return answer
        case .proceed(let authInfo):
            var context = context
            context.authInfo = authInfo
            let authorized = (request, context)
            var response: Response
            do {
                response = try await AuthInfo.$current.withValue(authInfo) {
                    try await next(authorized.0, authorized.1)
                }
            } catch is NIOTooManyBytesError {
                response = Response(ResponseWriting.bodyTooLarge)
            } catch let error as any HTTPResponseError {
                throw CompletedError(original: error, requestGuard: requestGuard)
            }
            requestGuard.complete(&response.headers, answering: request.head)
            response.body = try await response.body.sent(
                for: authInfo,
                life: ResponseLife(of: authInfo),
                canEndEarly: ResponseLife.canEndEarly(contentType: response.headers[.contentType])
            )
            return response
        }
    }
}

/// What a handler throws to be answered, with the fields that let web pages read it.
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
