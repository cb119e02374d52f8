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
    /// How many of them are verified in one round: of a single one, said again and again, the processor learns each
    /// branch that OpenSSL takes for it.
    private static let oneRound = 200

    init(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(algorithm)
        let tokens = try (0..<Self.variety).map { try Fixtures.token($0, signedBy: key) }
        let jws = try tokens.prefix(Self.oneRound).map { try CompactJWS(parsing: Array($0.utf8)) }
        guard let raw = RawVerification(key, jws) else { throw WrongDecision() }
        self.raw = raw
        uncached = try Decisions(about: Array(tokens.prefix(Self.oneRound)), jwk: key.publicJWK, cacheCapacity: 0)
        cached = try Decisions(about: tokens, jwk: key.publicJWK, cacheCapacity: 100_000)
    }

    /// Microseconds of processor time, in turns, and what a decision took beyond the raw verification of the same turn:
    /// a machine that is slower for a while is so for both.
    func rawAndUncached() async throws -> (raw: Double, uncached: Double) {
        var raws: [Double] = []
        var beyond: [Double] = []
        for _ in 0..<Timing.rounds {
            let raw = try await Timing.sample(Self.oneRound) { guard self.raw.run() else { throw WrongDecision() } }
            let decision = try await Timing.sample(Self.oneRound) { try await uncached.decide(Self.oneRound) }
            raws.append(raw.processor)
            beyond.append(decision.processor - raw.processor)
        }
        let raw = Timing.median(raws)
        return (raw, raw + Timing.median(beyond))
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
