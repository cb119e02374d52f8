// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import TestSupport
import Testing

/// The responses to refused requests, as clients and browsers read them.
@Suite struct ResponseWritingTests {
    private static let metadata = "https://h.example/.well-known/oauth-protected-resource"

    @Test(
        arguments: [
            (.noCredentials, 401, nil, "unauthorized"), (.expired, 401, .invalidToken, "invalid_token"),
            (.audienceMismatch, 401, .invalidToken, "invalid_token"),
            (.malformedCredentials, 400, .invalidRequest, "invalid_request"),
            (.insufficientScope, 403, .insufficientScope, "insufficient_scope"),
            (.insufficientAuthentication, 401, .insufficientUserAuthentication, "insufficient_user_authentication"),
            (.deniedByPolicy, 403, nil, "access_denied"), (.noSuchResource, 404, nil, "not_found"),
            (.issuerUnavailable, 503, nil, "temporarily_unavailable"),
            (.bodyTooLarge, 413, nil, "request_too_large"),
            (.tokenTooLong, 431, nil, "request_header_fields_too_large"),
            (.unsupportedEncoding, 415, nil, "unsupported_media_type"), (.ambiguousTarget, 400, nil, "invalid_request"),
        ] as [(Denial.Reason, Int, BearerChallenge.ErrorCode?, String)]
    )
    func `the body has a fixed text for each code and does not reveal the cause`(
        reason: Denial.Reason,
        status: Int,
        code: BearerChallenge.ErrorCode?,
        error: String
    ) {
        let response = ResponseWriting.response(to: Self.denial(reason, status, code))
        let body = String(decoding: response.body, as: UTF8.self)
        #expect(response.head.status.code == status)
        #expect(response.head.headerFields[.contentType] == "application/json")
        #expect(response.head.headerFields[.cacheControl] == "no-store")
        #expect(body.hasPrefix(#"{"error":"\#(error)","error_description":""#) && body.hasSuffix(#""}"#))
        for word in ["cause", "None", "null", "audience_mismatch", "expired\"", "error_uri"] {
            #expect(!body.contains(word), "\(body)")
        }
    }

    @Test(
        arguments: [
            (.audienceMismatch, .expired), (.untrustedIssuer, .invalidSignature), (.revoked, .missingExpiry),
        ] as [(Denial.Reason, Denial.Reason)]
    )
    func `two reasons with the same code give the same response`(one: Denial.Reason, other: Denial.Reason) {
        let first = ResponseWriting.response(to: Self.denial(one, 401, .invalidToken))
        let second = ResponseWriting.response(to: Self.denial(other, 401, .invalidToken))
        #expect(first.head == second.head)
        #expect(first.body == second.body)
    }

    @Test(arguments: [400, 401, 403, 404, 405, 413, 415, 431, 503])
    func `SDK D11: a web page can read every refusal, with its challenge and Retry-After`(status: Int) {
        let request = HTTPRequest(method: .post, scheme: "https", authority: "h.example", path: "/mcp")
        let answer = ResponseWriting.response(to: Self.denial(.noCredentials, status, nil))
            .answering(request, CORSSettings())
        #expect(answer.head.headerFields[.accessControlAllowOrigin] == "*")
        let exposed = answer.head.headerFields[.accessControlExposeHeaders] ?? ""
        for name in ["WWW-Authenticate", "Retry-After", "Mcp-Session-Id", "MCP-Protocol-Version"] {
            #expect(exposed.contains(name))
        }
    }

    @Test(
        arguments: [
            (.malformedBody, -32700), (.invalidMessage, -32600), (.batchTooLarge, -32600), (.headerMismatch, -32020),
        ] as [(Denial.Reason, Int)]
    )
    func `a body that is not a valid MCP message is answered with a JSON-RPC error`(
        reason: Denial.Reason,
        code: Int
    ) throws {
        let response = ResponseWriting.response(to: Denial(reason, status: 400))
        let body = try JSONDocument(parsing: response.body, limits: .fetched).root
        #expect(body["jsonrpc"]?.string == "2.0")
        #expect(body["id"]?.kind == .null)
        #expect(body["error"]?["code"]?.integer == Int64(code))
        #expect(body["error"]?["message"]?.string?.isEmpty == false)
        #expect(response.head.headerFields[.wwwAuthenticate] == nil)
    }

    @Test func `a body with a content coding is answered with the accepted coding`() {
        let response = ResponseWriting.response(to: Denial(.unsupportedEncoding, status: 415))
        #expect(response.head.headerFields[.acceptEncoding] == "identity")
        #expect(String(decoding: response.body, as: UTF8.self).hasPrefix(#"{"error":"unsupported_media_type""#))
    }

    @Test func `HEAD is answered with the same fields and without the body`() {
        let request = HTTPRequest(method: .head, scheme: "https", authority: "h.example", path: "/mcp")
        let response = ResponseWriting.response(to: Self.denial(.expired, 401, .invalidToken))
        let answer = response.answering(request, CORSSettings())
        #expect(answer.body.isEmpty && !response.body.isEmpty)
        #expect(answer.head.headerFields[.contentLength] == "\(response.body.count)")
        #expect(answer.head.headerFields[.contentType] == "application/json")
        #expect(answer.head.headerFields[.wwwAuthenticate] == response.head.headerFields[.wwwAuthenticate])
    }

    private static func denial(
        _ reason: Denial.Reason,
        _ status: Int,
        _ code: BearerChallenge.ErrorCode?
    ) -> Denial {
        let isChallenged = code != nil || status == 401
        let challenge = BearerChallenge(error: code, resourceMetadata: metadata)
        return Denial(reason, status: status, challenge: isChallenged ? challenge : nil)
    }
}
