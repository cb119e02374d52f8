// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Steps of the wall clock by an hour and by a day, forward and back, do not change how long values are cached.
@Suite struct ClockStepTests {
    private static let steps = [3600.0, -3600, 86_400, -86_400]
    private static let start = NumericDate(1_795_425_000)
    /// An expiry that no step of the wall clock reaches.
    private static let farAway: JSON = .number(1_795_425_000 + 10 * 86_400)
    private static let jwks = "https://issuer.example/jwks"

    /// A door whose wall clock can be set.
    private struct Setting {
        var door: Door
        let issuer: FixtureIssuer

        init() throws {
            (door, issuer) = try Door.notes()
        }

        mutating func setWallClock(by seconds: Double) {
            issuer.fetcher.time.setWallClock(by: seconds)
            door.now = door.now.adding(seconds)
        }

        mutating func pass(_ seconds: Double) {
            door.now = door.now.adding(seconds)
        }

        func token(kid: String? = nil, key: SigningKey? = nil) throws -> String {
            var header: [String: JSON] = ["typ": "at+jwt"]
            header["kid"] = kid.map(JSON.string)
            return try issuer.token(["exp": ClockStepTests.farAway], without: ["iat"], header: header, key: key)
        }

        func verdict(of token: String) async throws -> String {
            try await door.request(authorization: ["Bearer \(token)"]).verdict
        }

        var keyFetches: Int { issuer.fetcher.requests.count { $0 == ClockStepTests.jwks } }
    }

    @Test(arguments: steps)
    func `a clock step does not change the cool-down of an unknown kid`(step: Double) async throws {
        var setting = try Setting()
        #expect(try await setting.verdict(of: setting.token()) == "200")
        setting.setWallClock(by: step)
        setting.pass(29)
        #expect(try await setting.verdict(of: setting.token(kid: "nobody")) == "401 unknown_key")
        #expect(setting.keyFetches == 1)
        setting.pass(1)
        #expect(try await setting.verdict(of: setting.token(kid: "nobody")) == "401 unknown_key")
        #expect(setting.keyFetches == 2)
    }

    @Test(arguments: steps)
    func `a clock step does not change the pause after a failure`(step: Double) async throws {
        var setting = try Setting()
        setting.issuer.fetcher.setDown(true)
        #expect(try await setting.verdict(of: setting.token()) == "503 issuer_unavailable")
        let asked = setting.issuer.fetcher.requests.count
        setting.setWallClock(by: step)
        setting.pass(0.5)
        let answer = try await setting.door.request(authorization: ["Bearer \(try setting.token())"])
        #expect(answer.verdict == "503 issuer_unavailable" && answer.retryAfter == "1")
        #expect(setting.issuer.fetcher.requests.count == asked)
        setting.pass(0.5)
        setting.issuer.fetcher.setDown(false)
        #expect(try await setting.verdict(of: setting.token()) == "200")
    }

    @Test(arguments: steps)
    func `a clock step does not change how long keys and their tokens are fresh`(step: Double) async throws {
        var setting = try Setting()
        let token = try setting.token()
        #expect(try await setting.verdict(of: token) == "200")
        setting.setWallClock(by: step)
        setting.pass(599)
        let hits = setting.door.mcpAuth.tokenCacheStatistics.hits
        #expect(try await setting.verdict(of: token) == "200")
        #expect(setting.door.mcpAuth.tokenCacheStatistics.hits == hits + 1)
        #expect(setting.keyFetches == 1)
        setting.pass(1)
        #expect(try await setting.verdict(of: token) == "200")
        #expect(setting.door.mcpAuth.tokenCacheStatistics.hits == hits + 1)
        while setting.keyFetches < 2 { await Task.yield() }
    }

    @Test(arguments: steps)
    func `a clock step does not change how long keys are used while their issuer is down`(step: Double) async throws {
        var setting = try Setting()
        #expect(try await setting.verdict(of: setting.token()) == "200")
        setting.issuer.fetcher.setDown(true)
        setting.setWallClock(by: step)
        setting.pass(86_399)
        #expect(try await setting.verdict(of: setting.token()) == "200")
        setting.pass(2)
        #expect(try await setting.verdict(of: setting.token()) == "503 issuer_unavailable")
    }

    @Test(arguments: steps)
    func `a clock step does not change the grace period of a removed key`(step: Double) async throws {
        var setting = try Setting()
        let old = try setting.token()
        #expect(try await setting.verdict(of: old) == "200")
        setting.issuer.publish([try SigningKey(.es256)])
        setting.pass(31)
        #expect(try await setting.verdict(of: setting.token(kid: "nobody")) == "401 unknown_key")
        setting.setWallClock(by: step)
        setting.pass(7199)
        #expect(try await setting.verdict(of: old) == "200")
        setting.pass(2)
        #expect(try await setting.verdict(of: old) == "401 unknown_key")
    }

