// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
public import Hummingbird
public import MCPAuth
internal import MCPAuthHTTP

extension RouterMethods {
    /// Serves the metadata of every protected resource at its well-known path (RFC 9728 section 3).
    ///
    /// Call it on the router itself, outside any group and before any authorization.
    @discardableResult
    public func addProtectedResourceMetadata(_ mcpAuth: MCPAuth) -> Self {
        let wellKnown = ResourceIdentifier.wellKnownPath
        for path in [wellKnown, wellKnown + "/**"] {
            for method in [HTTPRequest.Method.get, .head, .options, .post, .put, .patch, .delete] {
                on(RouterPath(path), method: method) { request, _ in
                    guard let response = mcpAuth.metadataEndpoint.response(to: request.head) else {
                        throw HTTPError(.notFound)
                    }
                    return Response(response)
                }
            }
        }
        return self
    }
}
#endif
