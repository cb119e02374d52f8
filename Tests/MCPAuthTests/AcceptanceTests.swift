// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Configuration requirements from the acceptance list of the existing SDKs.
@Suite struct AcceptanceConfigurationTests {
    @Test func `a configuration without any protected resource is refused`() {
        #expect(throws: ConfigurationError(.missingKey, "")) {
            try MCPAuth(MCPAuthConfiguration(resources: []), fetcher: FixtureFetcher([:]))
        }
    }

    @Test(
        arguments: [
            (.oidc, .oidc), (.oidc, .oauth), (.inline(JSON(text: #"{"issuer":"https://auth.example.com"}"#)), .oidc),
        ] as [(AuthorizationServer.Discovery, AuthorizationServer.Discovery)]
    )
    func `an issuer named twice for one resource is refused, and the error names both`(
        first: AuthorizationServer.Discovery,
        second: AuthorizationServer.Discovery
    ) {
        let servers = [first, second].map { AuthorizationServer(issuer: "https://auth.example.com", discovery: $0) }
        let error = #expect(throws: ConfigurationError.self) {
            try Door.notes(servers, fetcher: FixtureFetcher([:]))
        }
        #expect(error?.code.description == "MA007")
        #expect(error?.message.contains("https://auth.example.com") == true)
        #expect(error?.message.contains("https://api.example.com/notes") == true)
    }

    @Test func `an issuer named twice is refused, even if the token issuers differ`() {
        let servers = ["https://one.example", "https://two.example"].map { tokenIssuer in
            var server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
            server.tokenIssuer = IssuerIdentifier(tokenIssuer)
            return server
        }
        let error = #expect(throws: ConfigurationError.self) {
            try Door.notes(servers, fetcher: FixtureFetcher([:]))
        }
        #expect(error?.message.contains("`https://auth.example.com` is named twice") == true)
    }

    @Test(arguments: ["auth.example", "urn:example:as", "http://auth.example", "https://auth.example/#x", ""])
    func `an issuer that is not an https URL is refused when it is configured`(issuer: String) {
        for discovery in [AuthorizationServer.Discovery.oidc, .oauth] {
            let server = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: discovery)
            #expect(throws: ConfigurationError(.invalidValue, "")) {
                try Door.notes([server], fetcher: FixtureFetcher([:]))
            }
        }
    }

    @Test func `issuers with four kinds of discovery work together and are published in order`() async throws {
        let fetcher = FixtureFetcher([:])
        let ways: [(name: String, place: String, discovery: AuthorizationServer.Discovery)] = [
            ("https://inline.example", "/unused", .inline(JSON(text: Self.metadata("https://inline.example")))),
            ("https://oidc.example", "/.well-known/openid-configuration", .oidc),
            ("https://oauth.example", "/.well-known/oauth-authorization-server", .oauth),
            ("https://url.example", "/metadata.json", .metadataURL("https://url.example/metadata.json")),
        ]
        let issuers = try ways.map { try FixtureIssuer($0.name, fetcher: fetcher, discovery: $0.place) }
        let servers = ways.map { AuthorizationServer(issuer: IssuerIdentifier($0.name), discovery: $0.discovery) }
        let door = try Door.notes(servers, fetcher: fetcher)
        for issuer in issuers {
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        }
        let asked = fetcher.requests.filter { $0.hasPrefix("https://inline.example") }
        #expect(asked == ["https://inline.example/jwks"], "metadata that is given is not fetched")
        let request = HTTPRequest(
            method: .get,
            scheme: "https",
            authority: "api.example.com",
            path: "/.well-known/oauth-protected-resource/notes"
        )
        let response = try #require(door.mcpAuth.metadataEndpoint.response(to: request))
        let document = try JSONDocument(parsing: response.body, limits: .fetched).root
        #expect(document["authorization_servers"]?.array?.compactMap(\.string) == ways.map(\.name))
    }

    private static func metadata(_ issuer: String) -> String {
        #"{"issuer":"\#(issuer)","jwks_uri":"\#(issuer)/jwks"}"#
    }
}

