// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
package import MCPAuthCore
package import MCPAuthJSON

/// A complete response that this library creates itself.
public struct RenderedResponse: Sendable {
    /// The status and the fields.
    public private(set) var head: HTTPResponse
    /// The whole body; empty for HEAD.
    public private(set) var body: [UInt8]

    /// Whether the rest of the connection cannot be read, so that an HTTP/1.1 host must close it after this response.
    public var closesConnection: Bool { head.status == .requestTimeout }

    package init(head: HTTPResponse, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// The same response with the id under which the decision is kept, if it is.
    package func naming(_ id: DecisionID?) -> RenderedResponse {
        guard let id else { return self }
        var response = self
        response.head.headerFields[DecisionID.fieldName] = id.description
        return response
    }

    /// The head, with the length of the body.
    package var headWithLength: HTTPResponse {
        guard head.status != .noContent, head.status != .notModified, !head.headerFields.contains(.contentLength)
        else { return head }
        var head = head
        head.headerFields.append(HTTPField(name: .contentLength, value: String(body.count)))
        return head
    }

    /// The same response for one request: with its CORS fields and, for HEAD, with the length of the body instead of
    /// the body (RFC 9110 section 9.3.2), because not every host removes the body itself.
    package func answering(_ request: HTTPRequest, _ cors: CORSSettings) -> RenderedResponse {
        var response = self
        cors.addFields(to: &response.head.headerFields, answering: request)
        if request.method == .head, !body.isEmpty {
            response.head.headerFields[.contentLength] = String(body.count)
            response.body = []
        }
        return response
    }
}

extension DecisionID {
    /// The field with which a client is told the id.
    package static let fieldName = HTTPField.Name.constant("Decision-Id")
}

/// Turns a denial into the HTTP response that lets an OAuth 2.1 or MCP client recover.
package enum ResponseWriting {
    /// The response to a denial: status, challenge, JSON body and cache fields.
    ///
    /// If a token is refused, the text depends only on the status and the error code, so that it does not reveal which
    /// check failed.
    package static func response(to denial: Denial) -> RenderedResponse {
        var head = HTTPResponse(status: .init(code: denial.status))
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.cacheControl] = "no-store"
        if let challenge = denial.challenge {
            head.headerFields[.wwwAuthenticate] = text(of: challenge)
        }
        if let retryAfter = denial.retryAfter {
            head.headerFields[.retryAfter] = String(retryAfter)
        }
        if denial.reason == .unsupportedEncoding {
            // What is accepted instead (RFC 9110 section 12.5.3).
            head.headerFields[.acceptEncoding] = "identity"
        }
        return RenderedResponse(head: head, body: body(of: denial))
    }

    /// The challenge, in the form that the parsers of existing clients accept: lower-case names, no space around `=`,
    /// every value quoted, free text last (RFC 6750 section 3, RFC 9728 section 5.1).
    package static func text(of challenge: BearerChallenge) -> String {
        var parameters: [String] = []
        if let error = challenge.error { parameters.append("error=\"\(error.rawValue)\"") }
        if !challenge.scope.isEmpty { parameters.append("scope=\"\(challenge.scope)\"") }
        parameters.append("resource_metadata=\"\(challenge.resourceMetadata)\"")
        if let authentication = challenge.authentication {
            let acrValues = authentication.acrValues.joined(separator: " ")
            if !acrValues.isEmpty { parameters.append("acr_values=\"\(acrValues)\"") }
            if let maxAge = authentication.maxAge { parameters.append("max_age=\"\(maxAge)\"") }
        }
        if let error = challenge.error { parameters.append("error_description=\"\(description(of: error))\"") }
        return "Bearer " + parameters.joined(separator: ", ")
    }

    private static func body(of denial: Denial) -> [UInt8] {
        if let (code, message) = rpcError(denial.reason) {
            let error: JSON = ["code": .integer(code), "message": .string(message)]
            return (["jsonrpc": "2.0", "id": .null, "error": error] as JSON).encoded()
        }
        let error = denial.challenge?.error?.rawValue ?? code(of: denial)
        let members: JSON = ["error": .string(error), "error_description": .string(description(of: denial))]
        return members.encoded()
    }

    /// A response with a JSON body that no cache keeps.
    package static func json(_ status: HTTPResponse.Status, _ body: JSON) -> RenderedResponse {
        let fields: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        return RenderedResponse(head: HTTPResponse(status: status, headerFields: fields), body: body.encoded())
    }

    /// A JSON response with an error code and its explanation.
    package static func error(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ description: String
    ) -> RenderedResponse {
        json(status, ["error": .string(code), "error_description": .string(description)])
    }

    /// The response to a request whose body a host or a handler finds too large.
    package static let bodyTooLarge = response(to: Denial(.bodyTooLarge, status: 413))

    /// The response to a method that a resource does not support (RFC 9110 section 15.5.6).
    package static func methodNotAllowed(allowing methods: String) -> RenderedResponse {
        var head = HTTPResponse(status: .methodNotAllowed)
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.allow] = methods
        let body: JSON = [
            "error": "method_not_allowed", "error_description": .string("the methods of this resource are \(methods)"),
        ]
        return RenderedResponse(head: head, body: body.encoded())
    }

    /// The JSON-RPC error for a body that MCP clients do not send (JSON-RPC 2.0 section 5.1, MCP 2026-07-28); its `id`
    /// is `null`, because the `id` in the body cannot be trusted.
    private static func rpcError(_ reason: Denial.Reason) -> (code: Int64, message: String)? {
        switch reason {
        case .headerMismatch: (-32020, "the Mcp-* fields do not agree with the body")
        case .malformedBody: (-32700, "Parse error: the body is not JSON, or has duplicate members")
        case .invalidMessage: (-32600, "Invalid Request: the body is not a JSON-RPC message")
        case .batchTooLarge:
            (-32600, "Invalid Request: a batch may have at most \(MCPMessageReading.mostMessages) messages")
        default: nil
        }
    }

    private static func description(of error: BearerChallenge.ErrorCode) -> String {
        switch error {
        case .invalidRequest: "the request must carry exactly one bearer token in one Authorization field"
        case .invalidToken: "the access token is expired, revoked, malformed or not meant for this resource"
        case .insufficientScope: "the access token lacks a scope that this operation needs"
        case .insufficientUserAuthentication: "this operation needs a more recent or a stronger sign-in"
        }
    }

    private static func code(of denial: Denial) -> String {
        switch denial.status {
        case 401: "unauthorized"
        case 403: "access_denied"
        case 404: "not_found"
        case 408: "request_timeout"
        case 413: "request_too_large"
        case 415: "unsupported_media_type"
        case 431: "request_header_fields_too_large"
        case 503: "temporarily_unavailable"
        default: "invalid_request"
        }
    }

    /// What a client is told in words.
    static func description(of denial: Denial) -> String {
        if let error = denial.challenge?.error { return description(of: error) }
        return switch denial.status {
        case 401: "an access token is needed; the metadata of the protected resource says where to get one"
        case 403: denial.reason == .invalidOrigin ? "the origin is not allowed" : "the caller may not do this"
        case 404: "there is no such resource"
        case 408: "the request body did not arrive in time"
        case 413: "the request body is too large"
        case 415: "the request body must be UTF-8 without a content coding"
        case 431: "the access token is too long"
        case 503: "the access token cannot be checked now"
        default: "the request target is ambiguous"
        }
    }
}
