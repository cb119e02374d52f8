// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// The attack tokens at the door of a resource: none is wrongly accepted, none wrongly rejected.
@Suite struct AttackTokenTests {
    /// Our decision for the cases that are a matter of policy.
    ///
    /// Accepted: what most issuers really send (no `typ` or `JWT`, scopes in an array or in `scp`, the only key that
    /// fits when there is no `kid`, either name of Ed25519, far expiry dates), header members that mean nothing to us
    /// and are not looked at (`jku`, `enc`), the other ECDSA signature of the same key, and audiences equal in
    /// canonical form. Refused: white space in a token, `crit` of whatever kind, text that is not Unicode, numbers
    /// beyond 64 bits, tokens above 16 KiB, a path with another trailing slash, and commas that hide a scope.
    static let accepted: Set<String> = [
        "valid-kid-absent-ec384-only", "valid-typ-JWT", "valid-typ-absent", "valid-scope-array", "valid-scp-array",
        "ed25519-fully-specified-alg", "ecdsa-high-s-malleable", "jku-present", "enc-header-in-jws", "exp-2^53+1",
        "exp-1e308", "exp-ms", "nbf-within-leeway", "iat-negative", "iat-missing", "exp-before-iat",
        "scope-double-space",
    ]

    @Test func `every case gets its verdict`() async throws {
        let set = try Vectors.attackTokens()
        let door = try Self.door(set.keys)
        let requestGuard = try door.mcpAuth.requestGuard(
            resource: "https://mcp.example/mcp",
            audience: [],
            requiredScopes: ["files:read"]
        )
        var wrong: [String] = []
        var count = 0
        for test in set.tokens {
            let name = test.name
            let expected = test.expect == "accept" || (test.expect == "policy" && Self.accepted.contains(name))
            // These bytes cannot come through an HTTP field, so the verifiers see them directly.
            if ["b64-nul", "trailing-space"].contains(name) {
                #expect(try await door.isAllowed(Array(test.token.utf8)) == expected, "\(name)")
                count += 1
                continue
            }
            let answer = try await door.request(authorization: ["Bearer \(test.token)"], through: requestGuard)
            if (answer.status == 200) != expected { wrong.append("\(name): \(answer.status) \(answer.reason ?? "")") }
            #expect([200, 400, 401, 403].contains(answer.status), "\(name): \(answer.status)")
            count += 1
        }
        #expect(wrong == [])
        #expect(count == 170)
    }

    @Test func `no token makes us fetch what it names`() async throws {
        let set = try Vectors.attackTokens()
        let fetcher = Self.fetcher(set.keys)
        let door = try Self.door(set.keys, fetcher)
        for test in set.tokens {
            _ = try await door.request(authorization: ["Bearer \(test.token)"])
        }
        #expect(
            Set(fetcher.requests) == [
                "https://issuer.example/.well-known/oauth-authorization-server", "https://issuer.example/jwks",
            ]
        )
        #expect(fetcher.requests.count <= 3, "an unknown `kid` causes one fetch per cool-down at most")
    }

    private static func fetcher(_ keys: JSONValue) -> FixtureFetcher {
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"]
        return FixtureFetcher([
            "https://issuer.example/.well-known/oauth-authorization-server": metadata.encoded(),
            "https://issuer.example/jwks": JSON(keys).encoded(),
        ])
    }

    static func door(_ keys: JSONValue, _ fetcher: FixtureFetcher? = nil) throws -> Door {
        let issuer = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oauth,
            algorithms: [.rs256, .ps256, .es256, .es384, .es512, .edDSA]
        )
        let resource = try ResourceConfiguration("https://mcp.example/mcp", authorizationServers: [issuer])
        let mcpAuth = try MCPAuth(Configuration(resources: [resource]), fetcher: fetcher ?? self.fetcher(keys))
        return Door(
            mcpAuth: mcpAuth,
            resource: try ResourceIdentifier("https://mcp.example/mcp"),
            now: NumericDate(1_795_425_000)
        )
    }
}
