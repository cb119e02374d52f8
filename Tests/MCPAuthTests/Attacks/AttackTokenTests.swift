// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// The attack tokens, sent to a resource: each gets its expected verdict.
///
/// For some tokens the catalogue leaves the choice to the engine. Accepted: what most issuers send (no `typ` or `JWT`,
/// scopes in an array or in `scp`, no `kid` if only one key fits, either name of Ed25519, expiry dates far in the
/// future), header members that are ignored (`jku`, `enc`), the mirrored ECDSA signature, and audiences that are equal
/// in canonical form. Refused: white space in a token, any `crit`, a claim that is read and is not Unicode or exceeds
/// 64 bits, tokens over 16 KiB, an audience that differs by a trailing slash, and scopes separated by commas.
@Suite struct AttackTokenTests {
    /// The refused tokens by reason; every other token is accepted.
    private static let refused: [String: [String]] = [
        "algorithm_not_allowed": [
            "alg-none-with-sig", "es-hs-confusion-pem", "rs-hs-confusion-der", "rs-hs-confusion-empty-key",
            "rs-hs-confusion-jwk-json", "rs-hs-confusion-n-b64", "rs-hs-confusion-pem", "rs-hs-confusion-pem-strip-nl",
            "rs384-not-in-allowlist",
        ],
        "audience_mismatch": [
            "aud-array-with-nonstring", "aud-empty-array", "aud-missing", "aud-nested-array", "aud-null", "aud-number",
            "aud-other", "aud-prefix", "aud-space-list", "aud-star", "aud-trailing-slash",
        ],
        "encrypted_token": ["five-parts-jwe-shape"], "expired": ["exp-zero", "expired"],
        "insufficient_scope": ["scope-and-scp-conflict", "scope-comma", "scope-substring"],
        "invalid_claim": [
            "iat-string", "payload-lone-surrogate", "scope-nbsp", "scope-object", "sub-array", "sub-object",
        ],
        "invalid_signature": [
            "ecdsa-leading-zero-33", "ecdsa-long-65", "ecdsa-one-one", "ecdsa-r+n", "ecdsa-r-zero", "ecdsa-r=1 s=n-1",
            "ecdsa-r=n-s=n", "ecdsa-s-zero", "ecdsa-short-63", "ecdsa-zero-zero", "payload-swapped",
            "ps256-sig-under-rs256", "rsa-sig-leading-zero", "rsa-sig-one", "rsa-sig-zero", "sig-flipped",
            "sig-other-key",
        ],
        "malformed_credentials": [
            "b64-false-crit", "b64-newline-in-sig", "json-serialization", "unicode-homoglyph-dot",
        ],
        "malformed_token": [
            "alg-missing", "alg-none[' none']", "alg-none['']", "alg-none['nOnE']", "alg-none['none']",
            "alg-none['null']", "alg-null-type", "alg-number", "b64-false-no-crit", "b64-len-1-mod-4",
            "b64-padding-sig", "b64-std-alphabet-sig", "b64-trailing-bits-sig", "crit-not-array", "crit-registered-alg",
            "crit-unknown", "dup-claim-aud", "dup-claim-exp", "dup-claim-scope", "dup-claim-sub", "iss-array",
            "kid-empty", "kid-null", "payload-array", "payload-bad-utf8", "payload-comment",
            "payload-empty", "payload-inf-exp", "payload-nan-exp", "payload-not-json",
            "payload-null", "payload-overlong-utf8", "payload-single-quotes", "payload-trailing-nul", "payload-utf16",
            "sig-removed", "typ-number",
        ],
        "missing_expiry": ["exp-2^63", "exp-2^64", "exp-array", "exp-bool", "exp-missing", "exp-string-expired"],
        "not_yet_valid": ["nbf-future"],
        "proof_required": ["cnf-jkt-bearer", "cnf-unknown-member", "cnf-x5t-bearer"],
        "token_too_long": ["hash-collision-keys", "huge-token-200k", "many-aud-10k", "payload-deep-2000"],
        "unknown_key": [
            "embedded-x5c-attacker", "jwk-key_ops-no-verify", "jwk-use-enc", "kid-absent-ambiguous", "kid-case",
            "kid-cmd", "kid-crlf", "kid-format", "kid-space", "kid-sqli", "kid-unknown", "kid-unknownkty",
            "weak-rsa-1024",
        ],
        "unrecognized_token": [
            "b64-padding-header", "dup-alg-none-first", "four-parts", "kid-nul", "one-part",
            "sig-removed-no-dot", "two-parts",
        ],
        "untrusted_issuer": [
            "iss-fragment", "iss-other", "iss-path-suffix", "iss-prefix", "iss-unicode-host", "iss-userinfo", "iss-ws",
            "typ-client-auth",
        ],
        "wrong_token_type": ["id-token", "refresh-token-claims", "typ-logout+jwt"],
    ]
    private static let statuses = ["malformed_credentials": 400, "insufficient_scope": 403, "token_too_long": 431]
    /// An HTTP field cannot carry these bytes, so the tokens are given to the engine directly; both are refused.
    private static let unsendable: Set<String> = ["b64-nul", "trailing-space"]

