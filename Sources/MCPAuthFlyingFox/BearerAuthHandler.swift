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
/// The caller is in `AuthInfo.current` while the handler runs. Every other request is answered here.
///
/// FlyingFox keeps the last of several fields of one name before a handler sees them, so two `Authorization` fields
/// cannot be told from one on this host; two credentials in one field are refused as everywhere.
///
/// Its routes ignore case, and policies do not: where rules name paths, let the handler compare the path exactly too.
public struct BearerAuthHandler: HTTPHandler {
    private let requestGuard: RequestGuard
    private let handler: any HTTPHandler

    /// Protects every resource of `mcpAuth`: each request is routed by its authority and path.
    public init(_ mcpAuth: MCPAuth, protecting handler: any HTTPHandler) {
        requestGuard = mcpAuth.requestGuard()
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
        requestGuard = try mcpAuth.requestGuard(resource: resource, audience: audience, requiredScopes: requiredScopes)
        self.handler = handler
    }

    /// Answers a request.
    public func handleRequest(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        var request = request
        let outcome = try await requestGuard.check(request.head, now: NumericDate.now) { limit in
            var bytes: [UInt8] = []
            for try await chunk in request.bodySequence {
                bytes += chunk
                if bytes.count > limit { return .tooLarge }
            }
            request.setBodyData(Data(bytes))
            return .bytes(bytes)
        }
        switch outcome {
        case .respond(let response, _):
            return FlyingFox.HTTPResponse(response)
        case .proceed(let authInfo):
            let authorized = request
            return try await AuthInfo.$current.withValue(authInfo) { try await handler.handleRequest(authorized) }
        }
    }
}

/// Serves the metadata of every protected resource (RFC 9728 section 3); every other path is not found.
public struct ProtectedResourceMetadataHandler: HTTPHandler {
    private let mcpAuth: MCPAuth

    /// Serves what `mcpAuth` protects.
    public init(_ mcpAuth: MCPAuth) {
        self.mcpAuth = mcpAuth
    }

    /// Answers a request.
    public func handleRequest(_ request: FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse {
        guard let response = mcpAuth.metadataEndpoint.response(to: request.head) else {
            return FlyingFox.HTTPResponse(statusCode: .notFound)
        }
        return FlyingFox.HTTPResponse(response)
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
        var headers = HTTPHeaders()
        for field in rendered.head.headerFields { headers.addValue(field.value, for: HTTPHeader(field.name.rawName)) }
        self.init(
            statusCode: HTTPStatusCode(rendered.head.status.code, phrase: rendered.head.status.reasonPhrase),
            headers: headers,
            body: Data(rendered.body)
        )
    }
}
#endif
