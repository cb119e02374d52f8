// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthCore
import MCPAuthHTTP
import TestSupport
import Testing

/// What a refused client and its browser are given to read.
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
            (.bodyTooLarge, 413, nil, "request_too_large"), (.ambiguousTarget, 400, nil, "invalid_request"),
        ] as [(Denial.Reason, Int, BearerChallenge.ErrorCode?, String)]
    )
    func `the body has a fixed text for each code and no cause`(
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
    func `two reasons for one code make the same response`(one: Denial.Reason, other: Denial.Reason) {
        let first = ResponseWriting.response(to: Self.denial(one, 401, .invalidToken))
        let second = ResponseWriting.response(to: Self.denial(other, 401, .invalidToken))
        #expect(first.head == second.head)
        #expect(first.body == second.body)
    }

    @Test(arguments: [400, 401, 403, 404, 413, 503])
    func `SDK D11: a web page can read every refusal with its challenge`(status: Int) {
        let fields = ResponseWriting.response(to: Self.denial(.noCredentials, status, nil)).head.headerFields
        #expect(fields[.accessControlAllowOrigin] == "*")
        #expect(fields[.accessControlExposeHeaders]?.contains("WWW-Authenticate") == true)
    }

    @Test func `a preflight needs no token and allows what MCP clients send`() throws {
        var request = HTTPRequest(method: .options, scheme: "https", authority: "h.example", path: "/mcp")
        #expect(ResponseWriting.preflightResponse(to: request) == nil, "OPTIONS alone is no preflight")
        request.headerFields[.origin] = "https://app.example"
        request.headerFields[.accessControlRequestMethod] = "POST"
        let response = try #require(ResponseWriting.preflightResponse(to: request))
        #expect(response.head.status.code == 204)
        #expect(response.head.headerFields[.accessControlAllowOrigin] == "*")
        let allowed = response.head.headerFields[.accessControlAllowHeaders] ?? ""
        for name in ["Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "Last-Event-ID"] {
            #expect(allowed.contains(name))
        }
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
