// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import MCPAuthDevIssuer
import MCPAuthJSON
import Testing

/// Metadata, keys, registration, client authentication and introspection, over loopback.
struct DevIssuerTests {
    @Test(arguments: ["", "/as"])
    func `the metadata at both well-known URLs names the issuer`(path: String) async throws {
        try await RunningIssuer.run(RunningIssuer.configuration(path: path)) { running in
            let origin = String(running.identifier.dropLast(path.count))
            for url in [
                "\(origin)/.well-known/oauth-authorization-server\(path)",
                "\(running.identifier)/.well-known/openid-configuration",
            ] {
                let metadata = try await running.get(url).json()
                #expect(metadata["issuer"]?.string == running.identifier)
                #expect(metadata["token_endpoint"]?.string == "\(running.identifier)/token")
                #expect(metadata["jwks_uri"]?.string == "\(running.identifier)/jwks")
                #expect(metadata["code_challenge_methods_supported"]?.array?.compactMap(\.string) == ["S256"])
            }
            #expect(await running.issuer.metadataRequests == 2)
        }
    }

    @Test func `a token signed with an old key verifies until that key is dropped`() async throws {
        try await RunningIssuer.run { running in
            let old = try await mint(running)
            try await running.issuer.rotate()
            let new = try await mint(running)
            #expect(try await running.verifiedClaims(old) != nil)
            #expect(try await running.verifiedClaims(new) != nil)
            #expect(try await running.post("/_dev/drop", []).status == 200)
            #expect(try await running.verifiedClaims(old) == nil)
            #expect(try await running.verifiedClaims(new) != nil)
            #expect(await running.issuer.jwksRequests == 4)
        }
    }

    @Test func `introspection reports only unexpired access tokens as active`() async throws {
        try await RunningIssuer.run { running in
            let code = try #require(try await running.authorize(["resource": RunningIssuer.calendar]).parameter("code"))
            let issued = try await running.redeem(code)
            let opaque = try #require(try issued.member("access_token"))
            #expect(!opaque.contains("."))
            let live = try await running.introspect(opaque).json()
            #expect(live["active"]?.boolean == true)
            #expect(live["iss"]?.string == running.identifier)
            #expect(live["sub"]?.string == "alice")
            #expect(live["aud"]?.string == RunningIssuer.calendar)
            #expect(live["client_id"]?.string == "app")
            #expect(live["scope"]?.string == "read write")
            #expect(live["token_type"]?.string == "Bearer")
            #expect(live["exp"]?.integer != nil)
            let signed = try await running.introspect(try await mint(running)).json()
            #expect(signed["active"]?.boolean == true)
            let expired = try await running.introspect(try await mint(running, lifetime: -1)).json()
            for refused in [
                expired, try await running.introspect("garbage").json(),
                try await running.introspect(try #require(try issued.member("refresh_token"))).json(),
            ] {
                #expect(refused["active"]?.boolean == false)
                #expect(refused.count == 1)
            }
            #expect(await running.issuer.introspectionRequests == 5)
        }
    }

    @Test(arguments: ["server:wrong", "nobody:server+secret", "app:", "server", nil])
    func `introspection requires client authentication`(basic: String?) async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.introspect(try await mint(running), basic: basic)
            #expect(answer.status == 401)
            #expect(answer.fields["www-authenticate"]?.hasPrefix("Basic") == true)
            #expect(try answer.member("error") == "invalid_client")
        }
    }

    @Test func `the client credentials grant requires the client's secret and its own scopes`() async throws {
        try await RunningIssuer.run { running in
            let form = [("grant_type", "client_credentials"), ("resource", RunningIssuer.notes)]
            let granted = try await running.post("/token", form + [("scope", "read")], basic: "robot:robot-secret")
            #expect(granted.status == 200)
            #expect(try granted.member("refresh_token") == nil)
            let claims = try await running.verifiedClaims(try #require(try granted.member("access_token")))
            #expect(claims?["sub"]?.string == "robot")
            let posted = form + [("client_id", "robot"), ("client_secret", "robot-secret")]
            #expect(try await running.post("/token", posted).status == 200)
            #expect(try await running.post("/token", posted, basic: "robot:robot-secret").status == 401)
            #expect(try await running.post("/token", form, basic: "robot:wrong").status == 401)
            let scope = try await running.post("/token", form + [("scope", "write")], basic: "robot:robot-secret")
            #expect(try scope.member("error") == "invalid_scope")
            let other = try await running.post("/token", form, basic: "server:server+secret")
            #expect(try other.member("error") == "unauthorized_client")
        }
    }

    @Test func `a repeated parameter is refused`() async throws {
        try await RunningIssuer.run { running in
            let form = [("grant_type", "client_credentials"), ("scope", "read"), ("scope", "read")]
            let answer = try await running.post("/token", form, basic: "robot:robot-secret")
            #expect(answer.status == 400)
            #expect(try answer.member("error") == "invalid_request")
        }
    }

    @Test func `a registered client can sign a user in`() async throws {
        try await RunningIssuer.run { running in
            let registered = try await running.register([
                "redirect_uris": [.string(RunningIssuer.redirectURI)], "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "implicit"],
            ])
            #expect(registered.status == 201)
            #expect(try registered.member("client_secret") == nil)
            #expect(try registered.json()["grant_types"]?.array?.compactMap(\.string) == ["authorization_code"])
            let id = try #require(try registered.member("client_id"))
            let code = try #require(try await running.authorize(["client_id": id]).parameter("code"))
            let answer = try await running.redeem(code, ["client_id": id])
            #expect(answer.status == 200)
            #expect(try answer.member("refresh_token") == nil)
        }
    }

    @Test(arguments: [
        "http://evil.example/callback", "http://localhost:80@evil.example/", "http://127.0.0.1.evil.example/",
        "https://client.example/\r\nX-Injected: yes", "https://client.example/#fragment", "custom:callback", "",
    ])
    func `registration refuses an unacceptable redirect URI`(uri: String) async throws {
        try await RunningIssuer.run { running in
            let answer = try await running.register(["redirect_uris": [.string(uri)]])
            #expect(answer.status == 400)
            #expect(try answer.member("error") == "invalid_redirect_uri")
        }
    }

    @Test func `a port in use is reported at once`() async throws {
        try await RunningIssuer.run { running in
            let port = try #require(UInt16(running.identifier.split(separator: ":").last ?? ""))
            let second = DevIssuer(configuration: .init(port: port))
            let error = await #expect(throws: DevIssuerError.self) { try await second.start() }
            #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        }
    }

    private func mint(_ running: RunningIssuer, lifetime: Double = 60) async throws -> String {
        try await running.issuer.mintToken(
            subject: "bob",
            clientID: "app",
            scope: "read",
            resource: RunningIssuer.notes,
            lifetime: lifetime
        )
    }
}
#endif
