// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON

/// The response of `mcp-auth serve` to an allowed request of a client: the caller, as JSON.
struct WhoIsCalling: Sendable {
    let mcpAuth: MCPAuth
    let onEvent: EngineEventHandler

    func response(to request: HTTPRequest, of caller: AuthInfo?) -> RenderedResponse {
        // The guard found it too; a reload may have removed it since.
        guard let resource = mcpAuth.resource(of: request) else {
            return ResponseWriting.error(.notFound, "not_found", "there is no such resource")
        }
        if let field = Self.proxyFields.first(where: { request.headerFields.contains($0) }) {
            let message =
                "`\(resource.identifier)`: the field `\(field)` is from a proxy that asks about another request, but "
                + "this is not a forward-auth endpoint; it must ask at a listener in `forward_auth`"
            onEvent(EngineEvent(.warning, .requestDenied, message))
            return ResponseWriting.error(.forbidden, "access_denied", "this is not a forward-auth endpoint")
        }
        if request.method != .post, resource.speaksMCP {
            let response = ResponseWriting.error(
                .methodNotAllowed,
                "method_not_allowed",
                "there is no event stream here"
            )
            var head = response.head
            head.headerFields[.allow] = "POST, OPTIONS"
            return RenderedResponse(head: head, body: response.body)
        }
        return ResponseWriting.json(.ok, .object(Self.members(caller, resource)))
    }

    private static func members(_ caller: AuthInfo?, _ resource: ProtectedResource) -> [String: JSON] {
        var members: [String: JSON] = ["decision": "allow", "resource": .string(resource.identifier.description)]
        if let caller {
            members["issuer"] = .string(caller.issuer.description)
            members["scope"] = .string(caller.scopes.description)
            members["sub"] = caller.subject.map(JSON.string)
            members["client_id"] = caller.clientID.map(JSON.string)
        }
        return members
    }

    /// Fields of requests with which proxies ask whether another request may pass.
    ///
    /// Such a request lacks the method and the body of the other one, so allowing it would allow anything.
    private static let proxyFields = [
        "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Uri",
        "X-Auth-Request-Redirect",
    ].compactMap { HTTPField.Name($0) }
}
