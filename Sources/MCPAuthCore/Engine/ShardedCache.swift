// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthLock

/// A bounded cache that several threads use at once.
///
/// Keys are spread over shards with a lock each. A full shard evicts by second chance: the first entry under its hand
/// that was not looked up since the hand last passed. Entries say themselves whether they are still good.
package final class ShardedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// What happened since the cache was made.
    package struct Statistics: Sendable, Hashable {
        package var hits = 0
        package var misses = 0
        package var evictions = 0
        /// Entries there are now.
        package var count = 0

        package init() {}
    }

    private struct Slot {
        let key: Key
        var value: Value
        var wasUsed: Bool
    }

    private struct Shard {
        var indices: [Key: Int32] = [:]
        var slots: [Slot] = []
        var hand = 0
        var statistics = Statistics()
    }

    private static var shardCount: Int { 16 }

    private let shards: [Lock<Shard>]
    private let shardCapacity: Int

    /// - Parameter capacity: The most entries, at least one for each of 16 shards.
    package init(capacity: Int) {
        shardCapacity = max(1, capacity / Self.shardCount)
        shards = (0..<Self.shardCount).map { _ in Lock(Shard()) }
    }

    /// The value of a key if it is still good; one that is not counts as a miss and is dropped.
    package func value(of key: Key, ifGood isGood: (Value) -> Bool) -> Value? {
        shard(of: key).withLock { shard in
            guard let index = shard.indices[key].map(Int.init) else {
                shard.statistics.misses += 1
                return nil
            }
            let value = shard.slots[index].value
            guard isGood(value) else {
                Self.remove(index, from: &shard)
                shard.statistics.misses += 1
                return nil
            }
            shard.slots[index].wasUsed = true
            shard.statistics.hits += 1
            return value
        }
    }

    /// Keeps a value, in place of the one there was.
    package func keep(_ value: Value, for key: Key) {
        shard(of: key).withLock { shard in
            if let index = shard.indices[key].map(Int.init) {
                shard.slots[index].value = value
                return
            }
            let slot = Slot(key: key, value: value, wasUsed: false)
            guard shard.slots.count >= shardCapacity else {
                shard.indices[key] = Int32(shard.slots.count)
                shard.slots.append(slot)
                return
            }
            let index = Self.indexToEvict(&shard)
            shard.indices[shard.slots[index].key] = nil
            shard.slots[index] = slot
            shard.indices[key] = Int32(index)
            shard.statistics.evictions += 1
        }
    }

    package func removeAll() {
        for shard in shards {
            shard.withLock { shard in
                shard.indices = [:]
                shard.slots = []
                shard.hand = 0
            }
        }
    }

    package var statistics: Statistics {
        shards.reduce(into: Statistics()) { sum, shard in
            let (statistics, count) = shard.withLock { ($0.statistics, $0.slots.count) }
            sum.hits += statistics.hits
            sum.misses += statistics.misses
            sum.evictions += statistics.evictions
            sum.count += count
        }
    }

    private func shard(of key: Key) -> Lock<Shard> {
        // The high bits, since the dictionary of a shard uses the low ones.
        shards[Int(truncatingIfNeeded: UInt(bitPattern: key.hashValue) >> (UInt.bitWidth - 4))]
    }

    private static func indexToEvict(_ shard: inout Shard) -> Int {
        while true {
            let index = shard.hand
            shard.hand = (shard.hand + 1) % shard.slots.count
            guard shard.slots[index].wasUsed else { return index }
            shard.slots[index].wasUsed = false
        }
    }

    /// The last slot moves into the gap.
    private static func remove(_ index: Int, from shard: inout Shard) {
        shard.indices[shard.slots[index].key] = nil
        let last = shard.slots.removeLast()
        if index < shard.slots.count {
            shard.slots[index] = last
            shard.indices[last.key] = Int32(index)
        }
        if shard.hand >= shard.slots.count { shard.hand = 0 }
    }
}
