// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuthVerification

/// Rows D9 to D12 of the attack catalogue: introspection answers, and limits for introspection requests; the forms of
/// responses are in `IntrospectionTests`.
@Suite struct IntrospectionAttackTests {
    private typealias Introspection = AuthorizationServer.Introspection

    @Test(
        arguments: [
            (400, "invalid_client", .error, "answered 400 invalid_client: it does not accept the credentials of this"),
            (401, "invalid_client", .error, "answered 401 invalid_client: it does not accept the credentials of this"),
            (401, "", .error, "answered 401: it does not accept the credentials of this resource server"),
            (403, "access_denied", .error, "answered 403 access_denied: this resource server may not introspect"),
            (403, "invalid_token", .error, "answered 403 invalid_token: this resource server may not introspect"),
            (400, "invalid_request", .warning, "answered 400 invalid_request: it rejected the request"),
            (404, "", .warning, "answered 404: there is no introspection endpoint at this URL"),
            (302, "", .warning, "answered 302: redirects are not followed"),
            (429, "", .warning, "answered 429: it received too many requests"),
            (500, "invalid_token", .warning, "answered 500 invalid_token: the issuer has an internal error"),
            (400, "a\u{202E}b\u{8}", .warning, "answered 400: it rejected the request"),
        ] as [(Int, String, EngineEvent.Level, String)]
    )
    func `D10 an error that is not about the token is 503, is not remembered, and is reported with its cause`(
        status: Int,
        error: String,
        level: EngineEvent.Level,
        words: String
    ) async throws {
        let events = Lock<[EngineEvent]>([])
        let (door, fetcher) = try IntrospectionRequestTests.door { event in events.withLock { $0.append(event) } }
        let body: JSON = error.isEmpty ? "down" : ["error": .string(error), "error_description": "tok s3cret"]
        fetcher.serve(body.encoded(), at: IntrospectionRequestTests.endpoint, status: status)
        for _ in 0..<2 { #expect(try await door.request(authorization: ["Bearer tok"]).status == 503) }
        #expect(fetcher.requests.count == 2)
        let event = try #require(events.withLock { $0 }.first)
        #expect(event.code == (level == .error ? .introspectionCredentialsRefused : .introspectionFailed))
        #expect(event.level == level)
        #expect(event.message.contains(words), "\(event.message)")
        #expect(!event.message.contains("tok s3cret"))
    }

    @Test(arguments: [400, 401])
    func `D10 an invalid_token error from the endpoint means that the token is inactive`(status: Int) async throws {
        let events = Lock<[EngineEvent]>([])
        let (door, fetcher) = try IntrospectionRequestTests.door { event in events.withLock { $0.append(event) } }
        let body = Array(#"{"error":"invalid_token","error_description":"Token was not recognised"}"#.utf8)
        fetcher.serve(body, at: IntrospectionRequestTests.endpoint, status: status)
        for _ in 0..<5 {
            #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        }
        #expect(fetcher.requests.count == 1, "that is remembered")
        #expect(!events.withLock { $0 }.contains { $0.code.rawValue.hasPrefix("introspection_") })
    }

    @Test(arguments: [400, 401])
    func `D10 with bearer authentication, invalid_token may mean our own token, and is 503`(
        status: Int
    ) async throws {
        let events = Lock<[EngineEvent]>([])
        let introspection = Introspection(
            endpoint: IntrospectionRequestTests.endpoint,
            authentication: .bearer(token: Secret("own"))
        )
        let (door, fetcher) = try IntrospectionRequestTests.door(introspection) { event in
            events.withLock { $0.append(event) }
        }
        fetcher.serve(Array(#"{"error":"invalid_token"}"#.utf8), at: IntrospectionRequestTests.endpoint, status: status)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == 503)
        let event = try #require(events.withLock { $0 }.first)
        #expect(event.code == .introspectionCredentialsRefused && event.level == .error)
        #expect(event.message.contains("it does not accept the bearer token of this resource server"))
    }

    @Test func `D12 a purge forgets refused tokens, including those whose introspection is under way`() async throws {
        let (door, fetcher) = try IntrospectionRequestTests.door()
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        door.mcpAuth.purge()
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        // An answer that arrives after the purge to a request from before it is not remembered.
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        fetcher.hold()
        async let early = door.request(authorization: ["Bearer other"])
        while fetcher.received.count < 3 { await Task.yield() }
        door.mcpAuth.purge()
        fetcher.release()
        #expect(try await early.verdict == "401 inactive_token")
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer other"]).verdict == "200")
    }

    @Test func `D12 a token whose response has no exp is not introspected again for a short time`() async throws {
        let (door, fetcher) = try IntrospectionRequestTests.door()
        let text = IntrospectionTests.active.replacing("\"exp\"", with: "\"x\"")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        for _ in 0..<5 {
            #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 missing_expiry")
        }
        #expect(fetcher.requests.count == 1)
    }

    @Test func `D12 an inactive token is not introspected again for a short time`() async throws {
        var (door, fetcher) = try IntrospectionRequestTests.door()
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        for _ in 0..<5 { #expect(try await door.request(authorization: ["Bearer tok"]).status == 401) }
        #expect(fetcher.requests.count == 1)
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        door.now = NumericDate(door.now.secondsSinceEpoch + 11)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == 200)
    }

    @Test func `D12 tokens beyond the limit per second are 503, and a remembered token still passes`()
        async throws
    {
        var settings = IntrospectionRequestTests.standard
        settings.maximumPerSecond = 10
        var (door, fetcher) = try IntrospectionRequestTests.door(settings)
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer good"]).status == 200)
        var limited = 0
        for number in 0..<100 {
            let answer = try await door.request(authorization: ["Bearer random-\(number)"])
            if answer.status == 503 { limited += 1 }
        }
        #expect(limited == 91)
        #expect(try await door.request(authorization: ["Bearer good"]).status == 200, "remembered")
        door.now = NumericDate(door.now.secondsSinceEpoch + 1)
        #expect(try await door.request(authorization: ["Bearer another"]).status == 200)
    }

    @Test func `D12 tokens beyond the concurrency limit are 503, and pass when there is room`() async throws {
        var settings = IntrospectionRequestTests.standard
        settings.maximumConcurrency = 3
        let (door, fetcher) = try IntrospectionRequestTests.door(settings)
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        fetcher.hold()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<3 {
                group.addTask { try await door.request(authorization: ["Bearer tok-\(number)"]).status }
            }
            while fetcher.received.count < 3 { await Task.yield() }
            for number in 3..<8 {
                #expect(
                    try await door.request(authorization: ["Bearer tok-\(number)"]).verdict == "503 issuer_unavailable"
                )
            }
            fetcher.release()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [200, 200, 200])
        #expect(try await door.request(authorization: ["Bearer tok-7"]).status == 200)
    }

    @Test func `D12 the limits apply to the issuer, however many resources use it`() async throws {
        var introspection = IntrospectionRequestTests.standard
        introspection.maximumPerSecond = 10
        let server = AuthorizationServer(
            issuer: "https://as.example",
            discovery: .oauth,
            introspection: introspection
        )
        let resources = try ["x", "y", "z"].map {
            try ResourceConfiguration("https://api.example.com/\($0)", authorizationServers: [server])
        }
        let fetcher = FixtureFetcher([IntrospectionRequestTests.endpoint: Array(#"{"active":false}"#.utf8)])
        let door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/x"),
            now: NumericDate(1_795_425_000)
        )
        for number in 0..<60 {
            let path = "/" + ["x", "y", "z"][number % 3]
            _ = try await door.request(authorization: ["Bearer tok-\(number)"], path: path)
        }
        #expect(fetcher.received.count == 10)
    }

    @Test func `D12 requests with times out of order do not exceed the limit per second`() {
        let limiter = RequestLimiter(concurrency: 1000, perSecond: 10)
        var begun = 0
        for number in 0..<100 {
            if limiter.begin(at: Uptime(number % 2 == 0 ? 1000 : 999.5)) { begun += 1 }
        }
        #expect(begun == 10)
        #expect(limiter.begin(at: Uptime(1000.1)))
        #expect(!limiter.begin(at: Uptime(1000.1)))
    }

    @Test(arguments: ["refresh_token", "DPoP"])
    func `D12 an active token of an unacceptable type is not introspected again for a short time`(
        type: String
    ) async throws {
        let (door, fetcher) = try IntrospectionRequestTests.door()
        let text = IntrospectionTests.active.replacing("\"Bearer\"", with: "\"\(type)\"")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        for _ in 0..<5 { #expect(try await door.request(authorization: ["Bearer tok"]).status == 401) }
        #expect(fetcher.requests.count == 1)
    }

    @Test(arguments: [
        ("refresh_token", 401), ("id_token", 401), ("urn:other", 401), ("Bearer", 200), ("bearer", 200),
        ("access_token", 200),
        ("DPoP", 401),
    ])
    func `D9 an active token is refused unless it is a bearer access token`(type: String, status: Int) async throws {
        let (door, fetcher) = try IntrospectionRequestTests.door()
        let text = IntrospectionTests.active.replacing("\"Bearer\"", with: "\"\(type)\"")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == status)
    }

    @Test func `D11 two introspecting issuers with the same token prefix are refused`() throws {
        let servers = ["https://one.example", "https://two.example"].map { issuer in
            AuthorizationServer(
                issuer: IssuerIdentifier(issuer),
                discovery: .oidc,
                introspection: Introspection(authentication: .bearer(token: Secret("x")), tokenPrefix: "t")
            )
        }
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: servers)
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test func `D11 each introspecting issuer receives only tokens with its own prefix`() async throws {
        let names = ["one", "two"]
        let servers = names.map { name in
            AuthorizationServer(
                issuer: IssuerIdentifier("https://\(name).example"),
                discovery: .oidc,
                introspection: Introspection(
                    endpoint: "https://\(name).example/introspect",
                    authentication: .bearer(token: Secret("x")),
                    tokenPrefix: "\(name)_"
                )
            )
        }
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: servers)
        let answers = names.map { name in
            let text = IntrospectionTests.active.replacing("https://as.example", with: "https://\(name).example")
            return ("https://\(name).example/introspect", Array("{\(text)}".utf8))
        }
        let fetcher = FixtureFetcher(Dictionary(uniqueKeysWithValues: answers))
        let door = try Door([resource], fetcher: fetcher)
        for name in names { #expect(try await door.request(authorization: ["Bearer \(name)_abc"]).status == 200) }
        #expect(try await door.request(authorization: ["Bearer three_abc"]).verdict == "401 unrecognized_token")
        #expect(fetcher.received.map(\.url.host) == ["one.example", "two.example"])
        for request in fetcher.received {
            let form = String(decoding: request.form ?? [], as: UTF8.self)
            #expect(form.hasPrefix("token=\(request.url.host.prefix(3))_abc&"))
        }
    }
}
