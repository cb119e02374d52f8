// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON

/// A response that this library answers itself.
package struct RenderedResponse: Sendable {
    package let head: HTTPResponse
    package let body: [UInt8]
}

/// Turns a denial into the HTTP response that lets an OAuth 2.1 or MCP client recover.
package enum ResponseWriting {
    /// Status, challenge, JSON body, cache and CORS fields.
    ///
    /// The text depends on status and error code only, so that it tells nobody which check failed.
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
        head.headerFields.addCORS()
        return RenderedResponse(head: head, body: body(of: denial))
    }

    /// The challenge, in the order and form that the parsers of real clients read: lower-case names, no space around
    /// `=`, every value quoted, free text last (RFC 6750 section 3, RFC 9728 section 5.1).
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

    /// The answer to a true preflight, which carries no credentials by design (Fetch, CORS preflight).
    package static func preflightResponse(to request: HTTPRequest) -> RenderedResponse? {
        guard request.method == .options, request.headerFields[.origin] != nil,
            request.headerFields[.accessControlRequestMethod] != nil
        else { return nil }
        var head = HTTPResponse(status: .noContent)
        head.headerFields.addCORS()
        head.headerFields[.accessControlAllowMethods] = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
        head.headerFields[.accessControlAllowHeaders] =
            "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID"
        head.headerFields[.accessControlMaxAge] = "600"
        return RenderedResponse(head: head, body: [])
    }

    private static func body(of denial: Denial) -> [UInt8] {
        if denial.reason == .headerMismatch {
            let error: JSON = ["code": -32020, "message": "the Mcp-* fields do not agree with the body"]
            return (["jsonrpc": "2.0", "id": .null, "error": error] as JSON).encoded()
        }
        let error = denial.challenge?.error
        var members: [String: JSON] = ["error": .string(error?.rawValue ?? code(of: denial))]
        members["error_description"] = .string(error.map(description) ?? description(of: denial))
        return JSON.object(members).encoded()
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
        case 413: "request_too_large"
        case 503: "temporarily_unavailable"
        default: "invalid_request"
        }
    }

    private static func description(of denial: Denial) -> String {
        switch denial.status {
        case 401: "an access token is needed; the metadata of the protected resource says where to get one"
        case 403: denial.reason == .invalidOrigin ? "the origin is not allowed" : "the caller may not do this"
        case 404: "there is no such resource"
        case 413: "the request body is too large"
        case 503: "the access token cannot be checked now"
        default: "the request target is ambiguous"
        }
    }
}

extension HTTPFields {
    /// Lets any web page read the response: nothing here depends on cookies.
    package mutating func addCORS() {
        self[.accessControlAllowOrigin] = "*"
        self[.accessControlExposeHeaders] = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version"
    }
}