/// Discovery requirements from the acceptance list of the existing SDKs.
@Suite struct AcceptanceDiscoveryTests {
    @Test(
        arguments: [
            ("https://a.example", .oauth, "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.example/", .oauth, "https://a.example/.well-known/oauth-authorization-server"),
            ("https://a.example/t", .oauth, "https://a.example/.well-known/oauth-authorization-server/t"),
            ("https://a.example/t/", .oauth, "https://a.example/.well-known/oauth-authorization-server/t"),
            ("https://a.example/t/v2.0", .oauth, "https://a.example/.well-known/oauth-authorization-server/t/v2.0"),
            ("https://a.example", .oidc, "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", .oidc, "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/t", .oidc, "https://a.example/t/.well-known/openid-configuration"),
            ("https://a.example/t/", .oidc, "https://a.example/t/.well-known/openid-configuration"),
            ("https://a.example/t/v2.0", .oidc, "https://a.example/t/v2.0/.well-known/openid-configuration"),
        ] as [(String, AuthorizationServer.Discovery, String)]
    )
    func `metadata is requested only from the well-known URL of the configured discovery`(
        issuer: String,
        discovery: AuthorizationServer.Discovery,
        url: String
    ) async throws {
        let fetcher = FixtureFetcher([:])
        let server = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: discovery)
        let door = try Door.notes([server], fetcher: fetcher)
        let token = try SigningKey(.es256).sign(header: [:], claims: ["iss": .string(issuer)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 503)
        #expect(fetcher.requests == [url])
    }

    @Test func `a trailing slash of the issuer is kept`() async throws {
        let fetcher = FixtureFetcher([:])
        let place = ".well-known/openid-configuration"
        let issuer = try FixtureIssuer("https://auth.example.com/", fetcher: fetcher, discovery: place)
        let server = AuthorizationServer(issuer: "https://auth.example.com/", discovery: .oidc)
        let door = try Door.notes([server], fetcher: fetcher)
        let good = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(good.authInfo?.issuer == "https://auth.example.com/")
        let without = try issuer.token(["iss": "https://auth.example.com"])
        #expect(try await door.request(authorization: ["Bearer \(without)"]).reason == "untrusted_issuer")
    }

    @Test(arguments: [
        ("", 500, "https://issuer.example/.well-known/openid-configuration answered 500"),
        ("null", 200, "`issuer`"), ("[]", 200, "`issuer`"), (#"{"issuer":7}"#, 200, "`issuer`"),
        ("<html>", 200, "not return valid JSON"), (#"{"issuer":"https://issuer.example"}"#, 200, "jwks_uri"),
    ])
    func `an error of an issuer is 503 for the client and is reported to the operator`(
        body: String,
        status: Int,
        text: String
    ) async throws {
        let events = Lock<[EngineEvent]>([])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(Array(body.utf8), at: place, status: status)
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let door = try Door.notes([server], fetcher: issuer.fetcher) { event in events.withLock { $0.append(event) } }
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.status == 503)
        #expect(answer.retryAfter != nil)
        let messages = events.withLock { $0 }.filter { $0.code == .fetchFailed }.map(\.message)
        #expect(messages.contains { $0.contains("https://issuer.example") && $0.contains(text) }, "\(messages)")
    }

    @Test func `a token for one resource is refused at another without a fetch`() async throws {
        let fetcher = FixtureFetcher([:])
        let first = try FixtureIssuer("https://one.example", fetcher: fetcher)
        let second = try FixtureIssuer("https://two.example", fetcher: fetcher)
        let resources = try [("notes", first), ("calendar", second)].map { name, issuer in
            let server = AuthorizationServer(issuer: IssuerIdentifier(issuer.identifier), discovery: .oidc)
            return try ResourceConfiguration("https://api.example.com/\(name)", authorizationServers: [server])
        }
        let door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/notes"),
            now: NumericDate(1_795_425_000)
        )
        let foreign = try second.token(["aud": "https://api.example.com/calendar"])
        #expect(try await door.request(authorization: ["Bearer \(foreign)"]).reason == "untrusted_issuer")
        #expect(fetcher.requests.isEmpty)
        #expect(try await door.request(authorization: ["Bearer \(foreign)"], path: "/calendar").status == 200)
        #expect(try await door.request(authorization: ["Bearer \(try first.token())"]).status == 200)
    }
}

