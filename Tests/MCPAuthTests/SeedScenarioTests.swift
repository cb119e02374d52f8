// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// The example of every MCP Auth SDK: `https://api.example.com/notes`, OIDC discovery, `read:notes`/`write:notes`.
@Suite struct SeedScenarioTests {
    let fetcher = FixtureFetcher([:])
    let issuer: FixtureIssuer
    let door: Door

    init() throws {
        issuer = try FixtureIssuer("https://auth.example.com", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        let notes = try ResourceConfiguration(
            "https://api.example.com/notes",
            authorizationServers: [server],
            scopesSupported: ["read:notes", "write:notes"]
        )
        let other = try ResourceConfiguration("https://other.example.com", authorizationServers: [server])
        door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [notes, other]), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/notes"),
            now: NumericDate(1_795_425_000)
        )
    }

    @Test func `nothing is fetched before a token arrives`() async throws {
        let answer = try await door.request()
        #expect(answer.status == 401)
        #expect(
            answer.challenge
                == #"Bearer resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes""#
        )
        #expect(fetcher.requests.isEmpty)
    }

    @Test func `a good token names the caller`() async throws {
        let info = try #require(try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(info.subject == "alice")
        #expect(info.clientID == "c1")
        #expect(info.scopes == ["read:notes"])
        #expect(info.issuer == "https://auth.example.com")
        #expect(info.claims.value(at: "/jti")?.string == "j1")
        #expect(info.claims.value(at: "/scope")?.strings == ["read:notes"])
    }

    @Test func `a missing scope is a 403 that names it`() async throws {
        let writing = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: ["write:notes"]
        )
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"], through: writing)
        #expect(answer.status == 403)
        #expect(
            answer.challenge?.hasPrefix(#"Bearer error="insufficient_scope", scope="write:notes", resource_metadata="#)
                == true
        )
        let anonymous = try await door.request(through: writing)
        #expect(anonymous.challenge?.hasPrefix(#"Bearer scope="write:notes", resource_metadata="#) == true)
    }

    @Test func `an unknown resource is refused when the middleware is made`() {
        #expect(throws: ConfigurationError(.unknownName, "")) {
            try door.mcpAuth.requestGuard(resource: "https://api.example.com/note", audience: [], requiredScopes: [])
        }
    }

    @Test(arguments: [
        ("https://api.example.com/notes", "/.well-known/oauth-protected-resource/notes", "api.example.com"),
        ("https://other.example.com", "/.well-known/oauth-protected-resource", "other.example.com"),
    ])
    func `the metadata is at its well-known path`(resource: String, path: String, host: String) throws {
        for method in [HTTPRequest.Method.get, .head, .options] {
            let request = HTTPRequest(method: method, scheme: "https", authority: host, path: path)
            let response = try #require(door.mcpAuth.metadataEndpoint.response(to: request))
            #expect(response.head.status.code == (method == .options ? 204 : 200))
            #expect(response.head.headerFields[.accessControlAllowOrigin] == "*")
            guard method == .get else { continue }
            #expect(response.head.headerFields[.cacheControl] == "public, max-age=3600")
            let document = try JSONDocument(parsing: response.body, limits: .fetched).root
            #expect(document["resource"]?.string == resource)
            #expect(document["authorization_servers"]?[0]?.string == "https://auth.example.com")
            #expect(document["tls_client_certificate_bound_access_tokens"] == nil)
            var again = request
            again.headerFields[.ifNoneMatch] = response.head.headerFields[.eTag]
            #expect(door.mcpAuth.metadataEndpoint.response(to: again)?.head.status.code == 304)
        }
        let post = HTTPRequest(method: .post, scheme: "https", authority: host, path: path)
        #expect(door.mcpAuth.metadataEndpoint.response(to: post)?.head.status.code == 405)
    }

    @Test func `an issuer that is down is 503 with Retry-After, and works once it is up`() async throws {
        fetcher.setDown(true)
        let token = try issuer.token()
        let down = try await door.request(authorization: ["Bearer \(token)"])
        #expect(down.status == 503)
        #expect(down.reason == "issuer_unavailable")
        #expect(down.retryAfter == "1")
        fetcher.setDown(false)
        var later = door
        later.now = NumericDate(1_795_425_002)
        #expect(try await later.request(authorization: ["Bearer \(token)"]).status == 200)
    }

    @Test func `a new signing key is fetched once when a token names it`() async throws {
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let rotated = try SigningKey(.es256)
        issuer.publish([issuer.key, rotated])
        var later = door
        later.now = NumericDate(1_795_425_040)
        let token = try issuer.token(now: later.now, key: rotated)
        #expect(try await later.request(authorization: ["Bearer \(token)"]).status == 200)
        let stranger = try SigningKey(.es256)
        for _ in 0..<20 {
            let forged = try issuer.token(key: stranger)
            #expect(try await later.request(authorization: ["Bearer \(forged)"]).status == 401)
        }
        #expect(fetcher.requests.filter { $0.hasSuffix("/jwks") }.count == 2)
    }

    @Test func `a token of an issuer that is not trusted causes no request`() async throws {
        let elsewhere = FixtureFetcher([:])
        let stranger = try FixtureIssuer("https://evil.example", fetcher: elsewhere)
        let answer = try await door.request(authorization: ["Bearer \(try stranger.token())"])
        #expect(answer.status == 401)
        #expect(answer.reason == "untrusted_issuer")
        #expect(fetcher.requests.isEmpty)
    }

    @Test func `metadata that names another issuer is not used`() async throws {
        let lying: JSON = ["issuer": "https://auth.example.com/", "jwks_uri": "https://auth.example.com/jwks"]
        fetcher.serve(lying.encoded(), at: "https://auth.example.com/.well-known/openid-configuration")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
    }

    @Test(arguments: [
        ("aud", "https://api.example.com/notes/", "audience_mismatch"),
        ("aud", "https://api.example.com", "audience_mismatch"),
        ("sub", "", "invalid_claim"), ("typ", "Refresh", "wrong_token_type"), ("token_use", "id", "wrong_token_type"),
        ("nonce", "n", "wrong_token_type"),
    ])
    func `an invalid claim is refused with its own reason`(
        name: String,
        value: String,
        reason: String
    ) async throws {
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token([name: .string(value)]))"])
        #expect(answer.status == 401)
        #expect(answer.reason == reason)
    }

    @Test func `E17: every refusal of a token looks the same to the client`() async throws {
        var challenges = Set<String>()
        let tokens = [
            try issuer.token(["aud": "x"]), try issuer.token(["exp": 1]), try issuer.token(without: ["exp"]), "garbage",
            try issuer.token(["iss": "https://evil.example"]), try issuer.token(["cnf": ["jkt": "x"]]),
        ]
        for token in tokens {
            let answer = try await door.request(authorization: ["Bearer \(token)"])
            #expect(answer.status == 401)
            challenges.insert(answer.challenge ?? "none")
        }
        #expect(challenges.count == 1)
    }

    @Test(arguments: [
        ("Origin", "https://evil.example", "127.0.0.1:8080", 403),
        ("Origin", "http://localhost:6274", "127.0.0.1:8080", 401),
        ("X-Nothing", "", "evil.example", 404), ("Origin", "null", "127.0.0.1:8080", 403),
    ])
    func `a server on this machine refuses foreign origins and host names`(
        name: String,
        value: String,
        host: String,
        status: Int
    ) async throws {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        let local = try ResourceConfiguration("http://127.0.0.1:8080/mcp", authorizationServers: [server])
        let localDoor = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [local]), fetcher: fetcher),
            resource: try ResourceIdentifier("http://127.0.0.1:8080/mcp"),
            now: door.now
        )
        #expect(try await localDoor.request(host: host, fields: [(name, value)]).status == status)
    }

    @Test func `a preflight is answered without a token`() async throws {
        let fields = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")]
        #expect(try await door.request(method: .options, fields: fields).status == 204)
        #expect(try await door.request(method: .options).status == 401)
    }

    @Test func `claims are read where the issuer puts them`() async throws {
        let server = AuthorizationServer(
            issuer: "https://auth.example.com",
            discovery: .oidc,
            overrides: ["jwks_uri": "https://auth.example.com/other"],
            transformMetadata: { $0.replacing("/other", with: "/jwks") },
            profile: .rfc9068,
            claims: ClaimMapping(scope: ["permissions"], clientID: ["/app/id"])
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        var mapped = door
        mapped = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: fetcher),
            resource: door.resource,
            now: door.now
        )
        let token = try issuer.token(["permissions": ["a", "b"], "app": ["id": "app-1"]])
        let info = try #require(try await mapped.request(authorization: ["Bearer \(token)"]).authInfo)
        #expect(info.scopes == ["a", "b"])
        #expect(info.clientID == "app-1")
        let plain = try issuer.token(header: ["typ": "JWT"])
        #expect(try await mapped.request(authorization: ["Bearer \(plain)"]).reason == "wrong_token_type")
        let incomplete = try issuer.token(without: ["jti"])
        #expect(try await mapped.request(authorization: ["Bearer \(incomplete)"]).reason == "wrong_token_type")
    }
}

/// Many requests at once, through one engine.
@Suite struct ConcurrencyTests {
    @Test func `two hundred requests at once, half of them hostile, each get their own answer`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://auth.example.com", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        let names = ["https://api.example.com/notes", "https://api.example.com/calendar"]
        let resources = try names.map { try ResourceConfiguration($0, authorizationServers: [server]) }
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: fetcher)
        let now = NumericDate(1_795_425_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                let name = names[number % 2]
                let isHostile = number / 2 % 2 == 1
                let audience = isHostile ? names[(number + 1) % 2] : name
                let token = try issuer.token(["sub": .string("user-\(number)"), "aud": .string(audience)])
                group.addTask {
                    let door = Door(mcpAuth: mcpAuth, resource: try ResourceIdentifier(name), now: now)
                    let answer = try await door.request(authorization: ["Bearer \(token)"])
                    #expect(answer.status == (isHostile ? 401 : 200))
                    #expect(answer.authInfo?.subject == (isHostile ? nil : "user-\(number)"))
                    #expect(isHostile || answer.authInfo?.resource.description == name)
                }
            }
            try await group.waitForAll()
        }
        #expect(fetcher.requests.count == 2, "metadata and keys are fetched once, whoever comes first")
    }
}
