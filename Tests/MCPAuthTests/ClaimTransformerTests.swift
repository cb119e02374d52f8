// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// Claim transformers of an application.
@Suite struct ClaimTransformerTests {
    private struct Broken: Error {}

    /// A transformer that calls a function.
    private struct Change: ClaimTransformer {
        var name = "change"
        let function: @Sendable (inout [String: JSON], IssuerIdentifier) throws -> Void

        init(_ function: @escaping @Sendable (inout [String: JSON], IssuerIdentifier) throws -> Void) {
            self.function = function
        }

        func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
            var claims = claims
            try function(&claims, issuer)
            return claims
        }
    }

    private static let roles = Change { claims, _ in
        claims["roles"] = .array((claims["groups"]?.strings ?? []).map { .string("role:" + $0) })
    }

    @Test func `handlers and policies see the transformed claims, after the claim mapping`() async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","#
            + #""when":{"claim":"/roles","contains":"role:staff"}}]}"#
        let (door, issuer) = try Self.door(
            [Self.roles],
            policy: policy,
            claims: ClaimMapping(others: ["groups": ["g"]])
        )
        let staff = try await door.request(authorization: ["Bearer \(try issuer.token(["g": ["staff"]]))"])
        #expect(staff.status == 200)
        #expect(staff.authInfo?.claims["roles"] == ["role:staff"])
        #expect(staff.authInfo?.claims["groups"] == ["staff"])
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token(["g": ["other"]]))"]).status == 403)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 403)
    }

    @Test func `a transformer runs once for each token, and is given the issuer`() async throws {
        let runs = Counter()
        let change = Change { claims, issuer in
            claims["n"] = .integer(Int64(runs.next()))
            claims["by"] = .string(issuer.description)
        }
        let (door, issuer) = try Self.door([change])
        let token = try issuer.token()
        for _ in 0..<3 {
            let answer = try await door.request(authorization: ["Bearer \(token)"])
            #expect(answer.authInfo?.claims["n"] == 1)
            #expect(answer.authInfo?.claims["by"] == "https://issuer.example")
        }
    }

    @Test func `the subject, client and scopes come from the transformed claims`() async throws {
        let change = Change { claims, _ in
            claims["sub"] = "tenant-1/alice"
            claims["scope"] = ["read:notes", "extra"]
            claims["client_id"] = nil
        }
        let (door, issuer) = try Self.door([change])
        let info = try #require(await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(info.subject == "tenant-1/alice")
        #expect(info.clientID == nil)
        #expect(Array(info.scopes) == ["read:notes", "extra"])
    }

    @Test func `the bounds of the issuer apply to the transformed claims too`() async throws {
        let change = Change { claims, _ in claims["scope"] = "read:notes admin" }
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.transformers = [change]
        resource.allowedScopes["https://issuer.example"] = ["read:notes"]
        let door = try Door([resource], fetcher: issuer.fetcher)
        let info = try #require(await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo)
        #expect(Array(info.scopes) == ["read:notes"])
        #expect(info.claims["scope"] == ["read:notes"])
    }

    @Test(
        arguments: [
            ("iss", "https://other.example"), ("aud", "https://other.example"), ("exp", 9_999_999_999),
            ("nbf", 1),
            ("cnf", ["jkt": "x"]), ("token_type", "Bearer"), ("typ", "at+jwt"),
        ] as [(String, JSON)]
    )
    func `a transformer must not change a protected claim`(claim: String, value: JSON) async throws {
        let (door, issuer) = try Self.door([Change { claims, _ in claims[claim] = value }])
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.verdict == "401 transform_failed")
        let (other, second) = try Self.door([Change { claims, _ in claims[claim] = nil }])
        let kept = try await other.request(authorization: ["Bearer \(try second.token())"])
        let isThere = ["iss", "aud", "exp"].contains(claim)
        #expect(kept.verdict == (isThere ? "401 transform_failed" : "200"))
    }

    @Test func `a transformer must not remove the binding of a token to a key`() async throws {
        let (door, issuer) = try Self.door([Change { claims, _ in claims["cnf"] = nil }])
        let token = try issuer.token(["cnf": ["jkt": "x"]])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 transform_failed")
    }

    /// A transformer that changes nothing.
    private static let identity = Change { _, _ in }

    @Test(
        arguments: [
            ([:], [], "200"), (["cnf": .unrepresentable], [], "401 proof_required"),
            (["cnf": ["jkt": "x"]], [], "401 proof_required"), (["typ": "DPoP"], [], "401 proof_required"),
            (["token_type": "DPoP"], [], "401 proof_required"), (["nbf": 1_999_999_999], [], "401 not_yet_valid"),
            (["sub": .null], ["client_id"], "401 invalid_claim"), (["nonce": "n"], [], "401 wrong_token_type"),
        ] as [([String: JSON], [String], String)]
    )
    func `a transformer that changes nothing changes no verdict`(
        claims: [String: JSON],
        removed: [String],
        verdict: String
    ) async throws {
        for transformers in [[], [Self.identity], [Self.identity, Self.identity]] {
            let (door, issuer) = try Self.door(transformers)
            var all: [String: JSON] = [
                "iss": "https://issuer.example", "sub": "alice", "client_id": "c1",
                "aud": "https://api.example.com/notes", "exp": 1_795_425_600, "jti": "j1",
            ]
            all.merge(claims) { $1 }
            for name in removed { all[name] = nil }
            let token = try issuer.token(rawClaims: JSON.object(all).encodedExactly())
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == verdict)
        }
    }

    @Test func `a claim that a mapping hides or a transformer removes is not replaced from another claim`()
        async throws
    {
        let mapping = ClaimMapping(clientID: ["appid"])
        let (hidden, issuer) = try Self.door([Self.identity], claims: mapping)
        let answer = try await hidden.request(authorization: ["Bearer \(try issuer.token(["azp": "admin-app"]))"])
        #expect(answer.status == 200 && answer.authInfo?.clientID == nil)
        let (removed, other) = try Self.door([Change { claims, _ in claims["scope"] = nil }])
        let token = try other.token(["scp": "admin"], without: ["scope"])
        let info = try await removed.request(authorization: ["Bearer \(token)"]).authInfo
        #expect(info?.scopes.isEmpty == true)
    }

    @Test func `a revoked token is refused, whatever a transformer changes`() async throws {
        for change in [Self.identity, Change { claims, _ in claims["sub"] = "somebody else" }] {
            let (door, issuer) = try Self.door([change])
            door.mcpAuth.replaceRevocations(
                with: RevocationList([.init(issuer: "https://issuer.example", tokenID: "j1")])
            )
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).verdict == "401 revoked")
        }
        for claim in ["jti", "iat"] {
            let (door, issuer) = try Self.door([Change { claims, _ in claims[claim] = nil }])
            let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
            #expect(answer.verdict == "401 transform_failed")
        }
    }

    @Test func `a claim that cannot be represented stays unknown, with and without a transformer`() async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","#
            + #""when":{"any":[{"claim":"/tenant/id","absent":true},{"claim":"/tenant","equals":null}]}}]}"#
        for transformers in [[], [Self.identity]] {
            let (door, issuer) = try Self.door(transformers, policy: policy)
            let text = issuer.claims(#""tenant":18446744073709551616"#)
            let token = try issuer.token(rawClaims: Array(text.utf8))
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 403)
        }
    }

    @Test func `a raw claim is the claim in the token, whatever the mapping and the transformers do`() async throws {
        let absent =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","#
            + #""when":{"raw_claim":"/groups","absent":true}}]}"#
        let staff = absent.replacing(#""absent":true"#, with: #""contains":"staff""#)
        let mapping = ClaimMapping(others: ["groups": ["elsewhere"]])
        let removing = Change { claims, _ in claims["groups"] = nil }
        for transformers in [[], [Self.identity], [removing, Self.identity]] {
            for (policy, status) in [(absent, 403), (staff, 200)] {
                let (door, issuer) = try Self.door(transformers, policy: policy, claims: mapping)
                let token = try issuer.token(["groups": ["staff"]])
                // The second request uses the remembered token.
                for _ in 0..<2 { #expect(try await door.request(authorization: ["Bearer \(token)"]).status == status) }
            }
        }
    }

    @Test func `a claim name with a NUL is not taken for another name`() async throws {
        let (door, issuer) = try Self.door([Change { claims, _ in claims["scope\u{0}x"] = "admin" }])
        let info = try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo
        #expect(info.map { Array($0.scopes) } == ["read:notes"])
    }

    @Test(arguments: ["iss", "exp", "nbf", "iat", "jti", "cnf", "typ", "token_type"])
    func `a mapping must not set a protected claim`(claim: String) {
        #expect(throws: ConfigurationError.self) {
            try Self.door([], claims: ClaimMapping(others: [claim: ["other"]]))
        }
    }

    @Test func `a token is refused if a transformer throws or returns invalid claims`() async throws {
        let changes: [(Change, String)] = [
            (Change { _, _ in throw Broken() }, "401 transform_failed"),
            (Change { claims, _ in claims["sub"] = 7 }, "401 invalid_claim"),
            (
                Change { claims, _ in
                    claims["sub"] = nil
                    claims["client_id"] = nil
                }, "401 transform_failed"
            ),
            (Change { claims, _ in claims["scope"] = "a \"b\"" }, "401 invalid_claim"),
            (
                Change { claims, _ in claims["x"] = .string(String(repeating: "x", count: 300_000)) },
                "401 transform_failed"
            ),
        ]
        for (change, verdict) in changes {
            let (door, issuer) = try Self.door([change])
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).verdict == verdict)
        }
    }

    @Test func `transformers of the authorization server run before those of the resource`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        var server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        func append(_ word: String) -> Change {
            Change { claims, _ in claims["order"] = .array((claims["order"]?.elements ?? []) + [.string(word)]) }
        }
        server.transformers = [append("first"), append("second")]
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.transformers = [append("third")]
        let door = try Door([resource], fetcher: issuer.fetcher)
        let info = try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo
        #expect(info?.claims["order"] == ["first", "second", "third"])
    }

    private static func door(
        _ transformers: [Change],
        policy: String? = nil,
        claims: ClaimMapping = ClaimMapping()
    ) throws -> (Door, FixtureIssuer) {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc, claims: claims)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.transformers = transformers
        if let policy { resource.policies = [try .json(JSON(text: policy))] }
        return (try Door([resource], fetcher: issuer.fetcher), issuer)
    }
}

private final class Counter: Sendable {
    private let count = Lock(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
