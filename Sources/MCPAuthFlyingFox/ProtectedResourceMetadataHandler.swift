// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
public import FlyingFox
public import MCPAuth
internal import MCPAuthHTTP

extension HTTPServer {
    /// Serves the metadata of every protected resource at its well-known path (RFC 9728 section 3), and responds to
    /// preflights of browsers at the paths of protected resources.
    ///
    /// Call it before you add routes that would match these paths, but after the application's routes below
    /// `/.well-known/`, where every other path gets 404 with CORS fields. Routes at other paths than that of their
    /// resource must also accept OPTIONS.
    public func addProtectedResourceMetadata(_ mcpAuth: MCPAuth) {
        appendRoute("*", to: ProtectedResourceMetadataHandler(mcpAuth))
    }
}

/// Serves the metadata of every protected resource (RFC 9728 section 3), and responds to preflights and to other
/// requests below `/.well-known/`; every other request goes to the next route.
public struct ProtectedResourceMetadataHandler: HTTPHandler {
    private let mcpAuth: MCPAuth

    /// Serves the metadata of the resources that `mcpAuth` protects.
    public init(_ mcpAuth: MCPAuth) {
        self.mcpAuth = mcpAuth
    }

    /// Responds to a request.
    ///
    /// - Throws: `HTTPUnhandledError` for requests that the next route must handle.
    public func handleRequest(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        let head = request.head
        guard
            let response = mcpAuth.openResponse(to: head) ?? mcpAuth.notFoundResponse(to: head)
        else { throw HTTPUnhandledError() }
        return FlyingFox.HTTPResponse(response)
    }
}
#endif
