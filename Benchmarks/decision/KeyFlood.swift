// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning

/// Good tokens among ten thousand that name unknown keys.
struct KeyFlood {
    struct Result {
        /// Microseconds for a good token alone, and among the others.
        let alone: Double
        let amid: Double
        /// Fetches of the key set during the flood.
        let fetches: Int
    }

    private static let strangers = 10_000
    private static let goodPerHundred = 10

    static func measure() async throws -> Result {
        let key = try SigningKey(.rs256)
        let fetcher = StaticFetcher([key.publicJWK])
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oauth)
        let resource = try ResourceConfiguration(Fixtures.resource, authorizationServers: [server])
        // Nothing is cached, so that a good token has to find its key each time.
        let mcpAuth = try MCPAuth(
            MCPAuthConfiguration(resources: [resource], tokenCacheCapacity: 0, onEvent: { _ in }),
            fetcher: fetcher
        )
        let good = Decisions.request(try Fixtures.token(0, signedBy: key))
        let strange = try (0..<strangers).map { number in
            Decisions.request(try Fixtures.token(number, signedBy: key, keyID: "stranger-\(number)"))
        }
        func decide(_ request: HTTPRequest) async -> Bool {
            if case .allow = await mcpAuth.authorize(request) { return true }
            return false
        }
        guard await decide(good) else { throw Subject.WrongDecision() }
        let fetchedBefore = fetcher.count
        let alone = try await times(strangers / goodPerHundred) { await decide(good) }
        var amid: [Double] = []
        for (number, stranger) in strange.enumerated() {
            guard await !decide(stranger) else { throw Subject.WrongDecision() }
            if number % goodPerHundred == 0 { amid += try await times(1) { await decide(good) } }
        }
        return Result(
            alone: alone.sorted()[alone.count / 2],
            amid: amid.sorted()[amid.count / 2],
            fetches: fetcher.count - fetchedBefore
        )
    }

    private static func times(_ count: Int, _ work: () async -> Bool) async throws -> [Double] {
        var times: [Double] = []
        for _ in 0..<count {
            let sample = try await Timing.sample(1) { guard await work() else { throw Subject.WrongDecision() } }
            times.append(sample.processor)
        }
        return times
    }
}
