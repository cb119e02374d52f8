// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthLock

/// A cache that several threads use at once, bounded in entries and in bytes.
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
        /// What they take, by the measure that the cache was given.
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
        // First what a look-up that finds something changes or reads, so that it stays on one cache line.
        var statistics = Statistics()
        var index = Index()
        var slots: [Slot] = []
        var hand = 0
        var bytes = 0
    }

    private static var shardCount: Int { 16 }

    private let shards = ShardedLock(count: ShardedCache.shardCount) { Shard() }
    private let shardCapacity: Int
    private let shardBytes: Int
    private let size: @Sendable (Value) -> Int

    /// - Parameters:
    ///   - capacity: The most entries, at least one for each of 16 shards.
    ///   - bytes: The most that all entries may take; a value that alone takes more than a sixteenth of it is not kept.
    ///   - size: What a value takes, in bytes; the same whenever it is asked about the same value.
    package init(capacity: Int, bytes: Int, size: @escaping @Sendable (Value) -> Int) {
        shardCapacity = max(1, capacity / Self.shardCount)
        shardBytes = bytes / Self.shardCount
        self.size = size
    }

    /// The value of a key if it is still good; one that is not counts as a miss and is dropped.
    package func value(of key: Key, ifGood isGood: (Value) -> Bool) -> Value? {
        let (shard, hash) = Self.place(of: key)
        return shards.withLock(shard: shard) { shard in
            guard let index = shard.index.slot(of: key, hash, shard.slots) else {
                shard.statistics.misses += 1
                return nil
            }
            let value = shard.slots[index].value
            guard isGood(value) else {
                remove(index, from: &shard)
                shard.statistics.misses += 1
                return nil
            }
            // Written once only, so that the slot can stay in the caches of several processors.
            if !shard.slots[index].wasUsed { shard.slots[index].wasUsed = true }
            shard.statistics.hits += 1
            return value
        }
    }

    /// Keeps a value, in place of the one there was.
    package func keep(_ value: Value, for key: Key) {
        let bytes = size(value)
        let (shard, hash) = Self.place(of: key)
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
        for index in 0..<Self.shardCount {
            shards.withLock(shard: index) { shard in
                shard.index = Index()
                shard.slots = []
                shard.hand = 0
                shard.bytes = 0
            }
        }
    }

    package var statistics: Statistics {
        (0..<Self.shardCount).reduce(into: Statistics()) { sum, index in
            let (statistics, count, bytes) = shards.withLock(shard: index) { ($0.statistics, $0.slots.count, $0.bytes) }
            sum.hits += statistics.hits
            sum.misses += statistics.misses
            sum.evictions += statistics.evictions
            sum.count += count
            sum.bytes += bytes
        }
    }

    /// The shard by the high bits of the hash, since its index uses the low ones.
    private static func place(of key: Key) -> (shard: Int, hash: UInt32) {
        let hash = UInt(bitPattern: key.hashValue)
        return (Int(hash >> (UInt.bitWidth - 4)), UInt32(truncatingIfNeeded: hash))
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
    /// Where the slots of a shard are: open addressing with linear probing, at most three quarters full.
    ///
    /// It holds numbers of slots alone; a dictionary would hold every key a second time and hash it again.
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
            // What follows moves up unless its home lies behind the gap, so that no search ends too early.
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

        /// A slot gets another number.
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
