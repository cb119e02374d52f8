// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Rows C of the attack catalogue: the claims of genuine tokens; prepared tokens are in `AttackTokenTests`.
@Suite struct ClaimAttackTests {
    /// The JSON text of a member that replaces the one in a valid token; `nil` removes the member.
    private static let members: [(row: String, name: String, value: String?, verdict: String)] = [
        ("C1", "exp", nil, "401 missing_expiry"), ("C1", "exp", "null", "401 missing_expiry"),
        ("C1", "exp", #""1795425600""#, "401 missing_expiry"), ("C1", "exp", "true", "401 missing_expiry"),
        ("C1", "exp", "[1795425600]", "401 missing_expiry"), ("C1", "exp", "{}", "401 missing_expiry"),
        ("C1", "exp", "0", "401 expired"), ("C1", "exp", "-0", "401 expired"), ("C1", "exp", "-1", "401 expired"),
        ("C1", "exp", "1795424939", "401 expired"), ("C1", "exp", "1795424941", "200"),
        ("C2", "exp", "1795425600.5", "200"), ("C2", "exp", "1.7954256e9", "200"), ("C2", "exp", "17954256E2", "200"),
        ("C2", "exp", "9007199254740993", "200"), ("C2", "exp", "9223372036854775807", "200"),
        ("C2", "exp", "9223372036854775808", "401 missing_expiry"),
        ("C2", "exp", "18446744073709551616", "401 missing_expiry"), ("C2", "exp", "1e308", "200"),
        ("C2", "exp", "-1e308", "401 expired"), ("C2", "exp", "1e999", "401 missing_expiry"),
        ("C2", "exp", String(repeating: "9", count: 400), "401 missing_expiry"),
        ("C2", "exp", String(repeating: "9", count: 400) + ".0", "401 missing_expiry"),
        ("C2", "exp", "1795425600000", "200"),
        ("C3", "nbf", "1795425060", "200"), ("C3", "nbf", "1795425061", "401 not_yet_valid"),
        ("C3", "nbf", #""0""#, "401 invalid_claim"), ("C3", "nbf", "null", "200"),
        ("C3", "nbf", "1e999", "401 invalid_claim"),
        ("C3", "nbf", "1e308", "401 not_yet_valid"), ("C3", "iat", nil, "200"), ("C3", "iat", "0", "200"),
        ("C3", "iat", "1795425060", "200"), ("C3", "iat", "1795425061", "401 not_yet_valid"),
        ("C3", "iat", "9999999999", "401 not_yet_valid"), ("C3", "iat", #""1795425000""#, "401 invalid_claim"),
        ("C3", "iat", "[]", "401 invalid_claim"),
        ("C5", "iss", nil, "401 malformed_token"), ("C5", "iss", "null", "401 malformed_token"),
        ("C5", "iss", "{}", "401 malformed_token"),
        ("C5", "iss", #"["https://issuer.example"]"#, "401 malformed_token"),
        ("C5", "iss", "7", "401 malformed_token"), ("C5", "iss", #""""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example/""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://ISSUER.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""HTTPS://issuer.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""http://issuer.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example:443""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example.""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example.attacker.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.exampl""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example@attacker.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example#x""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example?x""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://i\u0455suer.example""#, "401 untrusted_issuer"),
        ("C5", "iss", #""https://issuer.example\u0000""#, "401 malformed_token"),
        ("C7", "aud", nil, "401 audience_mismatch"), ("C7", "aud", "null", "401 audience_mismatch"),
        ("C7", "aud", "{}", "401 audience_mismatch"), ("C7", "aud", "7", "401 audience_mismatch"),
        ("C7", "aud", #""""#, "401 audience_mismatch"), ("C7", "aud", "[]", "401 audience_mismatch"),
        ("C7", "aud", #"[["https://api.example.com/notes"]]"#, "401 audience_mismatch"),
        ("C7", "aud", #"["https://api.example.com/notes",7]"#, "401 audience_mismatch"),
        ("C7", "aud", #"{"https://api.example.com/notes":1}"#, "401 audience_mismatch"),
        ("C7", "aud", #""https://api.example.com/note""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://api.example.com/notes2""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://api.example.com""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://api.example.com/notes/""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://api.example.com/NOTES""#, "401 audience_mismatch"),
        ("C7", "aud", #""*""#, "401 audience_mismatch"), ("C7", "aud", #""https://*""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://a.example,https://api.example.com/notes""#, "401 audience_mismatch"),
        ("C7", "aud", #""https://a.example https://api.example.com/notes""#, "401 audience_mismatch"),
        ("C7", "aud", #""c1""#, "401 audience_mismatch"),
        ("C7", "aud", #"["https://a.example","https://api.example.com/notes"]"#, "200"),
        // Resource identifiers are compared in a canonical form (RFC 3986 section 6.2) by design.
        ("C7", "aud", #""https://API.example.com:443/notes""#, "200"),
        ("C14", "scope", nil, "403 insufficient_scope"), ("C14", "scope", #""""#, "403 insufficient_scope"),
        ("C14", "scope", #""read:notes2""#, "403 insufficient_scope"),
        ("C14", "scope", #""read""#, "403 insufficient_scope"),
        ("C14", "scope", #""READ:notes""#, "403 insufficient_scope"),
        ("C14", "scope", #""read:notes,write:notes""#, "403 insufficient_scope"),
        ("C14", "scope", #""x\tread:notes""#, "401 invalid_claim"),
        ("C14", "scope", #""x\nread:notes""#, "401 invalid_claim"),
        ("C14", "scope", #""x\u00a0read:notes""#, "401 invalid_claim"),
        ("C14", "scope", #""x\" scope=\"read:notes""#, "401 invalid_claim"), ("C14", "scope", "7", "401 invalid_claim"),
        ("C14", "scope", "{}", "401 invalid_claim"), ("C14", "scope", #"["x read:notes"]"#, "401 invalid_claim"),
        ("C14", "scope", #"["read:notes",7]"#, "401 invalid_claim"), ("C14", "scope", #"["read:notes"]"#, "200"),
        ("C14", "scope", #"" read:notes  x ""#, "200"),
        ("C14", "scope", #""x","scp":"read:notes""#, "403 insufficient_scope"),
        ("C15", "sub", "[]", "401 invalid_claim"), ("C15", "sub", "{}", "401 invalid_claim"),
        ("C15", "sub", "7", "401 invalid_claim"), ("C15", "sub", #""""#, "401 invalid_claim"),
        ("C15", "sub", "null", "200"), ("C15", "sub", #""a\u0000""#, "401 invalid_claim"),
        ("C15", "client_id", #"["c1"]"#, "401 invalid_claim"),
        ("C15", "client_id", "7", "401 invalid_claim"), ("C15", "client_id", #""""#, "401 invalid_claim"),
        ("C15", "client_id", "null", "200"), ("C15", "sub", #"null,"client_id":null"#, "401 malformed_token"),
        // A claim that is not read changes nothing, even if it cannot be represented.
        ("C15", "x", "1e999", "200"), ("C15", "x", #""\u0000\ud800""#, "200"),
        ("C15", "x", #"{"\u0000":18446744073709551616}"#, "200"),
        ("C15", "scope", #""read:notes\u0000""#, "401 invalid_claim"),
        ("C15", "aud", #""https://api.example.com/notes\u0000""#, "401 audience_mismatch"),
        ("C15", "jti", #""j1","__proto__":{"scope":"admin"},"constructor":1"#, "200"),
    ]

    @Test func `C1 to C15 a claim with another type or value gets its expected verdict`() async throws {
        let (door, issuer) = try Door.notes()
        let routes = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: ["read:notes"]
        )
        for (row, name, value, verdict) in Self.members {
            let member = value.map { "\"\(name)\":\($0)" } ?? "\"other\":1"
            let token = try issuer.token(rawClaims: Array(issuer.claims(member, instead: name).utf8))
            let answer = try await door.request(authorization: ["Bearer \(token)"], through: routes)
            #expect(answer.verdict == verdict, "\(row): \(member.prefix(80))")
        }
    }

    @Test func `C3 a token with an old iat is accepted unless the revocation list refuses it`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(["iat": 1_000_000_000])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200, "its exp bounds it")
        let entry = RevocationList.Entry(issuer: "https://issuer.example", issuedBefore: NumericDate(1_795_000_000))
        door.mcpAuth.replaceRevocations(with: RevocationList([entry]))
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 revoked")
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test(arguments: [-1, 301, .infinity, -.infinity, .nan] as [Double])
    func `C4 a leeway outside 0 to 300 seconds is refused`(leeway: Double) throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc, leeway: leeway)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test(arguments: [(-59.0, "200"), (-61, "401 expired")])
    func `C4 an expired token is accepted only within the leeway`(seconds: Double, verdict: String) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(["exp": .number(door.now.secondsSinceEpoch + seconds)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == verdict)
    }

    @Test func `C6 an issuer template is trusted for the listed tenants only`() async throws {
        let tenant = "11111111-1111-1111-1111-111111111111"
        let text = """
            { "version": 1, "issuers": { "entra": { "issuer": "https://login.microsoftonline.com/{tenant}/v2.0", "provider": "entra-v2", "algorithms": ["ES256"], "tenants": ["\(tenant)"] } },
              "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["entra"], "policy": "authenticated" } ] }
            """
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFileTests.read(text.replacing(#", "tenants": ["\#(tenant)"]"#, with: ""))
        }
        let fetcher = FixtureFetcher([:])
        let listed = try FixtureIssuer("https://login.microsoftonline.com/\(tenant)/v2.0", fetcher: fetcher)
        let door = Door(
            mcpAuth: try MCPAuth(try ConfigurationFileTests.read(text).configuration, fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/notes"),
            now: NumericDate(1_795_425_000)
        )
        let more: [String: JSON] = [
            "ver": "2.0", "azpacr": "1", "tid": .string(tenant), "azp": "c1", "scp": "read:notes",
        ]
        #expect(try await door.request(authorization: ["Bearer \(try listed.token(more))"]).verdict == "200")
        let others = [
            "22222222-2222-2222-2222-222222222222", "{tenantid}", "{tenant}", "common", "organizations", "*", "",
            tenant.uppercased() + "x", "\(tenant)/v2.0/../x",
        ]
        for other in others {
            let issuer: JSON = .string("https://login.microsoftonline.com/\(other)/v2.0")
            let token = try listed.token(more.merging(["iss": issuer]) { $1 })
            #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 untrusted_issuer")
        }
    }

    @Test func `C8 a token for one resource is refused at another on the same host`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let resources = try ["notes", "calendar"].map {
            try ResourceConfiguration("https://api.example.com/\($0)", authorizationServers: [server])
        }
        let door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/calendar"),
            now: NumericDate(1_795_425_000)
        )
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"], path: "/notes").status == 200)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 audience_mismatch")
        #expect(try await door.request(authorization: ["Bearer \(token)"], path: "/notes").status == 200)
    }

    @Test(
        arguments: [
            ["nonce": "n-0S6_WzA2Mj"], ["at_hash": "77QmUPtjPfzWtF2AnpK9RQ"], ["c_hash": "LDktKdoQak3Pk0cnXxCltA"],
            ["s_hash": "x"], ["token_use": "id"], ["typ": "ID"], ["type": "id_token"],
        ] as [[String: JSON]]
    )
    func `C9 an ID token is refused, even if its audience is this resource`(mark: [String: JSON]) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(mark, header: ["typ": "JWT"])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 wrong_token_type")
    }

    @Test(
        arguments: [
            ("logout+jwt", "401 wrong_token_type"), ("dpop+jwt", "401 wrong_token_type"),
            ("secevent+jwt", "401 wrong_token_type"), ("token-introspection+jwt", "401 wrong_token_type"),
            ("oauth-id-jag+jwt", "401 wrong_token_type"), ("client-authentication+jwt", "401 wrong_token_type"),
            ("application/at+jwt", "200"), ("APPLICATION/AT+JWT", "200"), ("jwt", "200"), ("at+jwt", "200"),
            ("text/at+jwt", "401 wrong_token_type"), ("at+jwt;x=y", "401 wrong_token_type"),
            ("", "401 wrong_token_type"),
            (7, "401 malformed_token"), (["at+jwt"], "401 malformed_token"), (.null, "401 malformed_token"),
        ] as [(JSON, String)]
    )
    func `C10 a JWT whose typ names another kind of token is refused`(type: JSON, verdict: String) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(header: ["typ": type])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == verdict)
    }

    @Test(
        arguments: [
            ["typ": "Refresh"], ["typ": "Offline"], ["typ": 7], ["token_use": "refresh"], ["token_use": 1],
            ["type": "refresh_token"], ["type": "refresh"], ["events": [:]],
        ] as [[String: JSON]]
    )
    func `C11 a token that is marked as a refresh token or another kind is refused`(mark: [String: JSON]) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(mark, header: ["typ": "JWT"])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 wrong_token_type")
    }

    @Test(
        arguments: [
            ["jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"],
            ["x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"],
            ["unknown": "x"], [:], "x", 7, [],
        ] as [JSON]
    )
    func `C12 and C13 a bound token is refused with or without a proof, as no proof can be checked`(
        binding: JSON
    ) async throws {
        let (door, issuer) = try Door.notes()
        let bound = try issuer.token(["cnf": binding])
        for fields in [[], [("DPoP", bound)]] {
            let answer = try await door.request(authorization: ["Bearer \(bound)"], fields: fields)
            #expect(answer.verdict == "401 proof_required")
        }
    }

    @Test(arguments: ["token_type", "typ"], ["DPoP", "dpop"])
    func `C13 a token with the type DPoP is refused as bound, even if it names no key`(
        claim: String,
        type: String
    ) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token([claim: .string(type)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 proof_required")
    }

    @Test func `C13 the DPoP scheme is not a credential, with or without a proof`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token()
        for fields in [[], [("DPoP", "e30.e30.e30")], [("DPoP", token)], [("DPoP", "a"), ("DPoP", "b")]]
            as [[(String, String)]]
        {
            let answer = try await door.request(authorization: ["DPoP \(token)"], fields: fields)
            #expect(answer.verdict == "401 no_credentials")
        }
    }

    @Test func `C15 the act claim is available with the other claims`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(["act": ["sub": "admin"]])
        let authInfo = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        #expect(authInfo?.claims.value(at: "/act/sub")?.string == "admin")
    }

    @Test func `C16 a mapping reads only the claims that it names, and its result is checked`() async throws {
        let mapping = ClaimMapping(scope: ["/app/rights"], others: ["roles": ["/app/roles"]])
        let (door, issuer) = try Door.notes(claims: mapping)
        let plain = try await door.request(authorization: ["Bearer \(try issuer.token(["roles": ["admin"]]))"]).authInfo
        #expect(plain?.scopes.isEmpty == true, "`scope` is not where this issuer puts it")
        #expect(plain?.claims.value(at: "/roles") == nil, "nor are roles")
        let bad = try issuer.token(["app": ["rights": ["a b"]]])
        #expect(try await door.request(authorization: ["Bearer \(bad)"]).verdict == "401 invalid_claim")
    }

    @Test func `C16 a claim that a user can edit grants nothing beyond the bounds of the issuer`() async throws {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            claims: ClaimMapping(scope: ["nickname"], others: ["roles": ["nickname"]])
        )
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedScopes = ["https://issuer.example": ["read:notes"]]
        resource.allowedClaims = ["https://issuer.example": ["roles": ["reader"]]]
        let door = try Door([resource], fetcher: fetcher)
        let token = try issuer.token(["nickname": "admin"])
        let authInfo = try await door.request(authorization: ["Bearer \(token)"]).authInfo
        #expect(authInfo?.scopes.isEmpty == true)
        #expect(authInfo?.claims.value(at: "/roles") == nil)
    }
}