/// Requirements for requests and tokens from the acceptance list of the existing SDKs.
@Suite struct AcceptanceTokenTests {
    @Test(
        arguments: [
            (["Bearer a b c"], 400, #"Bearer error="invalid_request", "#),
            (["Bearer"], 401, "Bearer resource_metadata="),
            (["Bearer a", "Bearer a"], 400, #"Bearer error="invalid_request", "#),
            (["Basic eDp5"], 401, "Bearer resource_metadata="), ([], 401, "Bearer resource_metadata="),
        ] as [([String], Int, String)]
    )
    func `malformed credentials are 400, and none or another scheme are 401 without an error`(
        authorization: [String],
        status: Int,
        beginning: String
    ) async throws {
        let (door, _) = try Door.notes()
        let answer = try await door.request(authorization: authorization)
        #expect(answer.status == status)
        #expect(answer.challenge?.hasPrefix(beginning) == true, "\(answer.challenge ?? "")")
    }

    @Test func `a verifier function gets the token as it was sent, and its rejection is invalid_token`() async throws {
        let seen = Lock<[String]>([])
        let verifier = AttachedVerifier(
            FunctionVerifier("keys") { token, _ in
                seen.withLock { $0.append(token.dangerouslyRevealed) }
                return .rejected()
            },
            issuer: "urn:example:keys"
        )
        let door = try Door.notes([], fetcher: FixtureFetcher([:]), verifiers: [verifier])
        let answer = try await door.request(authorization: ["Bearer opaque-1"])
        #expect(answer.status == 401)
        #expect(answer.challenge?.hasPrefix(#"Bearer error="invalid_token", resource_metadata="#) == true)
        #expect(seen.withLock { $0 } == ["opaque-1"])
    }

    @Test(
        arguments: [
            ([:], ["iss"], "malformed_token"), (["iss": 7], [], "malformed_token"),
            (["iss": ""], [], "untrusted_issuer"), (["iss": "https://issuer.example/"], [], "untrusted_issuer"),
        ] as [([String: JSON], [String], String)]
    )
    func `a token that names no trusted issuer is refused before anything is fetched`(
        changes: [String: JSON],
        removed: [String],
        reason: String
    ) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(changes, without: removed)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == reason)
        #expect(try await door.request(authorization: ["Bearer garbage"]).reason == "unrecognized_token")
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test(
        arguments: [
            (["sub": ""], []), (["sub": 7], []), ([:], ["sub", "client_id"]), (["client_id": 7], []),
            (["client_id": ""], []), (["client_id": "", "azp": "app"], []),
        ] as [([String: JSON], [String])]
    )
    func `a subject or client that is empty or not a string makes the token invalid`(
        changes: [String: JSON],
        removed: [String]
    ) async throws {
        let (door, issuer) = try Door.notes()
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token(changes, without: removed))"])
        #expect(answer.status == 401)
        #expect(answer.challenge?.hasPrefix(#"Bearer error="invalid_token", "#) == true)
    }

