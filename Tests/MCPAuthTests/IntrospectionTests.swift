// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@Suite struct IntrospectionTests {
    static let active = """
        "active":true,"iss":"https://as.example","sub":"alice","client_id":"c","aud":"https://api.example.com/x",\
        "scope":"a b","exp":1795425600.5,"token_type":"Bearer"
        """

    @Test(arguments: [
        ("{\(active)}", 200, ""), (#"{"active":false}"#, 401, "inactive_token"),
        (#"{"active":"true"}"#, 401, "inactive_token"),
        (#"{"active":1}"#, 401, "inactive_token"), ("{}", 401, "inactive_token"), ("[]", 503, "issuer_unavailable"),
        ("<html>", 503, "issuer_unavailable"), ("{\(active),\"active\":true}", 503, "issuer_unavailable"),
        ("{\(active.replacing("https://as.example", with: "https://other.example"))}", 401, "untrusted_issuer"),
        ("{\(active.replacing("\"iss\"", with: "\"x\""))}", 200, ""),
        (#"{"error":"invalid_request"}"#, 401, "inactive_token"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", 503, "issuer_unavailable"), ("null", 503, "issuer_unavailable"),
        (#"{"active":null}"#, 401, "inactive_token"), (#"{"active":[true]}"#, 401, "inactive_token"),
        ("{\(active.replacing("\"Bearer\"", with: "\"DPoP\""))}", 401, "proof_required"),
        ("{\(active.replacing("\"Bearer\"", with: "\"refresh_token\""))}", 401, "wrong_token_type"),
        ("{\(active.replacing("\"aud\"", with: "\"x\""))}", 401, "audience_mismatch"),
        ("{\(active.replacing("api.example.com/x", with: "api.example.com/y"))}", 401, "audience_mismatch"),
        ("{\(active.replacing("\"exp\"", with: "\"x\""))}", 401, "missing_expiry"),
        ("{\(active.replacing("1795425600.5", with: "1795424000"))}", 401, "expired"),
        ("{\(active),\"cnf\":{\"jkt\":\"x\"}}", 401, "proof_required"),
        ("{\(active),\"nbf\":1795426000}", 401, "not_yet_valid"),
        ("{\(active),\"nbf\":\"1795425000\"}", 401, "invalid_claim"),
        ("{\(active),\"iat\":\"1795425000\"}", 401, "invalid_claim"),
        ("{\(active.replacing("1795425600.5", with: "\"1795425600\""))}", 401, "missing_expiry"),
        ("{\(active.replacing("1795425600.5", with: "0"))}", 401, "expired"),
        ("{\(active),\"token_use\":\"refresh_token\"}", 401, "wrong_token_type"),
        ("{\(active),\"token_use\":\"access_token\"}", 200, ""),
        ("{\(active.replacing("\"Bearer\"", with: "\"\""))}", 401, "wrong_token_type"),
        ("{\(active.replacing("\"Bearer\"", with: "[]"))}", 401, "wrong_token_type"),
        ("{\(active),\"typ\":\"Refresh\"}", 401, "wrong_token_type"),
    ])
    func `D10 only an active access token for this resource is accepted, whatever the response`(
        response: String,
        status: Int,
        reason: String
    ) async throws {
        let answer = try await door(response).request(authorization: ["Bearer opaque-token"])
        #expect(answer.status == status)
        #expect(answer.reason ?? "" == reason)
    }

    @Test(arguments: [
        ("iss", 200, ""), ("client_id", 200, ""), ("scope", 200, ""), ("token_type", 200, ""), ("sub", 200, ""),
        ("aud", 401, "audience_mismatch"), ("exp", 401, "missing_expiry"), ("active", 401, "inactive_token"),
        ("nbf", 200, ""), ("iat", 200, ""), ("cnf", 200, ""), ("jti", 200, ""), ("username", 200, ""),
    ])
    func `a member of a response that is null counts as absent`(
        member: String,
        status: Int,
        reason: String
    ) async throws {
        let response = try JSONDocument(parsing: Array("{\(Self.active)}".utf8), limits: .fetched).root
        guard case .object(var members) = JSON(response) else { return }
        members[member] = .null
        let answer = try await door(String(decoding: JSON.object(members).encoded(), as: UTF8.self))
            .request(authorization: ["Bearer opaque-token"])
        #expect(answer.status == status)
        #expect(answer.reason ?? "" == reason)
    }

    @Test(
        arguments: ["12345678901234567890123", "1e400", #""\u0000""#, #""\ud800""#, #"{"\u0000":1}"#],
        ["", "\u{FEFF}"]
    )
    func `a value of a response that cannot be represented matters only where it is read`(
        value: String,
        mark: String
    ) async throws {
        let beside = try door("\(mark){\(Self.active),\"x\":\(value)}")
        #expect(try await beside.request(authorization: ["Bearer opaque-token"]).verdict == "200")
        let looked = try await door("\(mark){\(Self.active.replacing("1795425600.5", with: value))}")
            .request(authorization: ["Bearer opaque-token"])
        #expect(looked.verdict == "401 missing_expiry")
    }

    @Test func `D10 a failed introspection is 503 with Retry-After`() async throws {
        let fetcher = FixtureFetcher([:])
        let refused = try await door(fetcher).request(authorization: ["Bearer opaque"])
        #expect(refused.status == 503)
        #expect(refused.retryAfter == "5")
        #expect(refused.challenge == nil)
        for status in [204, 302, 404, 429, 500, 503] {
            fetcher.serve(Array("{\(Self.active)}".utf8), at: "https://as.example/introspect", status: status)
            #expect(try await door(fetcher).request(authorization: ["Bearer opaque"]).status == 503, "\(status)")
        }
        fetcher.setDown(true)
        #expect(try await door(fetcher).request(authorization: ["Bearer opaque"]).status == 503)
    }

    @Test func `a token of another issuer is not sent to this one`() async throws {
        let fetcher = FixtureFetcher([:])
        let stranger = try FixtureIssuer("https://stranger.example", fetcher: FixtureFetcher([:]))
        let answer = try await door(fetcher).request(authorization: ["Bearer \(try stranger.token())"])
        #expect(answer.status == 401)
        #expect(answer.reason == "untrusted_issuer")
        #expect(fetcher.requests.isEmpty)
    }

    private func door(_ response: String) throws -> Door {
        try door(FixtureFetcher(["https://as.example/introspect": Array(response.utf8)]))
    }

    private func door(_ fetcher: FixtureFetcher) throws -> Door {
        let server = AuthorizationServer(
            issuer: "https://as.example",
            discovery: .oauth,
            introspection: .init(
                endpoint: "https://as.example/introspect",
                authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s3cret"))
            )
        )
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        return Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/x"),
            now: NumericDate(1_795_425_000)
        )
    }
}
