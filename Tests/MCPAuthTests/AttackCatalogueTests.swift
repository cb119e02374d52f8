// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthLock
import MCPAuthPolicy
import MCPAuthSigning
import TestSupport
import Testing

/// Attacks on tokens, claims, keys and issuers, each row named by a letter and a number.
///
/// Rows that are about the bytes of one token have ready tokens in `Vectors/attack-tokens`; the others build theirs.
@Suite struct AttackCatalogueTests {
    /// Rows with the names, or beginnings of names, of their tokens.
    static let rows: [(row: String, tokens: [String])] = [
        ("A1 alg none in every spelling and type", ["alg-"]),
        ("A2 a public key used as an HMAC secret", ["rs-hs-confusion", "es-hs-confusion"]),
        ("A4 the unprotected header of a JSON serialization", ["json-serialization"]),
        ("A5 a key used against its use, operations or algorithm", ["jwk-", "rs384-not-in-allowlist"]),
        ("A6 a weak key", ["weak-rsa-1024"]),
        ("A7 signatures of zeros and of the order", ["ecdsa-zero", "ecdsa-r-", "ecdsa-s-", "ecdsa-r=", "ecdsa-one"]),
        ("A8 signatures of another form or length", ["ecdsa-short", "ecdsa-long", "ecdsa-r+n", "ecdsa-leading"]),
        ("A9 a second spelling of a signature", ["b64-trailing-bits-sig", "sig-flipped", "sig-other-key"]),
        ("A10 RSA signatures of zero, one, another length, another padding", ["rsa-sig-", "ps256-sig-under-rs256"]),
        ("A12 kid as path, query, command, type or case variant", ["kid-"]),
        ("A13 no kid where several keys could have signed, or only one", ["kid-absent", "valid-kid-absent"]),
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
        ("C3 nbf in the future, iat of a wrong type", ["nbf-", "iat-string"]),
        ("C5 an issuer that is nearly ours", ["iss-"]),
        ("C7 an audience that is nearly ours", ["aud-"]),
        ("C9 an ID token", ["id-token"]),
        ("C10 a JWT of another kind", ["typ-"]),
        ("C11 a refresh token", ["refresh-"]),
        ("C12 a token bound to a proof that was not sent", ["cnf-"]),
        ("C14 scopes in another form or with other separators", ["scope-"]),
        ("C15 identifiers of wrong types", ["sub-", "proto-pollution"]),
    ]

    @Test(arguments: rows)
    func `every token of a row gets its verdict`(row: String, prefixes: [String]) async throws {
        let set = try Vectors.attackTokens()
        let door = try AttackTokenTests.door(set.keys)
        let requestGuard = try door.mcpAuth.requestGuard(
            resource: "https://mcp.example/mcp",
            audience: [],
            requiredScopes: ["files:read"]
        )
        var count = 0
        for test in set.tokens where prefixes.contains(where: test.name.hasPrefix) && test.name != "b64-nul" {
            let isAccepted =
                test.expect == "accept" || (test.expect == "policy" && AttackTokenTests.accepted.contains(test.name))
            let answer = try await door.request(authorization: ["Bearer \(test.token)"], through: requestGuard)
            #expect((answer.status == 200) == isAccepted, "\(row): \(test.name)")
            #expect(answer.status < 500, "\(row): \(test.name)")
            count += 1
        }
        #expect(count > 0, "\(row)")
    }

    @Test func `A3 an empty or short HMAC secret is refused when it is configured`() throws {
        for (algorithm, bytes) in [(HMACAlgorithm.hs256, 31), (.hs384, 47), (.hs512, 63), (.hs256, 0)] {
            let short = Secret(String(repeating: "x", count: bytes))
            #expect(throws: ConfigurationError.self) { try SecretIssuer.door(HMACSecret(algorithm, secret: short)) }
            let enough = Secret(String(repeating: "x", count: algorithm.minimumSecretBytes))
            #expect(throws: Never.self) { try SecretIssuer.door(HMACSecret(algorithm, secret: enough)) }
        }
    }