    @Test func `a client without a subject and a subject without a client are valid callers`() async throws {
        let (door, issuer) = try Door.notes()
        let client = try await door.request(authorization: ["Bearer \(try issuer.token(without: ["sub"]))"])
        #expect(client.authInfo?.clientID == "c1")
        #expect(client.status == 200 && client.authInfo?.subject == nil)
        let person = try await door.request(authorization: ["Bearer \(try issuer.token(without: ["client_id"]))"])
        #expect(person.authInfo?.subject == "alice")
        #expect(person.status == 200 && person.authInfo?.clientID == nil)
    }

    @Test func `azp names the client if client_id is missing`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(["azp": "app"], without: ["client_id"])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).authInfo?.clientID == "app")
        let both = try issuer.token(["azp": "app"])
        #expect(try await door.request(authorization: ["Bearer \(both)"]).authInfo?.clientID == "c1")
    }

    @Test(
        arguments: [
            (["scope": "a b"], ["a", "b"]), (["scope": "  a  b "], ["a", "b"]), (["scope": ["a", "b"]], ["a", "b"]),
            ([:], []), (["scope": ""], []), (["scope": []], []), (["scope": "", "scp": "a"], []),
        ] as [([String: JSON], [String])]
    )
    func `scopes are read from a string or an array, and empty ones are dropped`(
        changes: [String: JSON],
        scopes: [String]
    ) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(changes, without: changes.isEmpty ? ["scope"] : [])
        let authInfo = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        #expect(authInfo?.scopes.values == scopes)
    }

    @Test func `a claim named scopes is read if the mapping names it`() async throws {
        let (door, issuer) = try Door.notes(claims: ClaimMapping(scope: ["scope", "scopes"]))
        let token = try issuer.token(["scopes": ["a", "b"]], without: ["scope"])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).authInfo?.scopes.values == ["a", "b"])
        let both = try issuer.token(["scopes": ["a", "b"]])
        #expect(try await door.request(authorization: ["Bearer \(both)"]).authInfo?.scopes.values == ["read:notes"])
    }

    @Test func `the exp and iat of a token are passed to the handler`() async throws {
        let (door, issuer) = try Door.notes()
        let authInfo = try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo
        #expect(authInfo?.expiresAt == NumericDate(1_795_425_600))
        #expect(authInfo?.claims.value(at: "/exp")?.double == 1_795_425_600)
        #expect(authInfo?.claims.value(at: "/iat")?.double == 1_795_425_000)
    }

    @Test(
        arguments: [
            (["https://a.example", "https://b.example"], "audience_mismatch"),
            (["https://a.example", "https://api.example.com/notes"], nil), ([], "audience_mismatch"),
        ] as [([String], String?)]
    )
    func `one of several audiences must be this resource`(audiences: [String], reason: String?) async throws {
        let (door, issuer) = try Door.notes()
        let answer = try await door.request(
            authorization: ["Bearer \(try issuer.token(["aud": .array(audiences.map(JSON.string))]))"]
        )
        #expect(answer.status == (reason == nil ? 200 : 401))
        #expect(answer.reason == reason)
    }

    @Test(arguments: [(0.0, -1.0, 401), (0, 1, 200), (300, -299, 200), (300, -301, 401)])
    func `the leeway of an issuer is the configured one`(
        leeway: Double,
        seconds: Double,
        status: Int
    ) async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc, leeway: leeway)
        let door = try Door.notes([server], fetcher: issuer.fetcher)
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + seconds)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == status)
    }
}

extension Door {
    /// A door for the resource `https://api.example.com/notes`.
    static func notes(
        _ servers: [AuthorizationServer],
        fetcher: FixtureFetcher,
        verifiers: [AttachedVerifier] = [],
        tokenCacheCapacity: Int = 100_000,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) throws -> Door {
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: servers)
        resource.verifiers = verifiers
        let configuration = MCPAuthConfiguration(
            resources: [resource],
            tokenCacheCapacity: tokenCacheCapacity,
            onEvent: onEvent
        )
        return Door(
            mcpAuth: try MCPAuth(configuration, fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }
}
