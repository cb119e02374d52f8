// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthCore

@Suite struct PrintableTests {
    @Test(arguments: [
        ("create_note", "create_note"), ("réunion", "réunion"), ("会議の削除", "会議の削除"), ("مرحبا", "مرحبا"),
        ("C:\\dir", "C:\\dir"), ("a b", "a b"), ("😀", "😀"), ("e\u{301}", "e\u{301}"), ("", ""),
        ("a`b", "a\\u{60}b"), ("a\nb", "a\\u{A}b"), ("\u{1B}[2J", "\\u{1B}[2J"), ("\u{7F}", "\\u{7F}"),
        ("\u{9B}31m", "\\u{9B}31m"), ("a\u{202E}b", "a\\u{202E}b"), ("a\u{2066}b", "a\\u{2066}b"),
        ("\u{200B}", "\\u{200B}"), ("\u{FEFF}", "\\u{FEFF}"), ("a\u{A0}b", "a\\u{A0}b"), ("\u{2028}", "\\u{2028}"),
        ("\u{AD}", "\\u{AD}"), ("\u{3164}", "\\u{3164}"), ("\u{2800}", "\\u{2800}"), ("\u{E0041}", "\\u{E0041}"),
        ("a\u{FE0F}", "a\\u{FE0F}"), ("\u{E000}", "\\u{E000}"), ("\0", "\\u{0}"), ("\r", "\\u{D}"),
    ])
    func `letters are kept; backticks, invisible and control characters are escaped`(text: String, shown: String) {
        #expect(text.printable == shown)
    }

    @Test func `a line is escaped without being shortened, and keeps its backticks`() {
        let long = "`\(String(repeating: "é", count: 5000))`"
        #expect(long.escaped == long)
        #expect("a\u{202E}`b`\u{7}".escaped == "a\\u{202E}`b`\\u{7}")
    }

    @Test func `1024 characters are shown in full, and a longer text ends with an ellipsis`() {
        let name = String(repeating: "a-very-long-name-of-a-rule-", count: 30)
        #expect(name.printable == name)
        let short = String(repeating: "x", count: 1024)
        #expect(short.printable == short)
        #expect((short + "y").printable == short + "…")
        #expect(String(repeating: "é", count: 1025).printable == String(repeating: "é", count: 1024) + "…")
    }
}
