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
    /// The same as ``cached``, by an engine that shares nothing with it.
    private let other: Decisions

    /// How many different tokens are decided in turn, if decisions are cached.
    private static let variety = 500
    /// How many of them are verified in one round.
    ///
    /// If there were only one token, the processor would learn every branch that OpenSSL takes for it.
    private static let oneRound = 200

    init(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(algorithm)
        let tokens = try (0..<Self.variety).map { try Fixtures.token($0, signedBy: key) }
        let jws = try tokens.prefix(Self.oneRound).map { try CompactJWS(parsing: Array($0.utf8)) }
        guard let raw = RawVerification(key, jws) else { throw WrongDecision() }
        self.raw = raw
        uncached = try Decisions(about: Array(tokens.prefix(Self.oneRound)), jwk: key.publicJWK, cacheCapacity: 0)
        cached = try Decisions(about: tokens, jwk: key.publicJWK, cacheCapacity: 100_000)
        other = try Decisions(about: tokens, jwk: key.publicJWK, cacheCapacity: 100_000)
    }

    /// Microseconds of processor time.
    ///
    /// Both are measured in turns, and a decision is compared with the raw verification of the same turn, so a machine
    /// that is slower for a while affects both.
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

    /// Microseconds for a remembered decision.
    struct Remembered {
        /// Processor time, with one thread.
        let processor: Double
        /// Wall-clock time, with one thread.
        let alone: Double
        /// Wall-clock time, with two threads that use one engine.
        let together: Double
        /// Wall-clock time, with two threads that use an engine each: the most that the machine allows.
        let apart: Double
    }

    /// Measures in turns; two threads are compared with one thread in the same turn.
    func remembered() async throws -> Remembered {
        try await cached.decide(2000)
        try await other.decide(2000)
        var alone: [Timing.Sample] = []
        var together: [Double] = []
        var apart: [Double] = []
        for _ in 0..<Timing.rounds {
            let one = try await Timing.sample(20_000) { try await cached.decide(20_000) }
            alone.append(one)
            together.append(try await Self.both(cached.halves()) / one.wall)
            apart.append(try await Self.both([cached.halves()[0], other.halves()[1]]) / one.wall)
        }
        let wall = Timing.median(alone.map(\.wall))
        return Remembered(
            processor: Timing.median(alone.map(\.processor)),
            alone: wall,
            together: wall * Timing.median(together),
            apart: wall * Timing.median(apart)
        )
    }

    /// Microseconds of wall-clock time for one decision while both run at once.
    private static func both(_ decisions: [Decisions]) async throws -> Double {
        try await Timing.sample(40_000) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for each in decisions {
                    group.addTask { @concurrent in try await each.decide(20_000) }
                }
                try await group.waitForAll()
            }
        }.wall
    }
}
