// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthPolicy
import TestSupport
import Testing

/// The scopes and claim values that an issuer may grant at one resource.
@Suite struct IssuerBoundsTests {
    @Test func `scopes and claim values beyond the bounds of an issuer are dropped`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            claims: ClaimMapping(others: ["roles": ["/app/roles"]])
        )
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedScopes["https://issuer.example"] = ["read:notes"]
        resource.allowedClaims["https://issuer.example"] = [
            "roles": ["reader"], "tenant": ["acme"], "groups": ["staff"],
        ]
        let door = try Door([resource], fetcher: issuer.fetcher)
        let token = try issuer.token([
            "scope": "read:notes admin:notes", "app": ["roles": ["reader", "owner"]], "tenant": "globex",
            "groups": [["staff"], "staff", 7], "free": "x",
        ])
        for _ in 0..<2 {
            let claims = try #require(try await door.request(authorization: ["Bearer \(token)"]).authInfo)
            #expect(claims.scopes == ["read:notes"])
            #expect(claims.claims.value(at: "/scope") == ["read:notes"])
            #expect(claims.claims.value(at: "/roles") == ["reader"])
            #expect(claims.claims.value(at: "/tenant") == nil)
            #expect(claims.claims.value(at: "/groups") == ["staff"])
            #expect(claims.claims.value(at: "/free")?.string == "x")
        }
    }

    @Test func `the bounds of an issuer apply separately to each resource`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        notes.allowedScopes = ["https://issuer.example": ["read:notes"]]
        var calendar = try ResourceConfiguration("https://api.example.com/calendar", authorizationServers: [server])
        calendar.allowedScopes = ["https://issuer.example": ["read:calendar"]]
        let door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [notes, calendar]), fetcher: fetcher),
            resource: notes.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
        let token = try issuer.token([
            "scope": "read:notes read:calendar admin",
            "aud": ["https://api.example.com/notes", "https://api.example.com/calendar"],
        ])
        for (path, scopes) in [("/notes", ["read:notes"]), ("/calendar", ["read:calendar"])] {
            let authInfo = try await door.request(authorization: ["Bearer \(token)"], path: path).authInfo
            #expect(authInfo.map { Array($0.scopes) } == scopes)
        }
    }

    @Test func `a challenge names all required scopes, unless the issuer may not grant them`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedScopes["https://issuer.example"] = ["read:notes", "write:notes"]
        let policy =
            #"{"version":1,"rules":["#
            + #"{"id":"readers","effect":"require","targets":"any","scopes":{"all":["read:notes"]}},"#
            + #"{"id":"write","effect":"allow","tools":["write"],"scopes":{"all":["write:notes"]}},"#
            + #"{"id":"admin","effect":"allow","tools":["admin"],"scopes":{"all":["admin:notes"]}}]}"#
        resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8)))]
        let door = try Door([resource], fetcher: issuer.fetcher)
        let token = try issuer.token(["scope": "read:notes admin:notes"])
        func answer(to tool: String) async throws -> Door.Answer {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)"}}"#
            return try await door.request(authorization: ["Bearer \(token)"], body: body)
        }
        let write = try await answer(to: "write")
        #expect(write.verdict == "403 insufficient_scope")
        #expect(write.challenge?.contains(#"scope="read:notes write:notes""#) == true)
        let admin = try await answer(to: "admin")
        #expect(admin.verdict == "403 denied_by_policy" && admin.challenge == nil)
    }

    @Test func `the subject cannot be bounded for the issuer of a verifier function either`() throws {
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [])
        resource.verifiers = [AttachedVerifier(FunctionVerifier("keys") { _, _ in .notMine() }, issuer: "urn:keys")]
        resource.allowedClaims = ["urn:keys": ["sub": ["alice"]]]
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test func `bounds for an issuer that is not trusted are refused`() throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedScopes = ["https://issuer.example/": ["read:notes"]]
        let error = #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
        #expect(error?.description.contains("`https://issuer.example/`") == true)
    }
}
