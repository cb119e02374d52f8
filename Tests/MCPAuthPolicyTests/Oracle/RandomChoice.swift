// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthPolicyTools

extension SplitMix64 {
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
