// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthLock
import TestSupport
import Testing

/// Claim transformers of an application, behind a door.
@Suite struct ClaimTransformerTests {
    private struct Broken: Error {}

    /// A transformer that is this function.
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

    @Test func `handlers and policies see what it makes, after the claim mapping`() async throws {
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

    @Test func `it runs once for each token, and knows the issuer`() async throws {
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

    @Test func `subject, client and scopes are what it makes of them`() async throws {
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

    @Test func `bounds of the issuer hold for its result too`() async throws {
        let change = Change { claims, _ in claims["scope"] = "read:notes admin" }
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
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
    func `what says for whom and how long a token is good it must not change`(claim: String, value: JSON) async throws {
        let (door, issuer) = try Self.door([Change { claims, _ in claims[claim] = value }])
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.verdict == "401 transform_failed")
        let (other, second) = try Self.door([Change { claims, _ in claims[claim] = nil }])
        let kept = try await other.request(authorization: ["Bearer \(try second.token())"])
        let isThere = ["iss", "aud", "exp"].contains(claim)
        #expect(kept.verdict == (isThere ? "401 transform_failed" : "200"))
    }

    @Test func `a token that is bound to a key stays so`() async throws {
        let (door, issuer) = try Self.door([Change { claims, _ in claims["cnf"] = nil }])
        let token = try issuer.token(["cnf": ["jkt": "x"]])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 transform_failed")
    }

    @Test func `an error or claims that are no claims refuse the token`() async throws {
        let changes: [(Change, String)] = [
            (Change { _, _ in throw Broken() }, "401 transform_failed"),
            (Change { claims, _ in claims["sub"] = 7 }, "401 invalid_claim"),
            (
                Change { claims, _ in
                    claims["sub"] = nil
                    claims["client_id"] = nil
                }, "401 invalid_claim"
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

    @Test func `those of the authorization server run before those of the resource`() async throws {
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
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
    ) throws -> (Door, TestIssuer) {
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
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
