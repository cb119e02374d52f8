// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthTesting
import Testing

/// The in-memory issuer, used only through its public declarations.
@Suite struct TestIssuerTests {
    private static let notes = "https://api.example.com/notes"

    @Test(arguments: [SignatureAlgorithm.rs256, .ps256, .es256, .es384, .edDSA])
    func `tokens of the issuer verify with the keys that it publishes`(algorithm: SignatureAlgorithm) async throws {
        let issuer = try TestIssuer(algorithm: algorithm, audience: Self.notes)
        let mcpAuth = try Self.mcpAuth(issuer, issuer.server)
        let info = try #require(await Self.caller(try issuer.token(subject: "bob", scopes: ["a", "b"]), mcpAuth))
        #expect(info.subject == "bob")
        #expect(Array(info.scopes) == ["a", "b"])
        #expect(await Self.status(try issuer.token(lifetime: -600), mcpAuth) == 401)
        #expect(await Self.status(try issuer.token(audience: "https://other.example"), mcpAuth) == 401)
        #expect(await Self.status(try issuer.token(claims: ["exp": .null]), mcpAuth) == 401)
    }

    @Test func `a rotation of keys can keep or drop the old ones`() async throws {
        let issuer = try TestIssuer(audience: Self.notes)
        let old = try issuer.token()
        try issuer.rotateKeys()
        let mcpAuth = try Self.mcpAuth(issuer, issuer.server)
        #expect(await Self.status(old, mcpAuth) == 200)
        #expect(await Self.status(try issuer.token(), mcpAuth) == 200)
        try issuer.rotateKeys(keepingOld: false)
        mcpAuth.purge()
        #expect(await Self.status(old, mcpAuth) == 401)
        #expect(await Self.status(try issuer.token(), mcpAuth) == 200)
    }

    @Test func `a request is 503 while the issuer is down`() async throws {
        let issuer = try TestIssuer(audience: Self.notes)
        issuer.setDown(true)
        #expect(await Self.status(try issuer.token(), try Self.mcpAuth(issuer, issuer.server)) == 503)
    }

    @Test func `opaque tokens are accepted until they are revoked`() async throws {
        let issuer = try TestIssuer(audience: Self.notes)
        let mcpAuth = try Self.mcpAuth(issuer, issuer.introspectingServer)
        let token = issuer.opaqueToken(subject: "carol", scopes: ["a"])
        #expect(await Self.caller(token, mcpAuth)?.subject == "carol")
        #expect(await Self.status("opaque-unknown", mcpAuth) == 401)
        issuer.revoke(token)
        mcpAuth.purge()
        #expect(await Self.status(token, mcpAuth) == 401)
    }

    @Test func `a fetch from an issuer that the fetcher does not know fails`() async throws {
        let issuer = try TestIssuer("https://other.test", audience: Self.notes)
        let fetcher = TestFetcher()
        let resource = try ResourceConfiguration(Self.notes, authorizationServers: [issuer.server])
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: { _ in })
        #expect(await Self.status(try issuer.token(), try MCPAuth(configuration, fetcher: fetcher)) == 503)
        #expect(fetcher.requests == ["https://other.test/.well-known/openid-configuration"])
    }

    // MARK: Identities

    private struct Roles: Decodable, Equatable {
        let roles: [String]
        let level: Int
        let until: NumericDate?
    }

    @Test func `a handler runs with a test identity if the policy allows the call`() async throws {
        let issuer = try TestIssuer(audience: Self.notes)
        var resource = try ResourceConfiguration(Self.notes, authorizationServers: [issuer.server])
        resource.policies = [
            try .json([
                "version": 1,
                "rules": [
                    ["id": "read", "effect": "allow", "tools": ["list_notes"]],
                    ["id": "write", "effect": "allow", "tools": ["create_note"], "scopes": ["all": ["write:notes"]]],
                ],
            ])
        ]
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: { _ in })
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        let reader = TestIdentity(scopes: ["read:notes"], claims: ["roles": ["reader"], "level": 3, "until": 4e9])
        let roles = try await reader.run(tool: "list_notes", at: Self.notes, of: mcpAuth) { info in
            let info = try #require(info)
            #expect(AuthInfo.current?.subject == "alice")
            #expect(info.claims["level"] == 3)
            #expect(info.claims["none"] == nil)
            return try info.claims.decode(Roles.self)
        }
        #expect(roles == Roles(roles: ["reader"], level: 3, until: NumericDate(4e9)))
        let refused = await #expect(throws: TestIdentity.Refused.self) {
            try await reader.run(tool: "create_note", at: Self.notes, of: mcpAuth) { _ in }
        }
        #expect(refused?.denial.reason == .insufficientScope)
        #expect(refused?.denial.rules == ["write"])
        #expect(refused?.denial.operation == "tools/call")
        #expect(refused?.denial.caller?.subject == "alice")
        let writer = TestIdentity(scopes: ["write:notes"])
        #expect(try await writer.run(tool: "create_note", at: Self.notes, of: mcpAuth) { _ in 7 } == 7)
        await #expect(throws: DecodingError.self) {
            try await writer.run(tool: "create_note", at: Self.notes, of: mcpAuth) { info in
                _ = try info?.claims.decode(Roles.self)
            }
        }
    }

    private static func mcpAuth(_ issuer: TestIssuer, _ server: AuthorizationServer) throws -> MCPAuth {
        let resource = try ResourceConfiguration(notes, authorizationServers: [server])
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: { _ in })
        return try MCPAuth(configuration, fetcher: TestFetcher(issuer))
    }

    private static func decision(_ token: String, _ mcpAuth: MCPAuth) async -> Decision {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/notes")
        request.headerFields[.authorization] = "Bearer \(token)"
        return await mcpAuth.authorize(request)
    }

    private static func caller(_ token: String, _ mcpAuth: MCPAuth) async -> AuthInfo? {
        guard case .allow(let info) = await decision(token, mcpAuth) else { return nil }
        return info
    }

    private static func status(_ token: String, _ mcpAuth: MCPAuth) async -> Int {
        switch await decision(token, mcpAuth) {
        case .allow: 200
        case .deny(let denial): denial.status
        }
    }
}
