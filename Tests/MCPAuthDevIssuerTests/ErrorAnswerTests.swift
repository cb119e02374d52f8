// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import AsyncHTTPClient
import MCPAuthDevIssuer
import MCPAuthJSON
import NIOHTTP1
import Testing

/// Errors say what is wrong and what is expected; parameters that are left out have defaults.
struct ErrorAnswerTests {
    @Test(arguments: [
        (["response_type": "token"], "unsupported_response_type", "response_type=code"),
        (["response_type": ""], "unsupported_response_type", "response_type=code"),
        (
            ["client_id": "robot", "redirect_uri": "https://robot.example/"], "unauthorized_client",
            "authorization_code"
        ),
        (["code_challenge_method": "plain"], "invalid_request", "code_challenge_method=S256"),
        (["code_challenge": "short"], "invalid_request", "code_challenge"),
        (["resource": "https://elsewhere.example/"], "invalid_target", RunningIssuer.notes),
        (["resource": "\(RunningIssuer.notes)#part"], "invalid_target", "without fragment"),
        (["scope": "read admin"], "invalid_scope", "these are: read write"),
        (["scope": "re\"ad\\ ünd"], "invalid_scope", "re?ad"),
    ])
    func `a redirect with an error has a description of the error`(
        changes: [String: String],
        error: String,
        text: String
    ) async throws {
        var configuration = RunningIssuer.configuration()
        configuration.clients[2].redirectURIs = ["https://robot.example/"]
        try await RunningIssuer.run(configuration) { running in
            let redirect = try await running.authorize(changes)
            #expect(redirect.status == 302)
            #expect(redirect.parameter("error") == error)
            let description = try #require(redirect.parameter("error_description"))
            #expect(description.contains(text), "\(description)")
            #expect(Self.isAllowed(description))
        }
    }

    @Test func `denied consent is an error with a description`() async throws {
        try await RunningIssuer.run(RunningIssuer.configuration(autoConsent: false)) { running in
            let page = try await running.authorize()
            let id = try #require(page.text.split(separator: "name=\"id\" value=\"").last?.prefix { $0 != "\"" })
            let redirect = try await running.post("/consent", [("id", String(id)), ("answer", "deny")])
            #expect(redirect.parameter("error") == "access_denied")
            #expect(redirect.parameter("error_description")?.contains("denied access") == true)
        }
    }

    @Test(arguments: [
        [("grant_type", "password"), ("client_id", "app")], [("client_id", "app")], [("grant_type", "refresh_token")],
        [("grant_type", "authorization_code"), ("client_id", "app"), ("code", "x")],
        [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", "x")],
        [("grant_type", "client_credentials"), ("client_id", "app")], [("client_id", "app"), ("client_id", "app")],
        [
            ("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", "robot-secret"),
            ("scope", "x"),
        ],
        [
            ("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", "robot-secret"),
            ("resource", "https://elsewhere.example/"),
        ],
    ])
    func `an error of the token endpoint has a description`(form: [(String, String)]) async throws {
        try await RunningIssuer.run { running in
            try Self.expectDescription(try await running.post("/token", form))
        }
    }

    @Test func `an error of any other endpoint has a description`() async throws {
        try await RunningIssuer.run { running in
            try Self.expectDescription(try await running.introspect("x", basic: nil))
            try Self.expectDescription(try await running.post("/introspect", [], basic: "server:server+secret"))
            try Self.expectDescription(try await running.register([]))
            try Self.expectDescription(try await running.register(["redirect_uris": ["ftp://x"]]))
            let method: JSON = [
                "redirect_uris": ["https://x.example/"], "token_endpoint_auth_method": "private_key_jwt",
            ]
            try Self.expectDescription(try await running.register(method))
            try Self.expectDescription(try await running.get("\(running.identifier)/nowhere"))
            try Self.expectDescription(try await running.get("\(running.identifier)/_dev/token"))
            try Self.expectDescription(try await running.post("/_dev/nothing", []))
            let long = String(repeating: "x", count: 70_000)
            try Self.expectDescription(try await running.post("/token", [("code", long)]))
        }
    }

    @Test(arguments: [
        (["client_id": "nobody"], "/register"), (["redirect_uri": "https://evil.example/"], "byte for byte"),
    ])
    func `an error that cannot be sent to a client is shown in the browser`(
        changes: [String: String],
        text: String
    ) async throws {
        try await RunningIssuer.run { running in
            let page = try await running.authorize(changes)
            #expect(page.status == 400)
            #expect(page.text.contains(text))
        }
    }

    @Test(arguments: [
        (["read", "write"], [], "read write"), (["read", "write"], ["write"], "write"),
        ([], ["write", "read"], "write read"),
        ([], [], ""),
    ])
    func `a request without scopes gets every scope that the issuer and the client allow`(
        offered: [String],
        own: [String],
        expected: String
    ) async throws {
        var configuration = RunningIssuer.configuration()
        configuration.scopesSupported = offered
        configuration.clients[0].scopes = own
        configuration.clients[2].scopes = own
        try await RunningIssuer.run(configuration) { running in
            let code = try #require(try await running.authorize(["scope": ""]).parameter("code"))
            #expect(try await running.redeem(code).member("scope") == expected)
            let form = [("grant_type", "client_credentials"), ("resource", RunningIssuer.notes)]
            let answer = try await running.post("/token", form, basic: "robot:robot-secret")
            #expect(try answer.member("scope") == expected)
        }
    }

    @Test func `the endpoints allow cross-origin requests from web pages`() async throws {
        try await RunningIssuer.run { running in
            var preflight = HTTPClientRequest(url: running.identifier + "/register")
            preflight.method = .OPTIONS
            preflight.headers.add(name: "origin", value: "https://client.example")
            let answer = try await Exchange.run(preflight)
            #expect(answer.status == 204)
            #expect(answer.fields["access-control-allow-origin"] == "*")
            #expect(answer.fields["access-control-allow-headers"]?.contains("Content-Type") == true)
            #expect(try await running.introspect("x", basic: nil).fields["access-control-allow-origin"] == "*")
        }
    }

    private static func expectDescription(_ answer: Answer) throws {
        #expect((400...499).contains(answer.status))
        #expect(try answer.member("error")?.isEmpty == false)
        let description = try #require(try answer.member("error_description"))
        #expect(!description.isEmpty && isAllowed(description))
    }

    /// Whether a description has only the characters of RFC 6749 section 5.2.
    private static func isAllowed(_ description: String) -> Bool {
        description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }
}
#endif