    /// Rows of the catalogue with the prefixes of the names of their tokens.
    private static let rows: [(row: String, tokens: [String])] = [
        ("A1 alg none in every spelling and type", ["alg-"]),
        ("A2 a public key used as an HMAC secret", ["rs-hs-confusion", "es-hs-confusion"]),
        ("A4 the unprotected header of a JSON serialization", ["json-serialization"]),
        ("A5 a key used against its use, operations or algorithm", ["jwk-", "rs384-not-in-allowlist"]),
        ("A6 a weak key", ["weak-rsa-1024"]),
        ("A7 signatures of zeros and of the order", ["ecdsa-zero", "ecdsa-r-", "ecdsa-s-", "ecdsa-r=", "ecdsa-one"]),
        ("A8 signatures of another form or length", ["ecdsa-short", "ecdsa-long", "ecdsa-r+n", "ecdsa-leading"]),
        (
            "A9 a second spelling of a signature",
            ["ecdsa-high-s", "b64-trailing-bits-sig", "sig-flipped", "sig-other-key"]
        ),
        ("A10 RSA signatures of zero, one, another length, another padding", ["rsa-sig-", "ps256-sig-under-rs256"]),
        ("A12 kid as path, query, command, type or case variant", ["kid-"]),
        ("A13 no kid where several keys could have signed, or only one", ["kid-absent"]),
        ("A14 a key or certificate in the header", ["embedded-"]),
        ("B1 an encrypted token", ["five-parts"]),
        ("B2 parts missing or to spare", ["four-parts", "two-parts", "one-part", "sig-removed"]),
        ("B3 base64url with padding, another alphabet, white space or spare bits", ["b64-", "unicode-homoglyph"]),
        ("B4 critical header extensions", ["crit-"]),
        ("B5 an unencoded payload", ["b64-false"]),
        ("B6 duplicate members", ["dup-"]),
        ("B7 payloads that are no JSON object in UTF-8", ["payload-"]),
        ("B8 deep, long and colliding payloads", ["payload-deep", "huge-", "many-", "hash-collision"]),
        ("B11 header values that would break a log or a field", ["kid-crlf", "kid-format", "kid-nul"]),
        ("C1 exp of every wrong kind", ["exp-string", "exp-missing", "exp-bool", "exp-array", "exp-zero", "expired"]),
        ("C2 exp beyond what numbers hold", ["exp-2", "exp-1e308", "exp-ms"]),
        ("C3 nbf in the future, iat of a wrong type, missing or odd", ["nbf-", "iat-", "exp-before-iat"]),
        ("C5 an issuer that is nearly ours", ["iss-", "typ-client-auth"]),
        ("C7 an audience that is nearly ours", ["aud-"]),
        ("C9 an ID token", ["id-token"]),
        ("C10 a JWT of another kind", ["typ-"]),
        ("C11 a refresh token", ["refresh-"]),
        ("C12 a token bound to a proof that was not sent", ["cnf-"]),
        ("C14 scopes in another form or with other separators", ["scope-"]),
        ("C15 identifiers of wrong types", ["sub-", "proto-pollution"]),
    ]

    @Test func `every token gets its expected verdict`() async throws {
        let set = try Vectors.attackTokens()
        #expect(set.tokens.count == 170)
        let reasons = Dictionary(
            uniqueKeysWithValues: Self.refused.flatMap { reason, names in names.map { ($0, reason) } }
        )
        let door = try Self.door(set.keys)
        let requestGuard = try door.mcpAuth.requestGuard(
            resource: "https://mcp.example/mcp",
            audience: [],
            requiredScopes: ["files:read"]
        )
        for test in set.tokens {
            guard !Self.unsendable.contains(test.name) else {
                #expect(try await !door.isAllowed(Array(test.token.utf8)), "\(test.name)")
                continue
            }
            let reason = reasons[test.name]
            let expected = reason.map { "\(Self.statuses[$0] ?? 401) \($0)" } ?? "200"
            let answer = try await door.request(authorization: ["Bearer \(test.token)"], through: requestGuard)
            #expect(answer.verdict == expected, "\(test.name)")
            #expect(test.expect == "policy" || (test.expect == "accept") == (reason == nil), "\(test.name)")
        }
    }

    @Test(arguments: rows)
    private func `every row has tokens`(row: String, prefixes: [String]) throws {
        let names = try Vectors.attackTokens().tokens.map(\.name)
        for prefix in prefixes { #expect(names.contains { $0.hasPrefix(prefix) }, "\(row): \(prefix)") }
    }

    @Test func `no token causes a fetch of a URL that it names`() async throws {
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

    private static func fetcher(_ keys: JSONView) -> FixtureFetcher {
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"]
        return FixtureFetcher([
            "https://issuer.example/.well-known/oauth-authorization-server": metadata.encoded(),
            "https://issuer.example/jwks": JSON(keys).encoded(),
        ])
    }

    static func door(_ keys: JSONView, _ fetcher: FixtureFetcher? = nil) throws -> Door {
        let issuer = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oauth,
            algorithms: [.rs256, .ps256, .es256, .es384, .es512, .edDSA]
        )
        let resource = try ResourceConfiguration("https://mcp.example/mcp", authorizationServers: [issuer])
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: fetcher ?? self.fetcher(keys))
        return Door(
            mcpAuth: mcpAuth,
            resource: try ResourceIdentifier("https://mcp.example/mcp"),
            now: NumericDate(1_795_425_000)
        )
    }
}
