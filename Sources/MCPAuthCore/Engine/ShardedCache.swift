// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency

/// A cache for concurrent use, bounded in entries and in bytes.
///
/// Keys are distributed over shards, each with its own lock. A full shard evicts with the second-chance algorithm: the
/// first entry at its hand that was not used since the hand last passed it. The caller decides whether an entry is
/// still valid.
package final class ShardedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Counters since the cache was created.
    package struct Statistics: Sendable, Hashable {
        package var hits = 0
        package var misses = 0
        package var evictions = 0
        /// The current number of entries.
        package var count = 0
        /// The current size of all entries, as measured by `size`.
        package var bytes = 0

        package init() {}
    }

    private struct Slot {
        let key: Key
        var value: Value
        /// The low bits of the hash of the key.
        let hash: UInt32
        var wasUsed: Bool
    }

    private struct Shard {
        // The fields that a hit reads or changes come first, so that they are on one cache line.
        var statistics = Statistics()
        var index = Index()
        var slots: [Slot] = []
        var hand = 0
        var bytes = 0
    }

    private let shards: ShardedLock<Shard>
    private let shardCapacity: Int
    private let shardBytes: Int
    private let size: @Sendable (Value) -> Int

    /// - Parameters:
    ///   - capacity: The maximum number of entries; at least one for each shard.
    ///   - bytes: The maximum size of all entries; a value larger than the part of one shard is not kept.
    ///   - size: The size of a value in bytes; it must always be the same for the same value.
    ///   - shardCount: The number of parts with a lock each; a power of two.
    package init(capacity: Int, bytes: Int, shardCount: Int = 16, size: @escaping @Sendable (Value) -> Int) {
        shards = ShardedLock(count: shardCount) { Shard() }
        shardCapacity = max(1, capacity / shardCount)
        shardBytes = bytes / shardCount
        self.size = size
    }

    /// The value of a key if `isGood` accepts it; otherwise the entry is removed.
    ///
    /// - Parameter countsMiss: Whether a miss is counted; false if the caller looks up the same key again after a miss.
    package func value(of key: Key, countsMiss: Bool = true, ifGood isGood: (Value) -> Bool) -> Value? {
        let (shard, hash) = place(of: key)
        return shards.withLock(shard: shard) { shard in
            guard let index = shard.index.slot(of: key, hash, shard.slots) else {
                if countsMiss { shard.statistics.misses += 1 }
                return nil
            }
            let value = shard.slots[index].value
            guard isGood(value) else {
                remove(index, from: &shard)
                if countsMiss { shard.statistics.misses += 1 }
                return nil
            }
            // Written only once, so that the slot can stay in the caches of several processors.
            if !shard.slots[index].wasUsed { shard.slots[index].wasUsed = true }
            shard.statistics.hits += 1
            return value
        }
    }

    /// Stores a value and replaces the previous one.
    package func keep(_ value: Value, for key: Key) {
        let bytes = size(value)
        let (shard, hash) = place(of: key)
        shards.withLock(shard: shard) { shard in
            if let index = shard.index.slot(of: key, hash, shard.slots) { remove(index, from: &shard) }
            guard bytes <= shardBytes else { return }
            while !shard.slots.isEmpty, shard.slots.count >= shardCapacity || shard.bytes + bytes > shardBytes {
                remove(Self.indexToEvict(&shard), from: &shard)
                shard.statistics.evictions += 1
            }
            shard.slots.append(Slot(key: key, value: value, hash: hash, wasUsed: false))
            shard.bytes += bytes
            shard.index.insert(shard.slots.count - 1, shard.slots)
        }
    }

    package func removeAll() {
        for index in 0..<shards.count {
            shards.withLock(shard: index) { shard in
                shard.index = Index()
                shard.slots = []
                shard.hand = 0
                shard.bytes = 0
            }
        }
    }

    package var statistics: Statistics {
        (0..<shards.count).reduce(into: Statistics()) { sum, index in
            let (statistics, count, bytes) = shards.withLock(shard: index) { ($0.statistics, $0.slots.count, $0.bytes) }
            sum.hits += statistics.hits
            sum.misses += statistics.misses
            sum.evictions += statistics.evictions
            sum.count += count
            sum.bytes += bytes
        }
    }

    /// The shard is chosen by the high bits of the hash, because the index uses the low bits.
    private func place(of key: Key) -> (shard: Int, hash: UInt32) {
        let hash = UInt(bitPattern: key.hashValue)
        return (Int(hash >> (UInt.bitWidth / 2)) & (shards.count - 1), UInt32(truncatingIfNeeded: hash))
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
    private func remove(_ index: Int, from shard: inout Shard) {
        shard.index.remove(index, shard.slots)
        shard.bytes -= size(shard.slots[index].value)
        let last = shard.slots.count - 1
        if index < last {
            shard.index.move(last, to: index, shard.slots)
            shard.slots[index] = shard.slots[last]
        }
        shard.slots.removeLast()
        if shard.hand >= shard.slots.count { shard.hand = 0 }
    }
}

extension ShardedCache {
    /// The index of a shard, from key to slot: open addressing with linear probing, at most three quarters full.
    ///
    /// It contains only slot numbers; a dictionary would store every key a second time and hash it again.
    private struct Index {
        private var table: [Int32] = []
        private var count = 0

        private static var free: Int32 { -1 }

        func slot(of key: Key, _ hash: UInt32, _ slots: [Slot]) -> Int? {
            guard !table.isEmpty else { return nil }
            var place = home(of: hash)
            while table[place] != Self.free {
                let slot = Int(table[place])
                if slots[slot].hash == hash && slots[slot].key == key { return slot }
                place = following(place)
            }
            return nil
        }

        mutating func insert(_ slot: Int, _ slots: [Slot]) {
            if (count + 1) * 4 > table.count * 3 { grow(slots) }
            count += 1
            put(Int32(slot), slots)
        }

        mutating func remove(_ slot: Int, _ slots: [Slot]) {
            var gap = place(of: slot, slots)
            count -= 1
            // Later entries move into the gap unless their home is behind it, so that no search ends too early.
            var place = following(gap)
            while table[place] != Self.free {
                let distance = (place - home(of: slots[Int(table[place])].hash)) & (table.count - 1)
                if distance >= (place - gap) & (table.count - 1) {
                    table[gap] = table[place]
                    gap = place
                }
                place = following(place)
            }
            table[gap] = Self.free
        }

        /// Changes the number of a slot.
        mutating func move(_ slot: Int, to other: Int, _ slots: [Slot]) {
            table[place(of: slot, slots)] = Int32(other)
        }

        private mutating func grow(_ slots: [Slot]) {
            let old = table
            table = Array(repeating: Self.free, count: max(8, old.count * 2))
            for slot in old where slot != Self.free { put(slot, slots) }
        }

        private mutating func put(_ slot: Int32, _ slots: [Slot]) {
            var place = home(of: slots[Int(slot)].hash)
            while table[place] != Self.free { place = following(place) }
            table[place] = slot
        }

        private func place(of slot: Int, _ slots: [Slot]) -> Int {
            var place = home(of: slots[slot].hash)
            while table[place] != Int32(slot) { place = following(place) }
            return place
        }

        /// The size of the table is a power of two.
        private func home(of hash: UInt32) -> Int { Int(hash) & (table.count - 1) }
        private func following(_ place: Int) -> Int { (place + 1) & (table.count - 1) }
    }
}
