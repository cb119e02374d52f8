// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthLock
import TestSupport
import Testing

@testable import MCPAuthVerification

/// Rows D9 to D12 of the attack catalogue: what an introspecting issuer says, and who makes us ask it how often; what
/// responses look like is in `IntrospectionTests`.
@Suite struct IntrospectionAttackTests {
    private typealias Introspection = AuthorizationServer.Introspection

    @Test(arguments: [400, 401, 403])
    func `D10 our own credentials refused is 503 and said loudly`(status: Int) async throws {
        let events = Lock<[EngineEvent]>([])
        let (door, fetcher) = try IntrospectionRequestTests.door { event in events.withLock { $0.append(event) } }
        fetcher.serve(
            Array(#"{"error":"invalid_client"}"#.utf8),
            at: IntrospectionRequestTests.endpoint,
            status: status
        )
        #expect(try await door.request(authorization: ["Bearer tok"]).status == 503)
        let event = try #require(events.withLock { $0 }.first)
        #expect(event.code == .introspectionCredentialsRefused && event.level == .error)
        #expect(!event.message.contains("tok") && !event.message.contains("s3cret"))
    }

    @Test func `D12 an inactive token is not asked about again for a short time`() async throws {
        var (door, fetcher) = try IntrospectionRequestTests.door()
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        for _ in 0..<5 { #expect(try await door.request(authorization: ["Bearer tok"]).status == 401) }
        #expect(fetcher.requests.count == 1)
        fetcher.serve(Array("{\(IntrospectionTests.active)}".utf8), at: IntrospectionRequestTests.endpoint)
        door.now = NumericDate(door.now.secondsSinceEpoch + 11)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == 200)
    }

    @Test func `D12 more different tokens than allowed in a second are 503, and others still pass`()
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

    @Test func `D12 more different tokens than allowed at once are 503, and pass when there is room`() async throws {
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

    @Test func `D12 the limits are those of the issuer, however many resources ask it`() async throws {
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
            mcpAuth: try MCPAuth(Configuration(resources: resources), fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/x"),
            now: NumericDate(1_795_425_000)
        )
        for number in 0..<60 {
            let path = "/" + ["x", "y", "z"][number % 3]
            _ = try await door.request(authorization: ["Bearer tok-\(number)"], path: path)
        }
        #expect(fetcher.received.count == 10)
    }

    @Test func `D12 requests whose times are out of order get no more than their due`() {
        let limiter = RequestLimiter(concurrency: 1000, perSecond: 10)
        var begun = 0
        for number in 0..<100 {
            if limiter.begin(now: NumericDate(number % 2 == 0 ? 1000 : 999.5)) { begun += 1 }
        }
        #expect(begun == 10)
        // A clock that was put back by an hour stops nobody for an hour.
        #expect(!limiter.begin(now: NumericDate(-2600)))
        #expect(limiter.begin(now: NumericDate(-2599)))
    }

    @Test(arguments: ["refresh_token", "DPoP"])
    func `D12 a token that is active and no access token is not asked about again for a short time`(
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
    func `D9 what the issuer calls no access token is none, active or not`(type: String, status: Int) async throws {
        let (door, fetcher) = try IntrospectionRequestTests.door()
        let text = IntrospectionTests.active.replacing("\"Bearer\"", with: "\"\(type)\"")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).status == status)
    }

    @Test func `D11 one token is never shown to two issuers`() throws {
        let servers = ["https://one.example", "https://two.example"].map { issuer in
            AuthorizationServer(
                issuer: IssuerIdentifier(issuer),
                discovery: .oidc,
                introspection: Introspection(authentication: .bearer(token: Secret("x")), tokenPrefix: "t")
            )
        }
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: servers)
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(Configuration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test func `D11 each of several issuers is shown its own tokens only`() async throws {
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
