// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP

extension RouterMethods {
    /// Serves the metadata of every protected resource at its well-known path (RFC 9728 section 3), and responds to
    /// preflights of browsers at the paths of protected resources.
    ///
    /// Call it on the router itself, not on a group, and before you add authorization or routes: Hummingbird has no
    /// route for a preflight of a path that, for example, only has a GET route. Below `/.well-known/`, a path without a
    /// route gets 404 with CORS fields. Routes at other paths than that of their resource need their own OPTIONS route.
    @discardableResult
    public func addProtectedResourceMetadata(_ mcpAuth: MCPAuth) -> Self {
        _ = add(middleware: OpenEndpointsMiddleware<Context>(mcpAuth: mcpAuth))
        // In a group, a middleware is called only when the path has a route.
        let wellKnown = ResourceIdentifier.wellKnownPath
        for path in [wellKnown, wellKnown + "/**"] {
            for method in [HTTPRequest.Method.get, .head, .options, .post, .put, .patch, .delete] {
                on(RouterPath(path), method: method) { _, _ -> Response in throw HTTPError(.notFound) }
            }
        }
        return self
    }
}

/// Responds to requests that need no token, and below `/.well-known/` to requests without a route.
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
