// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import MCPAuthVerification
import TestSupport
import Testing

/// Introspection requests: what they contain, how they are authenticated, and how often they are sent.
@Suite struct IntrospectionRequestTests {
    typealias Introspection = AuthorizationServer.Introspection
    static let endpoint = "https://as.example/introspect"
    static let standard = Introspection(
        endpoint: endpoint,
        authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s3cret"))
    )
    @Test(
        arguments: [
            (
                Introspection.Authentication.clientSecretBasic(clientID: "a:b", secret: Secret("p w&=%")),
                "Basic YSUzQWI6cCUyMHclMjYlM0QlMjU=", "token=tok&token_type_hint=access_token"
            ),
            (
                .clientSecretPost(clientID: "a:b", secret: Secret("p w&")), nil,
                "token=tok&token_type_hint=access_token&client_id=a%3Ab&client_secret=p%20w%26"
            ),
            (.bearer(token: Secret("rs-token")), "Bearer rs-token", "token=tok&token_type_hint=access_token"),
            (
                .mutualTLS(clientID: "rs", .init(certificate: #filePath, privateKey: #filePath)), nil,
                "token=tok&token_type_hint=access_token&client_id=rs"
            ),
        ] as [(Introspection.Authentication, String?, String)]
    )
    private func `credentials are sent as their method says`(
        authentication: Introspection.Authentication,
        authorization: String?,
        form: String
    ) async throws {
        let (door, fetcher) = try Self.door(Introspection(endpoint: Self.endpoint, authentication: authentication))
        _ = try await door.request(authorization: ["Bearer tok"])
        let request = try #require(fetcher.received.first)
        #expect(request.authorization == authorization)
        #expect(String(decoding: request.form ?? [], as: UTF8.self) == form)
        if case .mutualTLS = authentication {
            let identity = try #require(request.tls?.identity)
            #expect(String(decoding: identity.certificate, as: UTF8.self).contains("credentials are sent as"))
            #expect(!"\(request) \(String(reflecting: request))".contains("credentials are sent as"))
        } else {
            #expect(request.tls == nil)
        }
    }

    @Test(arguments: ["rsa", "ec", "ed25519"])
    func `private_key_jwt sends a new assertion each time, signed with the configured key`(kind: String) async throws {
        let pem = try Vectors.text("client-keys/\(kind).pem")
        let (door, fetcher) = try Self.door(
            Introspection(
                endpoint: Self.endpoint,
                authentication: .privateKeyJWT(clientID: "rs", privateKey: Secret(pem)),
                cacheSeconds: 0
            )
        )
        for _ in 0..<2 { _ = try await door.request(authorization: ["Bearer tok"]) }
        let key = try SigningKey(pem: Array(pem.utf8))
        let keys = try JWKSet(
            JSONDocument(parsing: (["keys": [key.publicJWK]] as JSON).encoded(), limits: .fetched).root
        )
        var identifiers = Set<String>()
        for request in fetcher.received {
            let form = String(decoding: request.form ?? [], as: UTF8.self)
            #expect(
                form.contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
            )
            let assertion = try #require(form.split(separator: "client_assertion=").last?.split(separator: "&").first)
            let jws = try CompactJWS(parsing: Array(assertion.utf8))
            #expect(keys.keys.contains { jws.isSigned(by: $0.key, using: key.algorithm) })
            let claims = try JSONDocument(parsing: jws.payload, limits: .token).root
            #expect(claims["iss"]?.string == "rs" && claims["sub"]?.string == "rs")
            #expect(claims["aud"]?.string == "https://as.example")
            #expect(claims["exp"]?.number == 1_795_425_060)
            identifiers.insert(claims["jti"]?.string ?? "")
        }
        #expect(identifiers.count == 2)
    }

    @Test(arguments: ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `an invalid private key is refused when it is configured`(pem: String) {
        #expect(throws: ConfigurationError.self) {
            try Self.door(
                Introspection(
                    endpoint: Self.endpoint,
                    authentication: .privateKeyJWT(clientID: "rs", privateKey: Secret(pem))
                )
            )
        }
    }

    @Test func `an active token is introspected again after the cache time`() async throws {
        var (door, fetcher) = try Self.door()
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: Self.endpoint)
        for _ in 0..<5 { #expect(try await door.request(authorization: ["Bearer tok"]).status == 200) }
        #expect(fetcher.requests.count == 1)
        door.now = NumericDate(door.now.secondsSinceEpoch + 31)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == 200)
        #expect(fetcher.requests.count == 2)
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: Self.endpoint)
        door.now = NumericDate(door.now.secondsSinceEpoch + 31)
        #expect(try await door.request(authorization: ["Bearer tok"]).reason == "inactive_token")
    }

    @Test func `concurrent requests with the same token share one introspection`() async throws {
        let (door, fetcher) = try Self.door()
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: Self.endpoint)
        fetcher.hold()
        let passed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { try await door.request(authorization: ["Bearer tok"]).status } }
            while fetcher.received.isEmpty { await Task.yield() }
            // Gives all tasks time to wait for that request before it is answered.
            for _ in 0..<2000 { await Task.yield() }
            fetcher.release()
            return try await group.reduce(into: 0) { $0 += $1 == 200 ? 1 : 0 }
        }
        #expect(passed == 20)
        #expect(fetcher.requests.count == 1)
    }

    @Test func `a response without an audience is refused unless an assumed audience is configured`() async throws {
        let text = "{\(IntrospectionTests.active.replacing("\"aud\"", with: "\"x\""))}"
        for (assumed, status) in [(nil, 401), ("https://api.example.com/x", 200), ("https://api.example.com/y", 401)] {
            let (door, fetcher) = try Self.door(
                Introspection(
                    endpoint: Self.endpoint,
                    authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s")),
                    assumedAudience: assumed
                )
            )
            fetcher.serve(Array(text.utf8), at: Self.endpoint)
            #expect(try await door.request(authorization: ["Bearer tok"]).status == status)
        }
    }

    @Test func `a response without exp is used for the configured time, and then requested again`() async throws {
        var settings = Self.standard
        settings.cacheSeconds = 300
        settings.maximumSecondsWithoutExpiry = 60
        for end in ["\"x\":1", "\"exp\":null"] {
            var (door, fetcher) = try Self.door(settings)
            let text = IntrospectionTests.active.replacing("\"exp\":1795425600.5", with: end)
            fetcher.serve(Array("{\(text)}".utf8), at: Self.endpoint)
            for (seconds, asked) in [(0.0, 1), (59, 1), (60, 2), (119, 2), (120, 3)] {
                door.now = NumericDate(1_795_425_000 + seconds)
                #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
                #expect(fetcher.requests.count == asked, "after \(seconds) s")
            }
            let answer = try await door.request(authorization: ["Bearer tok"])
            #expect(answer.authInfo?.expiresAt == NumericDate(1_795_425_180))
            fetcher.serve(Array(#"{"active":false}"#.utf8), at: Self.endpoint)
            door.now = NumericDate(1_795_425_180)
            #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        }
    }

    @Test(arguments: [("1795425600.5", 200), ("0", 401), ("1795424000", 401), ("\"1795425600\"", 401)])
    func `an exp in a response overrides the time for responses without exp`(exp: String, status: Int) async throws {
        var settings = Self.standard
        settings.maximumSecondsWithoutExpiry = 60
        let (door, fetcher) = try Self.door(settings)
        let text = IntrospectionTests.active.replacing("1795425600.5", with: exp)
        fetcher.serve(Array("{\(text)}".utf8), at: Self.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == status)
    }

    @Test(arguments: TokenForm.allCases)
    private func `only the configured form of token is sent to the issuer`(tokens: TokenForm) async throws {
        let (door, fetcher) = try Self.door(
            Introspection(
                endpoint: Self.endpoint,
                authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s")),
                tokens: tokens
            )
        )
        let own = try FixtureIssuer("https://as.example", fetcher: FixtureFetcher([:])).token()
        let foreign = try FixtureIssuer("https://foreign.example", fetcher: FixtureFetcher([:])).token()
        for token in ["opaque", own, foreign] { _ = try await door.request(authorization: ["Bearer \(token)"]) }
        let shown = fetcher.received.filter { $0.form != nil }.count
        #expect(shown == [.opaque: 1, .jwt: 1, .any: 2][tokens])
        #expect(!fetcher.received.contains { String(decoding: $0.form ?? [], as: UTF8.self).contains(foreign) })
    }

    @Test func `a JWT without an issuer is introspected`() async throws {
        let standard = Introspection(
            endpoint: Self.endpoint,
            authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s3cret")),
            tokens: .any
        )
        let (door, fetcher) = try Self.door(standard)
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: Self.endpoint)
        let issuer = try FixtureIssuer("https://as.example", fetcher: FixtureFetcher([:]))
        let nameless = try issuer.token(without: ["iss"])
        #expect(try await door.request(authorization: ["Bearer \(nameless)"]).status == 200)
        let other = try FixtureIssuer("https://other.example", fetcher: FixtureFetcher([:])).token()
        #expect(try await door.request(authorization: ["Bearer \(other)"]).verdict == "401 untrusted_issuer")
        #expect(fetcher.received.count == 1)
    }

    @Test func `an assumed audience replaces a missing audience, not one that does not match`() async throws {
        var rule: ClaimRule = ["aud"]
        rule.stripPrefix = "api://"
        for (name, expected) in [("\"x\":\"y\"", "200"), ("\"aud\":\"https://else.example\"", "401 audience_mismatch")]
        {
            let server = AuthorizationServer(
                issuer: "https://as.example",
                discovery: .oauth,
                claims: ClaimMapping(audience: rule),
                introspection: Introspection(
                    endpoint: Self.endpoint,
                    authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s")),
                    assumedAudience: "https://api.example.com/x"
                )
            )
            let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
            let text = #"{"active":true,"sub":"alice","client_id":"c","exp":1795425600,\#(name)}"#
            let door = try Door([resource], fetcher: FixtureFetcher([Self.endpoint: Array(text.utf8)]))
            #expect(try await door.request(authorization: ["Bearer tok"]).verdict == expected)
        }
    }

    static func door(
        _ introspection: Introspection? = nil,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) throws -> (Door, FixtureFetcher) {
        let server = AuthorizationServer(
            issuer: "https://as.example",
            discovery: .oauth,
            introspection: introspection ?? standard
        )
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        let fetcher = FixtureFetcher([:])
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: onEvent)
        let door = Door(
            mcpAuth: try MCPAuth(configuration, fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
        return (door, fetcher)
    }
}
