// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// How long a verified token is accepted without being verified again.
@Suite struct RememberedTokenTests {
    private static let start = NumericDate(1_795_425_000)

    @Test func `a remembered token is refused once a fetch shows the private part of its key`() async throws {
        var (door, issuer) = try Door.notes()
        let token = try issuer.token(["exp": 1_795_525_000])
        #expect(try await Self.status(door, token) == 200)
        let exposed = issuer.key.publicJWK.merging(patch: ["d": "AAAA"])
        issuer.fetcher.serve((["keys": [exposed]] as JSON).encoded(), at: "https://issuer.example/jwks")
        door.now = Self.start.adding(31)
        #expect(try await Self.status(door, token) == 200, "nothing was fetched yet")
        _ = try await Self.status(door, Self.stranger(issuer))
        #expect(try await Self.status(door, token) == 401)
    }

    @Test func `a removed key is used for two hours and no longer, also for remembered tokens`() async throws {
        var (door, issuer) = try Door.notes()
        let tokens = try (0..<2).map { try issuer.token(["exp": 1_795_525_000, "jti": .string("j\($0)")]) }
        #expect(try await Self.status(door, tokens[0]) == 200)
        issuer.publish([try SigningKey(.es256)])
        door.now = Self.start.adding(31)
        _ = try await Self.status(door, Self.stranger(issuer))
        for (seconds, status) in [(7199.0, 200), (7201, 401)] {
            door.now = Self.start.adding(31 + seconds)
            for token in tokens { #expect(try await Self.status(door, token) == status, "\(seconds)") }
        }
    }

    @Test func `exp, nbf and iat are exact to the leeway, and exp also for a remembered token`() async throws {
        var (door, issuer) = try Door.notes()
        let token = try issuer.token(["exp": 1_795_425_600])
        for (seconds, status) in [(0.0, 200), (659.999, 200), (660, 401), (661, 401)] {
            door.now = Self.start.adding(seconds)
            #expect(try await Self.status(door, token) == status, "\(seconds)")
        }
        door.now = Self.start
        for claim in ["nbf", "iat"] {
            for (seconds, status) in [(60.0, 200), (60.001, 401)] {
                let later = try issuer.token([claim: .number(Self.start.secondsSinceEpoch + seconds)])
                #expect(try await Self.status(door, later) == status, "\(claim) \(seconds)")
            }
        }
    }

    @Test func `a token is introspected again once its exp has passed, also within the leeway`() async throws {
        let fetcher = FixtureFetcher([:])
        let server = AuthorizationServer(
            issuer: "https://as.example",
            discovery: .oauth,
            introspection: .init(
                endpoint: "https://as.example/introspect",
                authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s3cret")),
                cacheSeconds: 3600
            )
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        var door = try Door([resource], fetcher: fetcher)
        let active = #"{"active":true,"sub":"a","aud":"https://api.example.com/notes","exp":1795425010}"#
        fetcher.serve(Array(active.utf8), at: "https://as.example/introspect")
        for (seconds, asked) in [(0.0, 1), (9, 1), (10, 2), (20, 3)] {
            door.now = Self.start.adding(seconds)
            #expect(try await Self.status(door, "opaque") == 200, "\(seconds)")
            #expect(fetcher.requests.count == asked, "\(seconds)")
        }
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: "https://as.example/introspect")
        door.now = Self.start.adding(21)
        #expect(try await Self.status(door, "opaque") == 401)
    }

    @Test func `a token over the limit is 431 without a challenge, and one up to the limit is verified`()
        async throws
    {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let token = try issuer.token(["groups": .array((0..<900).map { .string("/org/department-\($0)/team") })])
        for (limit, verdict) in [
            (token.utf8.count, "200"), (token.utf8.count - 1, "431 token_too_long"), (262_144, "200"),
            (16 * 1024, "431 token_too_long"),
        ] {
            var configuration = MCPAuthConfiguration(resources: [resource])
            configuration.maximumTokenBytes = limit
            let door = Door(
                mcpAuth: try MCPAuth(configuration, fetcher: issuer.fetcher),
                resource: resource.metadata.resource,
                now: Self.start
            )
            let answer = try await door.request(authorization: ["Bearer \(token)"])
            #expect(answer.verdict == verdict)
            #expect(answer.challenge == nil)
        }
    }

    private static func stranger(_ issuer: FixtureIssuer) throws -> String {
        try issuer.token(header: ["typ": "at+jwt", "kid": "unknown"])
    }

    private static func status(_ door: Door, _ token: String) async throws -> Int {
        try await door.request(authorization: ["Bearer \(token)"]).status
    }
}
