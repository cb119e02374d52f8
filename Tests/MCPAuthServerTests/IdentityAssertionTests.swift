// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthServer
import MCPAuthSigning
import Testing

/// The JWT about the caller that this server signs for the server behind a proxy.
struct IdentityAssertionTests {
    private static func settings(seconds: Double = 60, audience: String? = nil) throws -> (IdentitySettings, SigningKey)
    {
        let key = try SigningKey(.es256)
        var settings = IdentitySettings()
        settings.claims = [.init("Email", "email"), .init("Groups", "/groups")]
        settings.assertion = AssertionSettings(
            key: key,
            issuer: "https://auth.mcp.example",
            audience: audience,
            seconds: seconds
        )
        return (settings, key)
    }

    private static func assertion(_ settings: IdentitySettings, target: String = "/mcp") async throws -> String {
        let door = try ProxyDoor(.caddy, identity: settings)
        let fields = target == "/mcp" ? [("Authorization", "Bearer good")] : []
        let response = await door.answer(try ForwardAuthDialectTests.question(.caddy, target: target, fields: fields))
        #expect(response.head.status == .ok)
        let name = try #require(HTTPField.Name("X-Auth-Assertion"))
        let values = response.head.headerFields[values: name]
        #expect(values.count == 1)
        return try #require(values.first)
    }

    @Test func `it describes the caller, and its signature is that of the published key`() async throws {
        let (settings, key) = try Self.settings()
        let text = try await Self.assertion(settings)
        let token = try CompactJWS(parsing: Array(text.utf8))
        #expect(try #require(RawVerification(key, [token])).run())
        let parts = text.split(separator: ".").compactMap { Base64URL.decode(Array($0.utf8)[...]) }
        let header = try JSON(parsing: parts[0])
        #expect(header["typ"] == "mcp-auth-identity+jwt" && header["alg"] == "ES256")
        #expect(header["kid"] == key.publicJWK["kid"])
        let claims = try JSON(parsing: parts[1])
        #expect(claims["iss"] == "https://auth.mcp.example" && claims["aud"] == "https://mcp.example/mcp")
        #expect(claims["sub"] == "alice" && claims["client_id"] == "app" && claims["scope"] == "read")
        #expect(claims["token_iss"] == "https://issuer.example")
        #expect(claims["claims"] == ["Email": "älice@example.com", "Groups": ["a", "b"]])
        #expect(try #require(claims["exp"]?.double) - #require(claims["iat"]?.double) == 60)
    }

    @Test func `it names the configured audience`() async throws {
        let text = try await Self.assertion(Self.settings(audience: "notes-server").0)
        let parts = text.split(separator: ".").compactMap { Base64URL.decode(Array($0.utf8)[...]) }
        #expect(try JSON(parsing: parts[1])["aud"] == "notes-server")
    }

    @Test func `it is empty for a caller without a token, so that a client cannot set it`() async throws {
        #expect(try await Self.assertion(Self.settings().0, target: "/public") == "")
    }

    @Test func `a client that sends one is refused, since a proxy may not replace it`() async throws {
        let door = try ProxyDoor(.caddy, identity: Self.settings().0)
        for name in ["X-Auth-Assertion", "x_auth_assertion"] {
            let fields = [("Authorization", "Bearer good"), (name, "a.b.c")]
            let response = await door.answer(try ForwardAuthDialectTests.question(.caddy, fields: fields))
            #expect(response.head.status == .badRequest, "\(name)")
        }
        #expect(door.reasons.withLock { $0 } == ["identity_field", "identity_field"])
    }

    @Test func `each request has one of its own`() async throws {
        let (settings, _) = try Self.settings()
        let first = try await Self.assertion(settings)
        let second = try await Self.assertion(settings)
        #expect(first != second)
    }
}
