// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import MCPAuthPolicyTools
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

@Suite struct ScalarSetTests {
    private static let scalars: [JSON] = ["a", "b", "", 1, 2, .number(1), .number(2.5), true, false, .null]

    /// Repeating elements changes no result, but makes the lists long enough for a set.
    @Test func `long lists are compared as short ones are`() {
        var random = SplitMix64(seed: 0x5CA1)
        var results: [Truth: Int] = [:]
        for _ in 0..<2000 {
            let elements = (0..<Int.random(in: 0...3, using: &random)).map { _ in random.pick(Self.values) }
            let constants = (0..<Int.random(in: 1...3, using: &random)).map { _ in random.pick(Self.scalars) }
            func repeated(_ values: [JSON]) -> [JSON] { Array((0..<100).map { _ in values }.joined()) }
            for make in [Predicate.containsAny, Predicate.containsAll, Predicate.subsetOf] {
                let short = make(constants).evaluate(.made(.array(elements)), isSetValued: false)
                let long = make(repeated(constants)).evaluate(.made(.array(repeated(elements))), isSetValued: false)
                #expect(short == long, "\(make(constants)) of \(elements)")
                results[short, default: 0] += 1
            }
        }
        #expect(results.count == 3 && results.values.allSatisfy { $0 > 100 }, "\(results)")
    }

    /// Also values that are no scalars.
    private static let values = scalars + [["a"], [:], .unrepresentable]
}
