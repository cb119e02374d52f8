// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthSigning

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
        uncached = try Decisions(about: [tokens[0]], jwk: key.publicJWK, cacheCapacity: 0)
        cached = try Decisions(about: tokens, jwk: key.publicJWK, cacheCapacity: 100_000)
    }

    /// Microseconds of processor time, in turns, so that both see the same machine.
    func rawAndUncached() async throws -> (raw: Double, uncached: Double) {
        var raws: [Timing.Sample] = []
        var decisions: [Timing.Sample] = []
        for _ in 0..<Timing.rounds {
            raws.append(
                try await Timing.sample(200) { for _ in 0..<200 { guard raw.run() else { throw WrongDecision() } } }
            )
            decisions.append(try await Timing.sample(200) { try await uncached.decide(200) })
        }
        return (Timing.median(raws).processor, Timing.median(decisions).processor)
    }

    /// A remembered decision by one thread, and by two at once.
    func scaling() async throws -> (one: Timing.Sample, two: Timing.Sample) {
        try await cached.decide(2000)
        let halves = cached.halves()
        var one: [Timing.Sample] = []
        var two: [Timing.Sample] = []
        for _ in 0..<Timing.rounds {
            one.append(try await Timing.sample(20_000) { try await cached.decide(20_000) })
            two.append(
                try await Timing.sample(40_000) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for half in halves {
                            group.addTask { @concurrent in try await half.decide(20_000) }
                        }
                        try await group.waitForAll()
                    }
                }
            )
        }
        return (Timing.median(one), Timing.median(two))
    }
}
