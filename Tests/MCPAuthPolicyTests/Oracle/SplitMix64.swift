// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A random source with the same numbers for the same seed on every machine, so that a failure can be reproduced.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    /// One of the values, which must not be empty.
    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &self)]
    }

    /// Between one and `most` different values, in random order.
    mutating func some<Value>(_ values: [Value], most: Int) -> [Value] {
        let count = Int.random(in: 1...min(most, values.count), using: &self)
        return Array(values.shuffled(using: &self).prefix(count))
    }
}