    @Test(arguments: steps)
    func `a clock step does not change the age of a key set for an unknown kid`(step: Double) async throws {
        var setting = try Setting()
        #expect(try await setting.verdict(of: setting.token()) == "200")
        setting.setWallClock(by: step)
        setting.pass(10)
        for (age, verdict) in [(5.0, "503 key_pending"), (15, "401 unknown_key")] {
            let issuedAt: JSON = .number(setting.door.now.secondsSinceEpoch - age)
            let token = try setting.issuer.token(
                ["iat": issuedAt, "exp": Self.farAway],
                header: ["typ": "at+jwt", "kid": "nobody"]
            )
            #expect(try await setting.verdict(of: token) == verdict, "issued \(age) s ago")
        }
    }

    @Test(arguments: steps)
    func `a clock step does not change when an active token is introspected again`(step: Double) async throws {
        var (door, fetcher) = try IntrospectionRequestTests.door()
        let text = IntrospectionTests.active.replacing("1795425600.5", with: "1796289000")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        fetcher.time.setWallClock(by: step)
        door.now = door.now.adding(step + 29)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        #expect(fetcher.requests.count == 1)
        door.now = door.now.adding(1)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        #expect(fetcher.requests.count == 2)
    }

    @Test(arguments: steps)
    func `a clock step does not change when an inactive token is introspected again`(step: Double) async throws {
        var (door, fetcher) = try IntrospectionRequestTests.door()
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        fetcher.time.setWallClock(by: step)
        door.now = door.now.adding(step + 9)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        #expect(fetcher.requests.count == 1)
        door.now = door.now.adding(1)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
        #expect(fetcher.requests.count == 2)
    }

    @Test(arguments: steps)
    func `a clock step does not change the limit of introspections per second`(step: Double) async throws {
        var settings = IntrospectionRequestTests.standard
        settings.maximumPerSecond = 3
        var (door, fetcher) = try IntrospectionRequestTests.door(settings)
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        for number in 0..<5 { _ = try await door.request(authorization: ["Bearer a\(number)"]) }
        #expect(fetcher.requests.count == 3)
        fetcher.time.setWallClock(by: step)
        door.now = door.now.adding(step)
        #expect(try await door.request(authorization: ["Bearer b"]).verdict == "503 issuer_unavailable")
        door.now = door.now.adding(1)
        for number in 0..<5 { _ = try await door.request(authorization: ["Bearer c\(number)"]) }
        #expect(fetcher.requests.count == 6)
    }

    @Test(arguments: steps)
    func `a clock step does not change how long the verdict of a function is kept`(step: Double) async throws {
        let calls = Lock(0)
        let exp = "1796289000"
        var resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("own") { _, _ in
                    calls.withLock { $0 += 1 }
                    return .verified(
                        try TokenEvidence(
                            parsing: Array(#"{"sub":"alice","aud":"https://api.example.com/x","exp":\#(exp)}"#.utf8),
                            keptFor: 30
                        )
                    )
                },
                issuer: "https://own.example"
            )
        ]
        let fetcher = FixtureFetcher([:])
        var door = try Door([resource], fetcher: fetcher)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        fetcher.time.setWallClock(by: step)
        door.now = door.now.adding(step + 29)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        #expect(calls.withLock { $0 } == 1)
        door.now = door.now.adding(1)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        #expect(calls.withLock { $0 } == 2)
    }

    @Test(arguments: steps)
    func `the expiry of a token follows the wall clock, also when the token is remembered`(step: Double) async throws {
        var setting = try Setting()
        let token = try setting.issuer.token(without: ["iat"])
        #expect(try await setting.verdict(of: token) == "200")
        setting.setWallClock(by: step)
        #expect(try await setting.verdict(of: token) == (step > 0 ? "401 expired" : "200"))
    }

    @Test(arguments: steps)
    func `a clock step does not change how long a response without exp is used`(step: Double) async throws {
        var settings = IntrospectionRequestTests.standard
        settings.cacheSeconds = 3600
        settings.maximumSecondsWithoutExpiry = 60
        var (door, fetcher) = try IntrospectionRequestTests.door(settings)
        let text = IntrospectionTests.active.replacing("\"exp\"", with: "\"x\"")
        fetcher.serve(Array("{\(text)}".utf8), at: IntrospectionRequestTests.endpoint)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "200")
        fetcher.serve(Array(#"{"active":false}"#.utf8), at: IntrospectionRequestTests.endpoint)
        fetcher.time.setWallClock(by: step)
        door.now = door.now.adding(step + 60)
        #expect(try await door.request(authorization: ["Bearer tok"]).verdict == "401 inactive_token")
    }
}
