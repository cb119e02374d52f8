// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE

/// This library as one of several programs that are compared: all have the same tokens, keys, rounds and output.
///
/// Its time includes what the others do not do: choosing the resource, the policy and the answer.
enum Peer {
    private static let algorithms = [SignatureAlgorithm.rs256, .es256]
    private static let tokens = 500
    private static let rounds = 5

    static func writeFixtures(to directory: String) throws {
        for algorithm in algorithms {
            try TokenSet(algorithm, count: tokens).write(algorithm, to: directory)
        }
    }

    static func measure(_ directory: String) async throws {
        let report = Report(asLines: true)
        for algorithm in algorithms {
            let set = try TokenSet(algorithm, from: directory)
            let uncached = try Decisions(about: set.tokens, jwk: set.jwk, cacheCapacity: 0)
            report.line("uncached", algorithm, try await median(of: uncached, set.tokens.count))
            guard algorithm == .rs256 else { continue }
            let one = try Decisions(about: [set.tokens[0]], jwk: set.jwk, cacheCapacity: 100_000)
            report.line("cached, 1 token", algorithm, try await median(of: one, 5000))
            let many = try Decisions(about: set.tokens, jwk: set.jwk, cacheCapacity: 100_000)
            report.line("cached", algorithm, try await median(of: many, 5000))
        }
    }

    /// Microseconds of processor time for one decision: the median of several rounds, after one to warm up.
    private static func median(of decisions: Decisions, _ count: Int) async throws -> Double {
        try await decisions.decide(count)
        var samples: [Timing.Sample] = []
        for _ in 0..<rounds { samples.append(try await Timing.sample(count) { try await decisions.decide(count) }) }
        return Timing.median(samples).processor
    }
}
