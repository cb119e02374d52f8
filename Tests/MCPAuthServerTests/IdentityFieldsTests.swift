// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthHTTP
import MCPAuthServer
import Testing

/// How the caller is described to the server behind a proxy.
@Suite struct IdentityFieldsTests {
    private static func settings() -> IdentitySettings {
        var settings = IdentitySettings()
        settings.claims = [
            .init("Email", "email"), .init("Groups", "/groups"), .init("Percent", "percent"), .init("Tenant", "tenant"),
        ]
        return settings
    }

    private static func fields(_ response: RenderedResponse, _ name: String) throws -> [String] {
        response.head.headerFields[values: try #require(.init(name))]
    }

    @Test func `claims are passed on by name, encoded so that different texts stay different`() async throws {
        let door = try ProxyDoor(.caddy, identity: Self.settings())
        let response = await door.answer(try ForwardAuthDialectTests.question(.caddy))
        #expect(try Self.fields(response, "X-Auth-Email") == ["%C3%A4lice@example.com"])
        #expect(try Self.fields(response, "X-Auth-Groups") == [#"["a","b"]"#])
        #expect(try Self.fields(response, "X-Auth-Percent") == ["%2050%25%20"])
    }

    @Test func `E9: every field is there once for every allowed caller, empty without a value`() async throws {
        let door = try ProxyDoor(.caddy, identity: Self.settings())
        for (target, fields) in [("/mcp", [("Authorization", "Bearer good")]), ("/public", [])] {
            let response = await door.answer(
                try ForwardAuthDialectTests.question(.caddy, target: target, fields: fields)
            )
            #expect(response.head.status == .ok)
            for name in ["Subject", "Issuer", "Client", "Scope", "Email", "Groups", "Percent", "Tenant"] {
                #expect(try Self.fields(response, "X-Auth-\(name)").count == 1, "\(target) \(name)")
            }
            #expect(try Self.fields(response, "X-Auth-Tenant") == [""])
            #expect(try Self.fields(response, "X-Auth-Subject") == [target == "/mcp" ? "alice" : ""])
        }
    }

    @Test(arguments: [
        "X_Auth_Subject", "X-Auth_Subject", "x_auth-scope", "X_AUTH_EMAIL", "X-Auth-Other", "X_Auth_Other", "x-auth-",
    ])
    func `E9: a field of the client that a server could take for one of these is refused`(name: String) async throws {
        let door = try ProxyDoor(.traefik, identity: Self.settings())
        let fields = [("Authorization", "Bearer good"), (name, "admin")]
        let response = await door.answer(try ForwardAuthDialectTests.question(.traefik, fields: fields))
        #expect(response.head.status == .badRequest)
        #expect(door.reasons.withLock { $0 } == ["identity_field"])
    }

    @Test(arguments: ["X-Auth-Subject", "x-auth-subject", "X-Authority", "Auth-Subject"])
    func `E9: fields of the client that are replaced, or mean something else, change nothing`(name: String) async throws
    {
        let fields = [("Authorization", "Bearer good"), (name, "admin"), (name, "root")]
        let asked = try ForwardAuthDialectTests.question(.traefik, fields: fields)
        let response = try await ProxyDoor(.traefik, identity: Self.settings()).answer(asked)
        #expect(try Self.fields(response, "X-Auth-Subject") == ["alice"])
    }

    @Test func `another prefix names all fields`() async throws {
        var settings = Self.settings()
        settings.prefix = "Caller-"
        let response = try await ProxyDoor(.nginx, identity: settings).answer(ForwardAuthDialectTests.question(.nginx))
        #expect(try Self.fields(response, "Caller-Subject") == ["alice"])
        #expect(try Self.fields(response, "X-Auth-Subject").isEmpty)
    }
}
