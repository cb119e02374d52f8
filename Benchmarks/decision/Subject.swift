// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import MCPAuthVerification

/// One kind of token and what is measured with it.
struct Subject {
    /// A measured decision was not the expected one.
    struct WrongDecision: Error {}

    private let raw: RawVerification
    private let uncached: Decisions
    private let cached: Decisions

    /// Different tokens that a cached path sees in turn.
    private static let variety = 500

    init(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(algorithm)
        let tokens = try (0..<Self.variety).map { try Fixtures.token($0, signedBy: key) }
        let jws = try CompactJWS(parsing: Array(tokens[0].utf8))
        guard let raw = RawVerification(key, message: Array(jws.signingInput), signature: jws.signature) else {
            throw WrongDecision()
        }
        self.raw = raw
        let requests = tokens.map { token in
            ProtectedResourceRequest(
                method: .post,
                authority: "api.example.com",
                path: "/notes",
                credentials: .bearer(AccessToken(bytes: Array(token.utf8))),
                operation: .mcp([.call(method: "tools/list", name: nil)])
            )
        }
        uncached = Decisions(mcpAuth: try Self.engine(key, cacheCapacity: 0), requests: [requests[0]])
        cached = Decisions(mcpAuth: try Self.engine(key, cacheCapacity: 100_000), requests: requests)
    }

    /// In turns, so that both see the same machine.
    func rawAndUncached() async throws -> (raw: Double, uncached: Double) {
        var raws: [Double] = []
        var decisions: [Double] = []
        for _ in 0..<Timing.rounds {
            let start = ContinuousClock.now
            for _ in 0..<200 { guard raw.run() else { throw WrongDecision() } }
            raws.append(Timing.microseconds(since: start, count: 200))
            decisions.append(try await uncached.time(200))
        }
        return (Timing.median(raws), Timing.median(decisions))
    }

    /// Microseconds of wall clock for one decision, by one thread and by two at once.
    func cachedOnOneAndTwoThreads() async throws -> (one: Double, two: Double) {
        _ = try await cached.time(2000)
        var one: [Double] = []
        var two: [Double] = []
        for _ in 0..<Timing.rounds {
            one.append(try await cached.time(20_000))
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for half in 0..<2 {
                    group.addTask { @concurrent [cached] in
                        _ = try await cached.time(20_000, from: half * Self.variety / 2)
                    }
                }
                try await group.waitForAll()
            }
            two.append(Timing.microseconds(since: start, count: 40_000))
        }
        return (Timing.median(one), Timing.median(two))
    }

    private static func engine(_ key: SigningKey, cacheCapacity: Int) throws -> MCPAuth {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oauth)
        let resource = try ResourceConfiguration(Fixtures.resource, authorizationServers: [server])
        let configuration = Configuration(resources: [resource], tokenCacheCapacity: cacheCapacity)
        return try MCPAuth(configuration, fetcher: StaticFetcher([key]))
    }
}

/// Requests that are decided again and again.
private struct Decisions: Sendable {
    let mcpAuth: MCPAuth
    let requests: [ProtectedResourceRequest]
    let now = NumericDate.now()

    /// Microseconds for one of so many decisions, beginning with the request of this number.
    func time(_ count: Int, from start: Int = 0) async throws -> Double {
        let begin = ContinuousClock.now
        for number in start..<(start + count) {
            let request = requests[number % requests.count]
            guard case .allow = await mcpAuth.engine.authorize(request, now: now) else { throw Subject.WrongDecision() }
        }
        return Timing.microseconds(since: begin, count: count)
    }
}

/// How long things take.
enum Timing {
    static let rounds = 15

    static func microseconds(since start: ContinuousClock.Instant, count: Int) -> Double {
        let elapsed = start.duration(to: .now).components
        return (Double(elapsed.seconds) * 1e6 + Double(elapsed.attoseconds) / 1e12) / Double(count)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// The documents of the one issuer.
struct StaticFetcher: HTTPFetcher {
    private let keys: JSON

    init(_ keys: [SigningKey]) {
        self.keys = ["keys": .array(keys.map(\.publicJWK))]
    }

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"]
        return FetchResponse(status: 200, body: (request.url.path == "/jwks" ? keys : metadata).encoded())
    }
}
