// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore

/// The errors for a text that is not JSON: the position of each mistake, and what would be right.
@Suite struct JSONSyntaxTests {
    @Test(arguments: [
        // Commas.
        ("{\"a\": 1\n \"b\": 2}", 1, 8, "a comma is missing after this"),
        ("{\"a\": \"x\" \"b\": 2}", 1, 10, "a comma is missing after this"),
        ("[{\"a\": 1} {\"b\": 2}]", 1, 10, "a comma is missing after this"),
        ("[1 2]", 1, 3, "a comma is missing after this"),
        ("{\"a\": [1]\n\n  \"b\": 2}", 1, 10, "a comma is missing after this"),
        ("{\"a\": 1,}", 1, 8, "nothing comes after this comma; remove it"),
        ("[1,\n 2,\n]", 2, 3, "nothing comes after this comma; remove it"),
        ("[1,, 2]", 1, 4, "there is nothing between two commas"),
        ("[, 1]", 1, 2, "a value is missing before this comma"),
        ("{, \"a\": 1}", 1, 2, "a key is missing before this comma"),
        ("{\"a\": 1; \"b\": 2}", 1, 8, "found `;`, expected `,`"),
        // Comments.
        ("{\n  // who\n  \"a\": 1}", 2, 3, "JSON has no comments"),
        ("{\"a\": 1 /* one */}", 1, 9, "JSON has no comments"),
        ("# a file\n{}", 1, 1, "write a member `\"$comment\"` instead"),
        ("{\"a\": 1, // one\n \"b\": 2}", 1, 10, "JSON has no comments"),
        ("{\"a\": // one\n 1}", 1, 7, "JSON has no comments"),
        ("{} // end", 1, 4, "JSON has no comments"),
        // Quotes and keys.
        ("{'a': 1}", 1, 2, "in double quotes, not in single quotes"),
        ("{\"a\": 'x'}", 1, 7, "in double quotes, not in single quotes"),
        ("{a: 1}", 1, 2, "a key is written in double quotes, as in `\"id\"`"),
        ("{\"a\": 1, b: 2}", 1, 10, "a key is written in double quotes"),
        ("{1: 2}", 1, 2, "a key is written in double quotes"),
        ("{\"a\": x}", 1, 7, "a string is written in double quotes"),
        ("{\"a\": `x`}", 1, 7, "not between backticks"),
        ("{\u{201C}a\u{201D}: 1}", 1, 2, "this is a typographic quote"),
        ("{\"a\": \u{201C}x\u{201D}}", 1, 7, "this is a typographic quote"),
        ("{\"a\":\u{00A0}1}", 1, 6, "this is an invisible character (U+00A0)"),
        // Colons and values.
        ("{\"a\" 1}", 1, 5, "a `:` is missing after this key"),
        ("{\"a\" = 1}", 1, 6, "found `=`, expected `:`"),
        ("{\"a\"}", 1, 2, "this key has no value"),
        ("{\"a\", \"b\": 1}", 1, 2, "this key has no value"),
        ("{\"a\": }", 1, 7, "a value is missing before this `}`"),
        ("{\"a\": , \"b\": 1}", 1, 7, "a value is missing before this comma"),
        ("[\"a\": 1]", 1, 5, "found `:`, expected `,` or `]`"),
        ("{\"a\": True}", 1, 7, "write `true`"),
        ("{\"a\": None}", 1, 7, "write `null`"),
        ("{\"a\": NaN}", 1, 7, "JSON has no such number"),
        // Brackets and strings that are not closed.
        ("{\"a\": [1, 2}", 1, 12, "expected `]`, since `[` was opened at line 1, column 7, found `}`"),
        ("{\n \"a\": [\n  1\n", 4, 1, "the text ends here, but `[` at line 2, column 7 is not closed"),
        ("{\"a\": 1", 1, 8, "`{` at line 1, column 1 is not closed"),
        ("{\"a\": {\"b\": 1}", 1, 15, "`{` at line 1, column 1 is not closed"),
        ("{\"a\":", 1, 6, "`{` at line 1, column 1 is not closed"),
        ("{", 1, 2, "`{` at line 1, column 1 is not closed"),
        ("{\"a\": [\"b\", \"c\": 1}", 1, 16, "the `[` at line 1, column 7 may not be closed"),
        ("{\"a\": \"x\n}", 1, 7, "this string is not closed on its line"),
        ("{\"a\": \"x}", 1, 7, "this string is not closed"),
        ("{}}", 1, 3, "this `}` does not close anything"),
        ("{},", 1, 3, "the document ends before this `,`"),
        ("{}\n{}", 2, 1, "a file has one object"),
        // Numbers.
        ("[01]", 1, 2, "a number must not have a leading `0`"),
        ("[+1]", 1, 2, "a number must not begin with `+`"),
        ("[.5]", 1, 2, "a number begins with a digit"),
        ("[1.]", 1, 2, "digits are missing after the decimal point"),
        ("[1e]", 1, 2, "digits are missing in the exponent"),
        ("[0x10]", 1, 2, "neither a number nor a string"),
        ("[1_000]", 1, 2, "neither a number nor a string"),
        ("[2026-01-31]", 1, 2, "neither a number nor a string"),
        ("[18446744073709551616]", 1, 2, "this number is too large"),
        ("[1e400]", 1, 2, "this number is too large"),
        // Strings.
        ("[\"a\tb\"]", 1, 4, "a tab in a string is written `\\t`"),
        ("[\"a\u{1B}b\"]", 1, 4, "a control character in a string"),
        ("[\"C:\\dir\"]", 1, 5, "a backslash itself is written `\\\\`"),
        ("[\"\\u12\"]", 1, 3, "`\\u` is followed by four hexadecimal digits"),
        ("[\"\\u0000\"]", 1, 3, "NUL"),
        ("[\"\\ud83d\"]", 1, 3, "half of a surrogate pair"),
        ("[\"\\udc00\"]", 1, 3, "half of a surrogate pair"),
        // The rest.
        ("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", 3, 2, "this object already has this key, at line 1, column 2"),
        ("{\"a\": 1,\n<<<<<<< ours\n \"b\": 2}", 2, 1, "this is an unresolved merge conflict"),
        ("{\"a\": 1\n=======\n}", 2, 1, "this is an unresolved merge conflict"),
        ("{\"\u{E9}\": 1 \"b\": 2}", 1, 9, "a comma is missing after this"),
        ("\u{FEFF}{\"a\": 1,}", 1, 8, "nothing comes after this comma"),
        ("{\"a\": 1,\r\n \"b\" 2}\r\n", 2, 5, "a `:` is missing after this key"),
    ])
    func `a syntax mistake has a position and advice`(text: String, line: Int, column: Int, words: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: Array(text.utf8))
        }
        #expect(error?.location.map { [$0.line, $0.column] } == [line, column], "\(error?.description ?? "accepted")")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "accepted")")
        #expect(error?.code == (words.contains("already") ? .duplicate : .invalidJSON))
    }

    @Test(arguments: [
        ("{\"a\": [1, 2,],\n \"b\": 3,\n}", ["1:12", "2:8"]),
        ("{\"a\": 1\n \"b\": 2\n \"c\": 3}", ["1:8", "2:8"]),
        ("[{\"a\": 1} {\"b\": 2}\n {\"c\": 3,}]", ["1:10", "1:19", "2:9"]),
        ("{ // one\n \"a\": True, // two\n /* three */ \"b\": 1,\n}", ["1:3", "2:7", "3:20"]),
        ("{\"a\": 1, \"a\": 2, \"b\": 3, \"b\": None}", ["1:10", "1:26", "1:31"]),
        ("[1, // last\n]", ["1:3", "1:5"]),
        ("{\"a\": 1,}\n/* no end", ["1:8", "2:1"]),
        ("{\"a\": 1 \"b\": 2,, \"c\": 3,}", ["1:8", "1:16"]),
    ])
    func `several syntax mistakes are reported at once, comments only once`(text: String, places: [String]) {
        let error = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: Array(text.utf8))
        }
        let found = (error?.all ?? []).compactMap { $0.location.map { "\($0.line):\($0.column)" } }
        #expect(found == places, "\(error?.all ?? [])")
    }

    @Test func `at most twenty syntax mistakes are reported at once`() {
        let text = "[" + (0..<50).map { "\"\($0)\"" }.joined(separator: " ") + "]"
        let error = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: Array(text.utf8))
        }
        #expect(error?.all.count == 20)
    }

    @Test func `the error for a file that is not JSON at all says what a file contains`() {
        let error = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: Array("version: 1\nrules: []\n".utf8))
        }
        #expect(error?.description == "f.json:1:1: MA001: a file has one object, which begins with `{`")
    }

    @Test func `the error for a text that is not UTF-8 has a position or advice on the encoding`() {
        let latin = Array("{\"caf".utf8) + [0xE9] + Array("\": 1}".utf8)
        let error = #expect(throws: ConfigurationError.self) { try DocumentReader(file: "f.json", bytes: latin) }
        #expect(error?.description == "f.json:1:6: MA001: this byte is not UTF-8; save the file as UTF-8")
        let wide = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: [0xFF, 0xFE, 0x7B, 0x00])
        }
        #expect(wide?.message.contains("UTF-16") == true || wide?.message.contains("NUL") == true)
    }

    @Test func `a message contains no value of the text`() {
        for text in [
            "{\"k\": hunter2}", "{\"k\": \"hunter2\" 1}", "{\"k\": 'hunter2'}", "{\"k\": \"hunter2", "{hunter2: 1}",
        ] {
            let error = #expect(throws: ConfigurationError.self) {
                try DocumentReader(file: "f.json", bytes: Array(text.utf8))
            }
            #expect(error?.message.contains("hunter2") == false)
        }
    }

    @Test(arguments: [
        #"{"a": [1, -2.5e+10, {"b": "\u00e9\ud83d\ude00\n"}, [], {}, true, false, null], "c": "/* no */ // # '"}"#,
        "[]", "0", " \t\r\n{} \n", "\u{FEFF}{}",
    ])
    func `valid JSON has no mistakes`(text: String) throws {
        #expect(throws: Never.self) { try DocumentReader(file: "f.json", bytes: Array(text.utf8)) }
        let bytes = Array(text.utf8.drop { $0 >= 0x80 })
        #expect(JSONSyntaxCheck.mistakes(in: bytes, mostDepth: 32).isEmpty)
    }

    @Test func `nesting that is too deep is reported at the bracket`() {
        let text = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        let error = #expect(throws: ConfigurationError.self) {
            try DocumentReader(file: "f.json", bytes: Array(text.utf8))
        }
        #expect(error?.description == "f.json:1:33: MA001: nested deeper than 32 levels")
    }

    @Test func `a huge text of brackets is refused without recursion`() {
        let text = String(repeating: "[", count: 1_000_000)
        #expect(throws: ConfigurationError.self) { try DocumentReader(file: "f.json", bytes: Array(text.utf8)) }
    }
}
