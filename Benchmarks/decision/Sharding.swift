// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// What the shards of the token cache save when two threads look up tokens.
enum Sharding {
    private static let count = 50_000

    /// Microseconds of wall-clock time for one lookup: by one thread, and by each of two threads.
    static func lookups(shards: Int) async throws -> (one: Double, two: Double) {
        let cache = ShardedCache<Int, Int>(capacity: 10_000, bytes: 1 << 20, shardCount: shards) { _ in 8 }
        for key in 0..<500 { cache.keep(key, for: key) }
        var one: [Double] = []
        var two: [Double] = []
        for _ in 0..<Timing.rounds {
            one.append(await Timing.sample(count) { lookUp(cache) }.wall)
            two.append(
                await Timing.sample(2 * count) {
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<2 { group.addTask { @concurrent in lookUp(cache) } }
                    }
                }.wall
            )
        }
        return (Timing.median(one), Timing.median(two))
    }

    private static func lookUp(_ cache: ShardedCache<Int, Int>) {
        for number in 0..<count { _ = cache.value(of: number % 500) { _ in true } }
    }
}
