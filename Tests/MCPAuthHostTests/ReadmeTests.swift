// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct ReadmeTests {
    @Test func `the quick start of the README is the one that compiles, in at most 25 lines`() throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let source = try String(contentsOf: here.appending(path: "QuickStart.swift"), encoding: .utf8)
        let readme = try String(contentsOf: here.appending(path: "../../README.md"), encoding: .utf8)
        let snippet = try #require(text(in: source, between: "// snippet.begin\n", and: "// snippet.end"))
        let shown = try #require(text(in: readme, between: "```swift\n", and: "```"))
        #expect(shown == snippet)
        #expect(shown.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 25)
    }

    private func text(in whole: String, between start: String, and end: String) -> String? {
        guard let from = whole.range(of: start), let to = whole[from.upperBound...].range(of: end) else { return nil }
        return String(whole[from.upperBound..<to.lowerBound])
    }
}
