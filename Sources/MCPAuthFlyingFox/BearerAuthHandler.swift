// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
public import FlyingFox
internal import Foundation
internal import HTTPTypes
public import MCPAuth
internal import MCPAuthHTTP

/// Wraps a FlyingFox handler so that only authorized requests reach it.
///
/// The caller is in `AuthInfo.current` while the handler runs and while the body that it returned is sent. A stream
/// ends when the token of its caller expires. This handler responds to every other request itself.
///
/// FlyingFox passes on only the last of several fields with the same name, so two `Authorization` fields cannot be
/// detected on this host; two credentials in one field are refused as on every host. It reads a body of up to
/// `sharedRequestReplaySize` bytes into memory before it sends a response. The rest of a longer body stays in the
/// connection, which is therefore closed after a refusal.
///
/// The routes of FlyingFox ignore case. So on this host, rules that deny or require match a path in any case, rules
/// that allow match only the path that they name, and a request whose resource depends on case gets 404.
///
/// Give it a route for every method, or call `addProtectedResourceMetadata` on the server first, so that preflights of
/// browsers get a response.
public struct BearerAuthHandler: HTTPHandler {
    private let requestGuard: RequestGuard
    private let handler: any HTTPHandler

    /// Protects every resource of `mcpAuth`: each request is routed by its authority and path.
    public init(_ mcpAuth: MCPAuth, protecting handler: any HTTPHandler) {
        requestGuard = mcpAuth.requestGuard(ignoringCase: true)
        self.handler = handler
    }

    /// Protects a handler that belongs to one resource.
    ///
    /// - Parameters:
    ///   - mcpAuth: The engine.
    ///   - resource: The resource identifier.
    ///   - audience: The audiences a token may name here; those of the resource when empty.
    ///   - requiredScopes: Scopes required here, in addition to what the policy of the resource requires.
    ///   - handler: Handles allowed requests.
    /// - Throws: `ConfigurationError` when there is no such resource.
    public init(
        _ mcpAuth: MCPAuth,
        resource: String,
        audience: [String] = [],
        requiredScopes: [String] = [],
        protecting handler: any HTTPHandler
    ) throws {
        requestGuard = try mcpAuth.requestGuard(
            resource: resource,
            audience: audience,
            requiredScopes: requiredScopes,
            ignoringCase: true
        )
        self.handler = handler
    }

    /// Checks a request, and runs the wrapped handler only if it is allowed.
    public func handleRequest(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        var request = request
        let head = request.head
        let incoming = IncomingBody(request.bodySequence)
        let action = try await requestGuard.check(head) { limit in
            guard let bytes = try await incoming.collect(upTo: limit) else { return .tooLarge }
            request.setBodyData(Data(bytes))
            return .bytes(bytes)
        }
        switch action {
        case .respond(let response, _):
            return FlyingFox.HTTPResponse(response, leaving: incoming)
        case .proceed(let authInfo):
            let authorized = request
            var response = try await AuthInfo.$current.withValue(authInfo) {
                try await handler.handleRequest(authorized)
            }
            response.addCORS(requestGuard, answering: head)
            response.payload = response.payload.sent(
                for: authInfo,
                life: ResponseLife(of: authInfo),
                canEndEarly: ResponseLife.canEndEarly(contentType: response.headers[.contentType])
            )
            return response
        }
    }
}

extension FlyingFox.HTTPRequest {
    /// The request in the types that all hosts share; the target is unchanged.
    var head: HTTPTypes.HTTPRequest {
        let method = HTTPTypes.HTTPRequest.Method(method.rawValue) ?? .trace
        var fields = HTTPFields()
        for (header, value) in headers {
            if let name = HTTPField.Name(header.rawValue) { fields.append(HTTPField(name: name, value: value)) }
        }
        var head = HTTPTypes.HTTPRequest(
            method: method,
            scheme: "http",
            authority: headers[.host],
            path: target.rawValue,
            headerFields: fields
        )
        // These types change a text with control characters. The guard must not decide about another target than the one
        // that the route sees, so it gets none, and refuses.
        if !(head.path ?? "").utf8.elementsEqual(target.rawValue.utf8) { head.path = nil }
        return head
    }
}

extension FlyingFox.HTTPResponse {
    init(_ rendered: RenderedResponse) {
        self.init(rendered, body: HTTPBodySequence(data: Data(rendered.body)))
    }

    /// The response to a refused request whose body has not been read completely.
    fileprivate init(_ rendered: RenderedResponse, leaving incoming: IncomingBody) {
        guard incoming.hasRest else {
            self.init(rendered)
            return
        }
        let body = ClosingBody(bytes: rendered.body, incoming: incoming)
        self.init(rendered, body: HTTPBodySequence(from: body, count: rendered.body.count))
        headers[.connection] = "close"
    }

    private init(_ rendered: RenderedResponse, body: HTTPBodySequence) {
        var headers = HTTPHeaders()
        for field in rendered.head.headerFields { headers.addValue(field.value, for: HTTPHeader(field.name.rawName)) }
        self.init(
            statusCode: HTTPStatusCode(rendered.head.status.code, phrase: rendered.head.status.reasonPhrase),
            headers: headers,
            body: body
        )
    }

    /// Adds the CORS fields to the response of a handler.
    fileprivate mutating func addCORS(_ requestGuard: RequestGuard, answering request: HTTPTypes.HTTPRequest) {
        var fields = HTTPFields()
        let names: [HTTPField.Name] = [.accessControlAllowOrigin, .accessControlExposeHeaders, .vary]
        for name in names { fields[values: name] = headers.values(for: HTTPHeader(name.rawName)) }
        requestGuard.complete(&fields, answering: request)
        for name in names where !fields[values: name].isEmpty {
            headers.setValues(fields[values: name], for: HTTPHeader(name.rawName))
        }
    }
}
#endif
