// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@Suite struct JSONCursorTests {
    @Test func `a cursor reads what it is asked for and skips the rest`() throws {
        let text =
            #" { "a" : "x\n\u00e9\ud83d\ude00" , "skipped" : [ 1 , { "b" : [ ] } , -1.5e-3 , true , null ] , "list" : [ "p" , 2 , "q" ] } "#
        var cursor = try JSONCursor(Array(text.utf8), limits: .token)
        var names: [String] = []
        var strings: [String?] = []
        #expect(cursor.kind == .object)
        try cursor.object { name, cursor throws(JSONParsingError) in
            names.append(name.text ?? "")
            switch name.text {
            case "a": strings.append(try cursor.string())
            case "list":
                try cursor.array { cursor throws(JSONParsingError) in strings.append(try cursor.string()) }
            default: break
            }
        }
        try cursor.end()
        #expect(names == ["a", "skipped", "list"])
        #expect(strings == ["x\né😀", "p", nil, "q"])
    }

    @Test(arguments: [
        #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":3}"#, #"{"\u00e9":1,"é":2}"#, #"[{"x":{"y":1,"y":1}}]"#,
        #"{"\ud83d\ude00":1,"😀":2}"#, #"{"\/":1,"/":2}"#, #"{"\ud800":1,"\uD800":2}"#, #"{"":1,"":2}"#,
    ])
    func `a duplicate member name is refused, however it is escaped and wherever it occurs`(text: String) {
        #expect(throws: JSONParsingError.self) {
            var cursor = try JSONCursor(Array(text.utf8), limits: .token)
            try cursor.skip()
        }
    }

    @Test func `different objects may have the same member names`() throws {
        var cursor = try JSONCursor(Array(#"[{"a":{"a":1}},{"a":2},{"b":{"c":1},"c":{"b":1}}]"#.utf8), limits: .token)
        try cursor.skip()
        try cursor.end()
    }

    @Test func `nesting is read up to 32 levels and refused beyond that`() throws {
        for (depth, isRead) in [(32, true), (33, false), (100_000, false)] {
            let text =
                Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
            var cursor = try JSONCursor(text, limits: .init(bytes: 1_000_000))
            if isRead {
                try cursor.skip()
                try cursor.end()
            } else {
                #expect(throws: JSONParsingError.self) { try cursor.skip() }
            }
        }
    }

    @Test(arguments: [
        ("[1,\n  2,\n  x]", "expected a value", 3, 3), (#"{"a":1 "b":2}"#, "expected `,` or `}`", 1, 8),
        (#"{"a" 1}"#, "expected `:`", 1, 6), ("[1 2]", "expected `,` or `]`", 1, 4),
        ("[1]]", "unexpected text after the value", 1, 4),
        (#"{"a":1,}"#, "expected a member name", 1, 8), ("", "the text is empty", 1, 1),
        (#""a"#, "unterminated string", 1, 3),
    ])
    func `an error has a message, a line and a column`(text: String, message: String, line: Int, column: Int) {
        #expect(throws: JSONParsingError(message: message, line: line, column: column)) {
            var cursor = try JSONCursor(Array(text.utf8), limits: .token)
            try cursor.skip()
            try cursor.end()
        }
    }

    @Test func `a text that is not UTF-8 is refused`() {
        for bytes in [[0xC0, 0xAF], [0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            #expect(throws: JSONParsingError.self) {
                var cursor = try JSONCursor([0x22] + bytes + [0x22], limits: .token)
                try cursor.skip()
            }
        }
    }
}
