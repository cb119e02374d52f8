// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import Testing

@Suite struct ShardedCacheTests {
    /// A key with only three hash values, so that places in the index collide.
    private struct Colliding: Hashable, Sendable {
        let number: Int
        func hash(into hasher: inout Hasher) { hasher.combine(number % 3) }
    }

    @Test(arguments: UInt64(1)...4)
    func `it behaves like a dictionary when entries are kept, dropped and looked up`(seed: UInt64) {
        let cache = ShardedCache<Colliding, Int>(capacity: 16 * 1000, bytes: .max, size: { _ in 1 })
        var reference: [Int: Int] = [:]
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for step in 0..<20_000 {
            let number = random(300)
            let key = Colliding(number: number)
            switch random(4) {
            case 0:
                cache.keep(step, for: key)
                reference[number] = step
            case 1:
                #expect(cache.value(of: key) { _ in false } == nil)
                reference[number] = nil
            default:
                #expect(cache.value(of: key) { _ in true } == reference[number])
            }
        }
        #expect(cache.statistics.count == reference.count)
        cache.removeAll()
        #expect(cache.statistics.count == 0)
        #expect(reference.keys.allSatisfy { cache.value(of: Colliding(number: $0)) { _ in true } == nil })
    }

    @Test func `it never holds more than its capacity and counts what it evicts`() {
        let cache = ShardedCache<Int, Int>(capacity: 160, bytes: .max, size: { _ in 1 })
        for number in 0..<10_000 { cache.keep(number, for: number) }
        #expect(cache.statistics.count <= 160)
        #expect(cache.statistics.count + cache.statistics.evictions == 10_000)
    }

    @Test func `it never holds more bytes than its bound, however large its values are`() {
        let cache = ShardedCache<Int, Int>(capacity: 160_000, bytes: 16 * 1000, size: { $0 })
        for number in 0..<20_000 {
            cache.keep(number % 2000, for: number)
            if number % 500 == 0 { #expect(cache.statistics.bytes <= 16 * 1000) }
        }
        #expect(cache.statistics.bytes <= 16 * 1000)
        #expect(cache.statistics.count > 1)
        // Larger than the share of one shard: it is not kept, and nothing is evicted for it.
        let (count, evictions) = (cache.statistics.count, cache.statistics.evictions)
        cache.keep(1001, for: -1)
        #expect(cache.value(of: -1) { _ in true } == nil)
        #expect((cache.statistics.count, cache.statistics.evictions) == (count, evictions))
    }

    @Test func `when a value replaces another, only the new one counts`() {
        let cache = ShardedCache<Int, Int>(capacity: 160, bytes: 16 * 1000, size: { $0 })
        for size in [10, 500, 20] { cache.keep(size, for: 1) }
        #expect(cache.statistics.bytes == 20 && cache.statistics.count == 1)
        cache.keep(5000, for: 1)
        #expect(cache.statistics.bytes == 0 && cache.statistics.count == 0, "an old value is not given for a new one")
    }

    @Test func `entries that are looked up stay longer than others`() {
        let cache = ShardedCache<Int, Int>(capacity: 1600, bytes: .max, size: { _ in 1 })
        for number in 0..<100 { cache.keep(number, for: number) }
        for number in 100..<20_000 {
            cache.keep(number, for: number)
            for wanted in 0..<100 where number % 20 == 0 { _ = cache.value(of: wanted) { _ in true } }
        }
        let kept = (0..<100).count { cache.value(of: $0, ifGood: { _ in true }) != nil }
        #expect(kept == 100)
    }

    @Test func `an entry that is no longer good is a miss and is dropped`() {
        let cache = ShardedCache<String, Int>(capacity: 100, bytes: .max, size: { _ in 1 })
        cache.keep(1, for: "a")
        #expect(cache.value(of: "a") { $0 == 1 } == 1)
        #expect(cache.value(of: "a") { $0 == 2 } == nil)
        #expect(cache.statistics.count == 0)
        #expect(cache.statistics.hits == 1)
        #expect(cache.statistics.misses == 1)
    }

    @Test func `after entries are kept and dropped in any order, a lookup gives the last value or nothing`() {
        let cache = ShardedCache<Int, Int>(capacity: 64, bytes: .max, size: { _ in 1 })
        var present: [Int: Int] = [:]
        var generator = SystemRandomNumberGenerator()
        for step in 0..<5000 {
            let key = Int.random(in: 0..<30, using: &generator)
            if Bool.random(using: &generator) {
                cache.keep(step, for: key)
                present[key] = step
            } else {
                _ = cache.value(of: key) { _ in false }
                present[key] = nil
            }
            if step % 100 == 0 {
                for key in 0..<30 {
                    let found = cache.value(of: key) { _ in true }
                    // A full shard may have evicted it, but it never returns any other value than the last one kept.
                    #expect(found == nil || found == present[key])
                }
            }
        }
        cache.removeAll()
        #expect(cache.statistics.count == 0)
    }

    @Test func `concurrent tasks get back the values they kept`() async {
        let cache = ShardedCache<Int, Int>(capacity: 100_000, bytes: .max, size: { _ in 1 })
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<8 {
                group.addTask {
                    for number in 0..<2000 {
                        let key = part * 10_000 + number
                        cache.keep(key, for: key)
                        #expect(cache.value(of: key) { _ in true } == key)
                    }
                }
            }
        }
        #expect(cache.statistics.hits == 16_000)
    }
}
