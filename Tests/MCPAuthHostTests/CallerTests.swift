// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import Foundation
import MCPAuth
import MCPAuthFlyingFox
import Testing

/// The caller that a handler sees.
@Suite struct CallerTests {
    @Test func `with two engines around a handler, the inner one sets the caller`() async throws {
        let caller = ClosureHTTPHandler { _ in
            FlyingFox.HTTPResponse(statusCode: .ok, body: Data((AuthInfo.current?.subject ?? "nobody").utf8))
        }
        let inner = BearerAuthHandler(try Self.mcpAuth(subject: "inner"), protecting: caller)
        let outer = BearerAuthHandler(try Self.mcpAuth(subject: "outer"), protecting: inner)
        var headers = HTTPHeaders()
        headers.addValue("api.example.com", for: .host)
        headers.addValue("Bearer opaque", for: .authorization)
        let request = FlyingFox.HTTPRequest(
            method: .GET,
            version: .http11,
            path: "/notes",
            query: [],
            headers: headers,
            body: HTTPBodySequence(data: Data())
        )
        let answer = try await outer.handleRequest(request)
        #expect(answer.statusCode == .ok)
        #expect(String(decoding: try await answer.bodyData, as: UTF8.self) == "inner")
        #expect(AuthInfo.current == nil)
    }

    /// An engine whose verifier accepts every token as this caller's.
    private static func mcpAuth(subject: String) throws -> MCPAuth {
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("test") { _, _ in
                    let claims = #"{"sub":"\#(subject)","aud":"https://api.example.com/notes","exp":4102444800}"#
                    return .verified(try TokenEvidence(parsing: Array(claims.utf8)))
                },
                issuer: "urn:example:keys"
            )
        ]
        return try MCPAuth(protectedResources: [resource])
    }
}
#endif
