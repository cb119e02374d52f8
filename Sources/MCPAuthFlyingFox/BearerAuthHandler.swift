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
/// The caller is in `AuthInfo.current` while the handler runs and while the body that it returned is sent. A stream ends when
/// the token of its caller does. Every other request is answered here.
///
/// FlyingFox keeps the last of several fields of one name before a handler sees them, so two `Authorization` fields
/// cannot be told from one on this host; two credentials in one field are refused as everywhere. It reads a body of up to
/// `sharedRequestReplaySize` bytes into memory before it sends any answer, and leaves the rest of a longer one in the
/// connection, which is closed after a refusal for that reason.
///
/// Its routes ignore case. So rules that deny or require are about a path in any case here, rules that allow about the one
/// that they name, and a request for which case would decide which resource it belongs to is not found.
///
/// Give it a route for every method, or call `addProtectedResourceMetadata` on the server first: browsers send preflights.
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
    ///   - resource: The resource identifier.
    ///   - audience: The audiences a token may name here; those of the resource when empty.
    ///   - requiredScopes: Scopes needed here beside what the policy of the resource says.
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

    /// Answers a request.
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
    /// The request in the types that all hosts share; the target is as received.
    var head: HTTPTypes.HTTPRequest {
        let method = HTTPTypes.HTTPRequest.Method(method.rawValue) ?? .trace
        var fields = HTTPFields()
        for (header, value) in headers {
            if let name = HTTPField.Name(header.rawValue) { fields.append(HTTPField(name: name, value: value)) }
        }
        return HTTPTypes.HTTPRequest(
            method: method,
            scheme: "http",
            authority: headers[.host],
            path: target.rawValue,
            headerFields: fields
        )
    }
}

extension FlyingFox.HTTPResponse {
    init(_ rendered: RenderedResponse) {
        self.init(rendered, body: HTTPBodySequence(data: Data(rendered.body)))
    }

    /// The answer to a request that is refused, whose body has not been read, or not to its end.
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

    /// Adds the fields that let web pages read what a handler answers.
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
