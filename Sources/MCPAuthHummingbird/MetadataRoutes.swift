// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP

extension RouterMethods {
    /// Serves the metadata of every protected resource at its well-known path (RFC 9728 section 3), and answers the preflights
    /// of browsers at the paths of protected resources.
    ///
    /// Call it on the router itself, outside any group and before any authorization or route: Hummingbird has no route for a
    /// preflight of a path that only has one for GET, say. It answers 404 with CORS fields where a web client looks below
    /// `/.well-known/` for what is not there. Routes that are mounted elsewhere than at the path of their resource need an
    /// OPTIONS route of their own.
    @discardableResult
    public func addProtectedResourceMetadata(_ mcpAuth: MCPAuth) -> Self {
        _ = add(middleware: OpenEndpointsMiddleware<Context>(mcpAuth: mcpAuth))
        // In a group a middleware is asked only where there is a route.
        let wellKnown = ResourceIdentifier.wellKnownPath
        for path in [wellKnown, wellKnown + "/**"] {
            for method in [HTTPRequest.Method.get, .head, .options, .post, .put, .patch, .delete] {
                on(RouterPath(path), method: method) { _, _ -> Response in throw HTTPError(.notFound) }
            }
        }
        return self
    }
}

/// Answers what anybody may ask and no route is for.
private struct OpenEndpointsMiddleware<Context: RequestContext>: RouterMiddleware {
    let mcpAuth: MCPAuth

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let response = mcpAuth.openResponse(to: request.head) { return Response(response) }
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard error.body == nil, let response = mcpAuth.notFoundResponse(to: request.head) else { throw error }
            return Response(response)
        }
    }
}
#endif
