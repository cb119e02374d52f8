// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthSigning
import MCPAuthVerification
import TestSupport
import Testing

/// Defects of the existing SDKs that must not occur here; `Tests/acceptance.md` has the list.
@Suite struct ExistingSDKDefectTests {
    @Test func `SDK D1: keys are not fetched for every token, and concurrent requests share one fetch`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let fetcher = issuer.fetcher
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let door = try Door.notes([server], fetcher: fetcher, tokenCacheCapacity: 0)
        let tokens = try (0..<10).map { try issuer.token(["sub": .string("user-\($0)")]) }
        fetcher.hold()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for token in tokens {
                group.addTask { try await door.request(authorization: ["Bearer \(token)"]).status }
            }
            while fetcher.received.isEmpty { await Task.yield() }
            fetcher.release()
            var statuses: [Int] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses == Array(repeating: 200, count: 10))
        for token in tokens { #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200) }
        #expect(fetcher.requests.count == 2, "metadata and keys, once")
    }

    @Test(
        arguments: [
            ["crit": ["x"], "x": 1], ["kid": 7], ["kid": [:]], ["kid": .null], ["typ": 7], ["alg": 7],
        ] as [[String: JSON]]
    )
    func `SDK D2: a header that breaks parsers is 401, never a server error`(header: [String: JSON]) async throws {
        let (door, issuer) = try Door.notes()
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token(header: header))"])
        #expect(answer.status == 401)
        #expect(answer.reason == "malformed_token")
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `SDK D3: an unavailable key set is 503 with Retry-After, never an invalid token`() async throws {
        let (door, issuer) = try Door.notes()
        issuer.fetcher.serve([], at: "https://issuer.example/jwks", status: 500)
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.status == 503)
        #expect(answer.reason == "issuer_unavailable")
        #expect(answer.retryAfter != nil)
        #expect(answer.challenge == nil)
    }

    @Test(
        arguments: [
            [], ["Bearer"], ["Bearer a b"], ["Bearer a,b"], ["Bearer a", "Bearer b"], [#"Basic "x\""#],
            [#"Bearer "x\""#],
        ] as [[String]]
    )
    func `SDK D4: a challenge is quoted correctly, whatever was wrong with the request`(
        authorization: [String]
    ) async throws {
        let (door, _) = try Door.notes()
        let challenge = try #require(try await door.request(authorization: authorization).challenge)
        let grammar = #/Bearer [a-z_]+="[^"\\]*"(, [a-z_]+="[^"\\]*")*/#
        #expect(challenge.wholeMatch(of: grammar) != nil, "\(challenge)")
    }

    @Test func `SDK D5: errors follow RFC 6750, and name the metadata URL and any missing scopes`() async throws {
        let (door, issuer) = try Door.notes()
        let requestGuard = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: ["read:notes", "write:notes"]
        )
        let metadata = #"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes""#
        let scope = #"scope="read:notes write:notes""#
        let cases: [([String], Int, String)] = [
            ([], 401, "Bearer \(scope), \(metadata)"),
            (["Bearer a b"], 400, #"Bearer error="invalid_request", \#(metadata), "#),
            (["Bearer garbage"], 401, #"Bearer error="invalid_token", \#(metadata), "#),
            (["Bearer \(try issuer.token())"], 403, #"Bearer error="insufficient_scope", \#(scope), \#(metadata), "#),
        ]
        for (authorization, status, beginning) in cases {
            let answer = try await door.request(authorization: authorization, through: requestGuard)
            #expect(answer.status == status)
            #expect(answer.challenge?.hasPrefix(beginning) == true, "\(answer.challenge ?? "")")
        }
    }

    @Test(
        arguments: [
            "https://api.example.com/other", "https://api.example.com", "https://api.example.com/notes/1", "client-1",
            "", nil,
        ] as [String?]
    )
    func `SDK D6: a token for another service of the issuer is refused, although no audience is configured`(
        audience: String?
    ) async throws {
        let (door, issuer) = try Door.notes()
        let token = try audience.map { try issuer.token(["aud": .string($0)]) } ?? issuer.token(without: ["aud"])
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        #expect(answer.status == 401)
        #expect(answer.reason == "audience_mismatch")
    }

    @Test(arguments: [
        (#"{"issuer":"https://other.example","jwks_uri":"https://other.example/jwks"}"#, "MA040"),
        (#"{"jwks_uri":"https://auth.example.com/jwks"}"#, "MA040"), ("null", "MA040"), ("[]", "MA040"),
    ])
    func `SDK D7: inline metadata is checked when the configuration is loaded, not when a token arrives`(
        metadata: String,
        code: String
    ) {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .inline(JSON(text: metadata)))
        let error = #expect(throws: ConfigurationError.self) {
            try Door.notes([server], fetcher: FixtureFetcher([:]))
        }
        #expect(error?.code.description == code)
    }

    private static let complete = """
        "issuer":"https://auth.example.com","authorization_endpoint":"https://auth.example.com/authorize",
        "token_endpoint":"https://auth.example.com/token","jwks_uri":"https://auth.example.com/jwks"
        """

    @Test(arguments: [
        (#"{\#(complete),"response_types_supported":["code"],"code_challenge_methods_supported":["S256"]}"#, []),
        (#"{\#(complete),"response_types_supported":["code"]}"#, ["pkce_not_supported"]),
        (
            #"{\#(complete),"response_types_supported":["token"],"code_challenge_methods_supported":["plain"]}"#,
            ["code_response_type_not_supported", "s256_code_challenge_method_not_supported"]
        ),
    ])
    func `each defect of inline metadata for MCP clients is one warning`(metadata: String, codes: [String]) throws {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .inline(JSON(text: metadata)))
        let resources = try ["notes", "calendar"].map { name in
            try ResourceConfiguration("https://api.example.com/\(name)", authorizationServers: [server])
        }
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: FixtureFetcher([:]))
        #expect(mcpAuth.warnings.count == codes.count)
        for code in codes { #expect(mcpAuth.warnings.contains { $0.contains(code) }) }
    }

    @Test func `a server whose metadata is fetched later causes no warning`() throws {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        #expect(try Door.notes([server], fetcher: FixtureFetcher([:])).mcpAuth.warnings.isEmpty)
    }

    @Test func `SDK D8: an asynchronous verify function works`() async throws {
        let verifier = AttachedVerifier(
            FunctionVerifier("slow") { _, _ in
                await Task.yield()
                return try .verified(claims: [
                    "sub": "alice", "aud": "https://api.example.com/notes", "exp": 1_795_425_600, "scope": "a",
                ])
            },
            issuer: "urn:example:keys"
        )
        let door = try Door.notes([], fetcher: FixtureFetcher([:]), verifiers: [verifier])
        let answer = try await door.request(authorization: ["Bearer opaque"])
        #expect(answer.status == 200)
        #expect(answer.authInfo?.subject == "alice")
        #expect(answer.authInfo?.issuer == "urn:example:keys")
    }

    @Test func `SDK D9: discovered metadata is fetched again when it is old`() async throws {
        var (door, issuer) = try Door.notes()
        let place = "https://issuer.example/.well-known/openid-configuration"
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let moved: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/moved"]
        issuer.fetcher.serve(moved.encoded(), at: place)
        issuer.fetcher.serve((["keys": [issuer.key.publicJWK]] as JSON).encoded(), at: "https://issuer.example/moved")
        door.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        let later = try issuer.token(now: door.now)
        #expect(try await door.request(authorization: ["Bearer \(later)"]).status == 200)
        #expect(issuer.fetcher.requests.filter { $0 == place }.count == 2)
        #expect(issuer.fetcher.requests.last == "https://issuer.example/moved")
    }

    @Test func `an issuer that is down is not fetched again by every request`() async throws {
        let (door, issuer) = try Door.notes()
        issuer.fetcher.setDown(true)
        let token = try issuer.token()
        for _ in 0..<20 { #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 503) }
        #expect(issuer.fetcher.requests.count == 1)
    }

    @Test func `every fetch has a time limit and a size limit`() async throws {
        let (door, issuer) = try Door.notes()
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        #expect(issuer.fetcher.received.count == 2)
        for request in issuer.fetcher.received {
            #expect(request.timeout > 0 && request.timeout <= 5)
            #expect(request.maximumBytes > 0 && request.maximumBytes <= 512 * 1024)
        }
    }

    @Test func `an asynchronous transform repairs metadata without a key set`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let place = "https://issuer.example/.well-known/openid-configuration"
        issuer.fetcher.serve(Array(#"{"issuer":"https://issuer.example"}"#.utf8), at: place)
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            transformMetadata: { metadata in
                await Task.yield()
                return metadata.merging(patch: ["jwks_uri": "https://issuer.example/jwks"])
            }
        )
        let door = try Door.notes([server], fetcher: issuer.fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test func `SDK D10: scp and azp need no configuration, and each issuer has its own mapping`() async throws {
        let fetcher = FixtureFetcher([:])
        let plain = try FixtureIssuer("https://plain.example", fetcher: fetcher)
        let mapped = try FixtureIssuer("https://mapped.example", fetcher: fetcher)
        let mapping = ClaimMapping(scope: ["permissions"], clientID: ["appid"])
        let servers = [
            AuthorizationServer(issuer: "https://plain.example", discovery: .oidc),
            AuthorizationServer(issuer: "https://mapped.example", discovery: .oidc, claims: mapping),
        ]
        let door = try Door.notes(servers, fetcher: fetcher)
        let claims: [String: JSON] = ["scp": "a b", "azp": "app-1", "permissions": ["c"], "appid": "app-2"]
        for (issuer, scopes, clientID) in [(plain, ["a", "b"], "app-1"), (mapped, ["c"], "app-2")] {
            let token = try issuer.token(claims, without: ["scope", "client_id"])
            let authInfo = try await door.request(authorization: ["Bearer \(token)"]).authInfo
            #expect(authInfo?.scopes.values == scopes)
            #expect(authInfo?.clientID == clientID)
        }
    }

    @Test(
        arguments: [
            ([:], ["exp"], "missing_expiry"), (["nonce": "n"], [], "wrong_token_type"),
            (["exp": .number(1_795_425_600.5)], [], nil), (["exp": "1795425600"], [], "missing_expiry"),
        ] as [([String: JSON], [String], String?)]
    )
    func `SDK D13: a token without exp and an ID token are refused, and a fractional exp is accepted`(
        changes: [String: JSON],
        removed: [String],
        reason: String?
    ) async throws {
        let (door, issuer) = try Door.notes()
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token(changes, without: removed))"])
        #expect(answer.status == (reason == nil ? 200 : 401))
        #expect(answer.reason == reason)
    }

    @Test func `SDK D14: a request without a valid token is logged as information, with its reason`() async throws {
        let events = Lock<[EngineEvent]>([])
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let door = try Door.notes([server], fetcher: FixtureFetcher([:])) { event in
            events.withLock { $0.append(event) }
        }
        #expect(try await door.request().reason == "no_credentials")
        #expect(try await door.request(authorization: ["Bearer a b"]).reason == "malformed_credentials")
        #expect(try await door.request(authorization: ["Bearer garbage"]).reason == "unrecognized_token")
        let levels = events.withLock { $0 }.map(\.level)
        #expect(levels == [.info, .info, .info])
    }

    @Test func `SDK D15: two engines in one process share neither callers nor keys`() async throws {
        let (first, one) = try Door.notes()
        let (second, two) = try Door.notes()
        let alice = try one.token(["sub": "alice"])
        let bob = try two.token(["sub": "bob"])
        for _ in 0..<2 {
            #expect(try await first.request(authorization: ["Bearer \(alice)"]).authInfo?.subject == "alice")
            #expect(try await second.request(authorization: ["Bearer \(bob)"]).authInfo?.subject == "bob")
            #expect(try await first.request(authorization: ["Bearer \(bob)"]).reason == "unknown_key")
            #expect(try await second.request(authorization: ["Bearer \(alice)"]).reason == "unknown_key")
        }
        #expect(AuthInfo.current == nil, "a caller exists only while its handler runs")
    }

    @Test func `SDK D16: equivalent spellings, and a trailing slash in a request, mean the same resource`()
        async throws
    {
        let (door, issuer) = try Door.notes()
        let authorization = ["Bearer \(try issuer.token())"]
        for spelling in ["https://api.example.com/notes", "HTTPS://API.example.com:443/notes"] {
            let requestGuard = try door.mcpAuth.requestGuard(resource: spelling, audience: [], requiredScopes: [])
            #expect(try await door.request(authorization: authorization, through: requestGuard).status == 200)
        }
        for path in ["/notes", "/notes/"] {
            #expect(try await door.request(authorization: authorization, path: path).status == 200)
        }
        let both = try ["https://api.example.com/notes", "https://api.example.com/notes/"].map {
            try ResourceConfiguration($0, authorizationServers: [])
        }
        #expect(throws: ConfigurationError(.conflict, "")) {
            try MCPAuth(MCPAuthConfiguration(resources: both), fetcher: FixtureFetcher([:]))
        }
    }
}
