// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import MCPAuthDevIssuer
import MCPAuthJOSE
import MCPAuthJSON
import Synchronization
import Testing

/// Authorization code with PKCE, over loopback.
struct AuthorizationCodeTests {
    @Test func `a code with its verifier is exchanged for an access token for the resource`() async throws {
        try await RunningIssuer.run { running in
            let redirect = try await running.authorize()
            #expect(redirect.status == 302)
            #expect(redirect.target == RunningIssuer.redirectURI)
            #expect(redirect.parameter("state") == "a state & more")
            #expect(redirect.parameter("iss") == running.identifier)
            let answer = try await running.redeem(try #require(redirect.parameter("code")))
            #expect(answer.status == 200)
            #expect(answer.fields["cache-control"] == "no-store")
            #expect(try answer.member("token_type") == "Bearer")
            #expect(try answer.member("scope") == "read write")
            let token = try #require(try answer.member("access_token"))
            #expect(try CompactJWS(parsing: Array(token.utf8)).header.mediaType == "at+jwt")
            let claims = try #require(try await running.verifiedClaims(token))
            #expect(claims["iss"]?.string == running.identifier)
            #expect(claims["sub"]?.string == "alice")
            #expect(claims["aud"]?.string == RunningIssuer.notes)
            #expect(claims["client_id"]?.string == "app")
            #expect(claims["scope"]?.string == "read write")
            #expect(claims["jti"]?.string?.isEmpty == false)
            #expect((claims["exp"]?.integer ?? 0) - (claims["iat"]?.integer ?? 0) == 3600)
        }
    }

    @Test(arguments: [
        ["code_verifier": "another-verifier-of-more-than-forty-three-characters"], ["code_verifier": ""],
        ["redirect_uri": "http://127.0.0.1:8998/callback"],
    ])
    func `a code is refused with a wrong verifier or redirect URI`(changes: [String: String]) async throws {
        try await RunningIssuer.run { running in
            let code = try #require(try await running.authorize().parameter("code"))
            let answer = try await running.redeem(code, changes)
            #expect(answer.status == 400)
            #expect(try answer.member("error") == "invalid_grant")
        }
    }

    @Test func `a code works once`() async throws {
        try await RunningIssuer.run { running in
            let code = try #require(try await running.authorize().parameter("code"))
            #expect(try await running.redeem(code).status == 200)
            let again = try await running.redeem(code)
            #expect(again.status == 400)
            #expect(try again.member("error") == "invalid_grant")
        }
    }

    @Test func `a code expires after a minute`() async throws {
        let clock = ManualClock()
        let now: @Sendable () -> Double = { clock.seconds }
        try await RunningIssuer.run(now: now) { running in
            let code = try #require(try await running.authorize().parameter("code"))
            clock.advance(61)
            #expect(try await running.redeem(code).status == 400)
        }
    }

    @Test func `a code is not exchanged for a token for a resource that was not authorized`() async throws {
        try await RunningIssuer.run { running in
            let code = try #require(try await running.authorize().parameter("code"))
            let answer = try await running.redeem(code, ["resource": RunningIssuer.calendar])
            #expect(try answer.member("error") == "invalid_target")
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:8999/other", "http://127.0.0.1:8999@evil.example/callback",
        "http://127.0.0.1.evil.example/callback", "https://evil.example/callback", "",
    ])
    func `nothing is sent to a redirect URI that is not registered`(uri: String) async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.authorize(["redirect_uri": uri])
            #expect(answer.status == 400)
            #expect(answer.fields["location"] == nil)
            #expect(answer.fields["content-type"]?.hasPrefix("text/html") == true)
        }
    }

    @Test func `a loopback redirect URI may use another port`() async throws {
        try await RunningIssuer.run { running in
            let redirect = try await running.authorize(["redirect_uri": "http://127.0.0.1:51234/callback"])
            #expect(redirect.status == 302)
            #expect(redirect.target == "http://127.0.0.1:51234/callback")
        }
    }

    @Test(arguments: [
        (["response_type": "token"], "unsupported_response_type"),
        (["code_challenge_method": "plain"], "invalid_request"), (["code_challenge": ""], "invalid_request"),
        (["resource": "https://elsewhere.example/"], "invalid_target"), (["scope": "read admin"], "invalid_scope"),
    ])
    func `other errors are sent to the client by redirect`(changes: [String: String], error: String) async throws {
        try await RunningIssuer.run { running in
            let redirect = try await running.authorize(changes)
            #expect(redirect.status == 302)
            #expect(redirect.parameter("error") == error)
            #expect(redirect.parameter("state") == "a state & more")
            #expect(redirect.parameter("iss") == running.identifier)
            #expect(redirect.parameter("code") == nil)
        }
    }

    @Test func `the consent page has no scripts, and its form can be submitted only once`() async throws {
        try await RunningIssuer.run(RunningIssuer.configuration(autoConsent: false, path: "/as")) { running in
            for (answer, parameter) in [("allow", "code"), ("deny", "error")] {
                let page = try await running.authorize()
                #expect(page.status == 200)
                #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
                let id = try #require(page.text.split(separator: "name=\"id\" value=\"").last?.prefix { $0 != "\"" })
                let redirect = try await running.post("/consent", [("id", String(id)), ("answer", answer)])
                #expect(redirect.status == 302)
                #expect(redirect.parameter(parameter) != nil)
                let again = try await running.post("/consent", [("id", String(id)), ("answer", "allow")])
                #expect(again.status == 400)
            }
        }
    }

    @Test func `a refresh token works once, and can narrow the scopes but not widen them`() async throws {
        try await RunningIssuer.run { running in
            let code = try #require(try await running.authorize().parameter("code"))
            let first = try #require(try await running.redeem(code).member("refresh_token"))
            let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", first)]
            let more = try await running.post("/token", form + [("scope", "read admin")])
            #expect(try more.member("error") == "invalid_scope")
            let less = try await running.post("/token", form + [("scope", "read")])
            #expect(less.status == 200)
            #expect(try less.member("scope") == "read")
            #expect(try less.member("refresh_token") != first)
            let again = try await running.post("/token", form)
            #expect(try again.member("error") == "invalid_grant")
        }
    }

    /// A clock that moves only by ``advance(_:)``.
    private final class ManualClock: Sendable {
        private let now = Mutex<Double>(1_800_000_000)

        var seconds: Double { now.withLock { $0 } }

        func advance(_ seconds: Double) { now.withLock { $0 += seconds } }
    }
}
#endif