    @Test func `A11 EdDSA is one algorithm under both its names, and a signature of another key is none`() async throws
    {
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let key = try SigningKey(.edDSA)
        issuer.publish([key])
        let door = try Self.door([issuer], fetcher: issuer.fetcher)
        for name in ["EdDSA", "Ed25519"] {
            let token = try issuer.token(header: ["typ": "at+jwt", "alg": .string(name)], key: key)
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "\(name)")
        }
        let forged = try issuer.token(header: ["typ": "at+jwt", "kid": .string(key.keyID)], key: SigningKey(.edDSA))
        #expect(try await door.request(authorization: ["Bearer \(forged)"]).reason == "invalid_signature")
    }

    @Test func `B10 a token inside a token is not looked into`() async throws {
        let (door, issuer) = try Self.notes()
        let nested = try issuer.key.sign(header: ["cty": "JWT"], claims: .string(try issuer.token()))
        #expect(try await door.request(authorization: ["Bearer \(nested)"]).status == 401)
    }

    @Test func `C13 a proof stands for nothing: the DPoP scheme is no credential, and a bound token needs more`()
        async throws
    {
        let (door, issuer) = try Self.notes()
        let token = try issuer.token()
        let proof = [("DPoP", token)]
        let scheme = try await door.request(authorization: ["DPoP \(token)"], fields: proof)
        #expect(scheme.status == 401 && scheme.reason == "no_credentials")
        let bound = try issuer.token(["cnf": ["jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]])
        let answer = try await door.request(authorization: ["Bearer \(bound)"], fields: proof)
        #expect(answer.status == 401 && answer.reason == "proof_required")
    }

    @Test func `C6 an issuer that names its tenant by a template is trusted for listed tenants only`() throws {
        let text = """
            { "version": 1, "issuers": { "entra": { "issuer": "https://login.microsoftonline.com/{tenant}/v2.0", "provider": "entra-v2", "tenants": ["11111111-1111-1111-1111-111111111111"] } },
              "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["entra"], "policy": "authenticated" } ] }
            """
        let file = try ConfigurationFileTests.read(text)
        let issuers = file.configuration.resources[0].authorizationServers.map(\.issuer.description)
        #expect(issuers == ["https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0"])
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFileTests.read(
                text.replacing(#", "tenants": ["11111111-1111-1111-1111-111111111111"]"#, with: "")
            )
        }
    }

    @Test func `A15 nothing that a token names is fetched`() async throws {
        let (door, issuer) = try Self.notes()
        for member in ["jku", "x5u", "jwk", "x5c", "kid"] {
            let header: [String: JSON] = ["typ": "at+jwt", member: .string("https://attacker.example/\(member)")]
            _ = try await door.request(authorization: ["Bearer \(try issuer.token(header: header))"])
        }
        #expect(!issuer.fetcher.requests.contains { $0.contains("attacker") })
    }

    @Test func `A16 a key of one issuer verifies no token of another, whatever its kid`() async throws {
        let fetcher = FixtureFetcher([:])
        let first = try TestIssuer("https://one.example", fetcher: fetcher)
        let second = try TestIssuer("https://two.example", fetcher: fetcher)
        let door = try Self.door([first, second], fetcher: fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try first.token())"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer \(try second.token())"]).status == 200)
        let mixed = try first.token(["iss": "https://two.example"])
        #expect(try await door.request(authorization: ["Bearer \(mixed)"]).status == 401)
        let named = try first.token(["iss": "https://two.example"], header: ["kid": .string(second.key.keyID)])
        #expect(try await door.request(authorization: ["Bearer \(named)"]).reason == "invalid_signature")
    }

    @Test func `A17 unknown and malformed keys are left out, the rest of the set is used`() async throws {
        let (door, issuer) = try Self.notes()
        let strange: [JSON] = [
            ["kty": "OKP", "crv": "X25519", "x": "AAAA"], ["kty": "future"], "text",
            ["kty": "RSA", "n": "AQ", "e": "AQAB"],
            ["kty": "oct", "k": "AAAA"],
        ]
        let keys: JSON = ["keys": .array(strange + [issuer.key.publicJWK])]
        issuer.fetcher.serve(keys.encoded(), at: "https://issuer.example/jwks")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test func `B2 a token of nothing but dots costs one look`() async throws {
        let (door, issuer) = try Self.notes()
        for count in [1, 2, 3, 16_000, 2_000_000] {
            let dots = String(repeating: ".", count: count)
            #expect(try await door.request(authorization: ["Bearer \(dots)"]).status == 401)
        }
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `B9 and B10 compressed and nested content means nothing to a signed token`() async throws {
        let (door, issuer) = try Self.notes()
        for header in [["typ": "at+jwt", "zip": "DEF"], ["typ": "at+jwt", "cty": "JWT"]] as [[String: JSON]] {
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token(header: header))"]).status == 200)
        }
    }

    @Test func `B11 no value of a token comes back in a challenge`() async throws {
        let (door, issuer) = try Self.notes()
        let hostile = "\"\r\nX-Injected: yes, error=\"none"
        for changes in [["scope": .string(hostile)], ["aud": .string(hostile)], ["exp": .string(hostile)]]
            as [[String: JSON]]
        {
            let token = try issuer.token(changes, header: ["typ": "at+jwt", "kid": .string(hostile)])
            let challenge = try await door.request(authorization: ["Bearer \(token)"]).challenge ?? ""
            #expect(!challenge.contains("Injected") && !challenge.contains("none"))
        }
    }

    @Test(arguments: [-1, 301, .infinity, -.infinity] as [Double])
    func `C4 a leeway outside 0 to 300 seconds is refused`(leeway: Double) throws {
        let fetcher = FixtureFetcher([:])
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc, leeway: leeway)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(Configuration(resources: [resource]), fetcher: fetcher)
        }
    }

    @Test(arguments: [(-59.0, 200), (-61, 401)])
    func `C4 the leeway is what is configured and no more`(seconds: Double, status: Int) async throws {
        let (door, issuer) = try Self.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + seconds)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == status)
    }

    @Test func `C8 a token for one resource is no good at another of the same host`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try TestIssuer("https://issuer.example", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let resources = try ["notes", "calendar"].map {
            try ResourceConfiguration("https://api.example.com/\($0)", authorizationServers: [server])
        }
        let door = Door(
            mcpAuth: try MCPAuth(Configuration(resources: resources), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/calendar"),
            now: NumericDate(1_795_425_000)
        )
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"], path: "/notes").status == 200)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "audience_mismatch")
        #expect(try await door.request(authorization: ["Bearer \(token)"], path: "/notes").status == 200)
    }

    @Test func `C13 the DPoP scheme is refused while no proof can be checked`() async throws {
        let (door, issuer) = try Self.notes()
        let token = try issuer.token()
        for fields in [[], [("DPoP", "e30.e30.e30")], [("DPoP", "a"), ("DPoP", "b")]] as [[(String, String)]] {
            let answer = try await door.request(authorization: ["DPoP \(token)"], fields: fields)
            #expect(answer.status == 401)
        }
    }

    @Test func `C15 who acts for whom is visible to policies`() async throws {
        let (door, issuer) = try Self.notes()
        let token = try issuer.token(["act": ["sub": "admin"]])
        let authInfo = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        #expect(authInfo?.claims.string(at: "/act/sub") == "admin")
    }

    @Test func `C16 a mapping reads verified claims of the token alone and its result is checked`() async throws {
        let mapping = ClaimMapping(scope: ["/app/rights"], others: ["roles": ["nickname"]])
        let (door, issuer) = try Self.notes(claims: mapping)
        let plain = try await door.request(authorization: ["Bearer \(try issuer.token())"]).authInfo
        #expect(plain?.scopes.isEmpty == true, "`scope` is not where this issuer puts it")
        #expect(plain?.claims.json(at: "/roles") == nil)
        let bad = try issuer.token(["app": ["rights": ["a b"]]])
        #expect(try await door.request(authorization: ["Bearer \(bad)"]).reason == "invalid_claim")
    }

    /// One issuer and the resource `https://api.example.com/notes`.
    static func notes(claims: ClaimMapping = ClaimMapping(), policy: String? = nil) throws -> (Door, TestIssuer) {
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        return (try door([issuer], claims: claims, policy: policy, fetcher: issuer.fetcher), issuer)
    }

    static func door(
        _ issuers: [TestIssuer],
        claims: ClaimMapping = ClaimMapping(),
        policy: String? = nil,
        fetcher: FixtureFetcher
    ) throws -> Door {
        let servers = issuers.map {
            AuthorizationServer(issuer: IssuerIdentifier($0.identifier), discovery: .oidc, claims: claims)
        }
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: servers)
        if let policy { resource.policies = [try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8))] }
        return Door(
            mcpAuth: try MCPAuth(Configuration(resources: [resource]), fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }
}

