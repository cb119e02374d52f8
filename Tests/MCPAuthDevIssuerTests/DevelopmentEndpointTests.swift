// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import AsyncHTTPClient
import MCPAuthDevIssuer
import MCPAuthJSON
import NIOHTTP1
import Testing

/// Tokens without a sign-in, which only a development issuer issues.
struct DevelopmentEndpointTests {
    @Test func `a token has the resource, subject, scopes and claims that were requested`() async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.post(
                "/_dev/token",
                json: [
                    "resource": .string(RunningIssuer.notes), "scope": "read", "sub": "bob",
                    "claims": ["groups": ["staff"], "auth_time": 1_700_000_000, "acr": "urn:example:strong"],
                ]
            )
            #expect(answer.status == 200)
            #expect(answer.fields["cache-control"] == "no-store")
            #expect(try answer.member("token_type") == "Bearer")
            let token = try #require(try answer.member("access_token"))
            let claims = try #require(try await running.verifiedClaims(token))
            #expect(claims["iss"]?.string == running.identifier)
            #expect(claims["aud"]?.string == RunningIssuer.notes)
            #expect(claims["sub"]?.string == "bob")
            #expect(claims["scope"]?.string == "read")
            #expect(claims["groups"]?[0]?.string == "staff")
            #expect(claims["auth_time"]?.integer == 1_700_000_000)
            #expect(claims["acr"]?.string == "urn:example:strong")
        }
    }

    @Test func `the default subject is alice, and the default scopes are all that are offered`() async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.post("/_dev/token", json: ["resource": .string(RunningIssuer.notes)])
            let claims = try await running.verifiedClaims(try #require(try answer.member("access_token")))
            #expect(claims?["sub"]?.string == "alice")
            #expect(claims?["scope"]?.string == "read write")
        }
    }

    @Test func `a requested claim replaces a standard one, so that invalid tokens can be issued`() async throws {
        try await RunningIssuer.run { running in
            let claims: JSON = ["exp": 0, "aud": ["https://elsewhere.example/"], "sub": .null]
            let answer = try await running.post(
                "/_dev/token",
                json: ["resource": .string(RunningIssuer.notes), "claims": claims]
            )
            let token = try #require(try answer.member("access_token"))
            let made = try #require(try await running.verifiedClaims(token))
            #expect(made["exp"]?.integer == 0)
            #expect(made["aud"]?[0]?.string == "https://elsewhere.example/")
            #expect(made["sub"]?.kind == .null)
        }
    }

    @Test func `a token for a resource with opaque tokens is opaque, and its claims are introspected`() async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.post(
                "/_dev/token",
                json: ["resource": .string(RunningIssuer.calendar), "claims": ["tenant": "a"]]
            )
            let token = try #require(try answer.member("access_token"))
            #expect(!token.contains("."))
            #expect(try await running.introspect(token).member("tenant") == "a")
        }
    }

    @Test(
        arguments: [
            ([:], "invalid_request", "`resource` is missing"),
            (["resource": 1], "invalid_request", "`resource` is not a string"),
            (["resource": .string(RunningIssuer.notes), "subject": "bob"], "invalid_request", "`subject`"),
            (["resource": .string(RunningIssuer.notes), "claims": []], "invalid_request", "`claims` is not an object"),
            (["resource": .string(RunningIssuer.notes), "scope": "admin"], "invalid_scope", "these are: read write"),
            (["resource": "https://elsewhere.example/"], "invalid_target", "only for: \(RunningIssuer.notes)"),
        ] as [(JSON, String, String)]
    )
    func `an error names what is wrong with the request`(body: JSON, code: String, text: String) async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.post("/_dev/token", json: body)
            #expect(answer.status == 400)
            #expect(try answer.member("error") == code)
            #expect(try answer.member("error_description")?.contains(text) == true)
        }
    }

    @Test func `a claim that cannot be represented is refused, not changed`() async throws {
        try await RunningIssuer.run { running in
            var request = HTTPClientRequest(url: running.identifier + "/_dev/token")
            request.method = .POST
            request.body = .bytes(
                Array(#"{"resource":"\#(RunningIssuer.notes)","claims":{"n":123456789012345678901}}"#.utf8)
            )
            let status = try await Exchange.run(request).status
            #expect(status == 400)
        }
    }

    @Test(arguments: [
        ("origin", "https://evil.example"), ("origin", "null"), ("origin", "http://127.0.0.1:8900"),
        ("host", "evil.example"), ("host", "127.0.0.1.evil.example:8900"),
    ])
    func `a request from a web page or with another host name is refused`(field: String, value: String) async throws {
        try await RunningIssuer.run { running in
            for operation in ["token", "rotate", "drop"] {
                let answer = try await running.post(
                    "/_dev/\(operation)",
                    json: ["resource": .string(RunningIssuer.notes)],
                    fields: [(field, value)]
                )
                #expect(answer.status == 403)
                #expect(try answer.member("access_token") == nil)
            }
            var preflight = HTTPClientRequest(url: running.identifier + "/_dev/token")
            preflight.method = .OPTIONS
            preflight.headers.add(name: "origin", value: "https://evil.example")
            preflight.headers.add(name: "access-control-request-method", value: "POST")
            #expect(try await Exchange.run(preflight).fields["access-control-allow-methods"] == nil)
        }
    }
}
#endif
