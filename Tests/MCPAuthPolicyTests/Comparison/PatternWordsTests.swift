// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

@Suite struct PatternWordsTests {
    @Test func `there is a text for every set of patterns that one text can match`() {
        let patterns = ["create_*", "*_note", "purge_all"].map { Glob($0, .name) }
        let words = PatternWords(patterns.map(\.elements), .name)
        let sets = Set(words.words.map { word in patterns.map { $0.matches(word) } })
        #expect(words.isComplete)
        #expect(
            sets == [
                [false, false, false], [true, false, false], [false, true, false], [true, true, false],
                [false, false, true],
            ]
        )
    }

    @Test(
        arguments: [
            (["/*"], ["/", "/x", "/x/x"]),
            (["/", "/notes/**"], ["/", "/x", "/notes", "/notes/x"]),
            (["/x/%FF", "/x/*"], ["/", "/y", "/x", "/x/y", "/x/%FF"]),
        ]
    )
    func `texts for paths are paths, with one for each set of patterns`(patterns: [String], paths: [String]) {
        let words = PatternWords(patterns.map { Glob($0, .path).elements }, .path).words
        #expect(Set(paths).isSubset(of: words), "\(words)")
        #expect(words.allSatisfy { $0.hasPrefix("/") && !$0.contains("//") })
    }

    @Test func `many long names do not overlap`() {
        let names = (0..<400).map { "a_tool_with_a_long_name_\(1000 + $0)" }
        let words = PatternWords((names + ["*_1399"]).map { Glob($0, .name).elements }, .name)
        #expect(words.isComplete && words.words.count >= 401)
    }

    @Test func `patterns that overlap in too many ways are told`() {
        let words = PatternWords((0..<30).map { Glob("*a\($0)b*", .name).elements }, .name)
        #expect(!words.isComplete)
    }
}