/// An issuer that shares a secret with the resource server.
enum SecretIssuer {
    static func door(_ secret: HMACSecret, fetcher: FixtureFetcher = FixtureFetcher([:])) throws -> Door {
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            hmacSecrets: [secret]
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        return Door(
            mcpAuth: try MCPAuth(Configuration(resources: [resource]), fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }
}

/// Swift compares strings by canonical equivalence, where U+212A KELVIN SIGN equals `K`; rights must not.
@Suite struct EquivalentTextTests {
    @Test(arguments: [("client_id", #""client_ids":["K1"]"#), ("sub", #""when":{"claim":"/sub","equals":"K1"}"#)])
    func `a name is equal to its own bytes only`(claim: String, rule: String) async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any",\#(rule)}]}"#
        let (door, issuer) = try AttackCatalogueTests.notes(policy: policy)
        let genuine = try issuer.token([claim: "K1"])
        #expect(try await door.request(authorization: ["Bearer \(genuine)"]).status == 200)
        let equivalent = try issuer.token([claim: "\u{212A}1"])
        #expect(try await door.request(authorization: ["Bearer \(equivalent)"]).status == 403)
    }

    @Test func `a tool of equivalent name is another tool, and so is that of the Mcp-Name field`() async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","tools":["K"]}]}"#
        let (door, issuer) = try AttackCatalogueTests.notes(policy: policy)
        let bearer = ["Bearer \(try issuer.token())"]
        func call(_ name: String) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)"}}"#
        }
        #expect(try await door.request(authorization: bearer, body: call("K")).status == 200)
        #expect(try await door.request(authorization: bearer, body: call("\u{212A}")).status == 403)
        let fields = [("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?4oSq?=")]
        #expect(try await door.request(authorization: bearer, fields: fields, body: call("K")).status == 400)
    }

    @Test(arguments: ["/notes//admin", "//notes/admin", "/notes/./admin", "/notes/%61dmin"])
    func `a path that could be read in two ways is refused on the routes of one resource too`(path: String) async throws
    {
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"d","effect":"deny","paths":["/notes/admin"]}]}"#
        let (door, issuer) = try AttackCatalogueTests.notes(policy: policy)
        let routes = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: []
        )
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer, path: "/notes/admin", through: routes).status == 403)
        #expect(try await door.request(authorization: bearer, path: path, through: routes).status == 400)
    }

    @Test func `a client that the mapping does not find is not there, whatever the token says`() async throws {
        let issuer = try TestIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let policy =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":{"claim":"/client_id","equals":"admin"}}]}"#
        let mapping = ClaimMapping(clientID: ["azp"])
        let door = try AttackCatalogueTests.door([issuer], claims: mapping, policy: policy, fetcher: issuer.fetcher)
        let own = try issuer.token(["client_id": "admin"])
        #expect(try await door.request(authorization: ["Bearer \(own)"]).status == 403)
        let mapped = try issuer.token(["azp": "admin"])
        #expect(try await door.request(authorization: ["Bearer \(mapped)"]).status == 200)
    }

    @Test(arguments: ["client_id", "sub", "scope", "aud"])
    func `what says whose token it is cannot be bounded like a claim`(claim: String) throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedClaims = ["https://issuer.example": [claim: ["x"]]]
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(Configuration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test func `an audience and an issuer are their own bytes`() async throws {
        let issuer = try TestIssuer("https://issuer.example/K", fetcher: FixtureFetcher([:]))
        let door = try AttackCatalogueTests.door([issuer], fetcher: issuer.fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let other = try issuer.token(["iss": "https://issuer.example/\u{212A}"])
        #expect(try await door.request(authorization: ["Bearer \(other)"]).reason == "untrusted_issuer")
        let elsewhere = try issuer.token(["aud": "https://api.example.com/notes\u{301}"])
        #expect(try await door.request(authorization: ["Bearer \(elsewhere)"]).reason == "audience_mismatch")
    }

    @Test(arguments: [
        "notes://a/../b", "notes://a/..\u{2F}\u{301}b", "notes://a/%2e%2E/b", "notes://a\\..\\b", "notes://a/.",
    ])
    func `a dot segment is seen whatever stands around it`(uri: String) async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","resource_uris":["notes://**"]}]}"#
        let (door, issuer) = try AttackCatalogueTests.notes(policy: policy)
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": ["uri": .string(uri)]]
        let body = String(decoding: message.encoded(), as: UTF8.self)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"], body: body).status == 403)
    }
}
