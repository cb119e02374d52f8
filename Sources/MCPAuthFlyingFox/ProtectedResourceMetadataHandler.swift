// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
public import FlyingFox
public import MCPAuth
internal import MCPAuthHTTP

extension HTTPServer {
    /// Serves the metadata of every protected resource at its well-known path (RFC 9728 section 3), and answers the preflights
    /// of browsers at the paths of protected resources.
    ///
    /// Call it before routes are added that would match these, and after those that an application has below `/.well-known/`,
    /// where whatever is not there is answered 404 with CORS fields. Routes that are elsewhere than at the path of their
    /// resource must be there for OPTIONS too.
    public func addProtectedResourceMetadata(_ mcpAuth: MCPAuth) {
        appendRoute("*", to: ProtectedResourceMetadataHandler(mcpAuth))
    }
}

/// Serves the metadata of every protected resource (RFC 9728 section 3), and answers what web clients ask before they have a
/// token; every other request is left to the next route.
public struct ProtectedResourceMetadataHandler: HTTPHandler {
    private let mcpAuth: MCPAuth

    /// Serves what `mcpAuth` protects.
    public init(_ mcpAuth: MCPAuth) {
        self.mcpAuth = mcpAuth
    }

    /// Answers a request.
    public func handleRequest(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        let head = request.head
        guard
            let response = mcpAuth.openResponse(to: head) ?? mcpAuth.notFoundResponse(to: head)
        else { throw HTTPUnhandledError() }
        return FlyingFox.HTTPResponse(response)
    }
}
#endif
