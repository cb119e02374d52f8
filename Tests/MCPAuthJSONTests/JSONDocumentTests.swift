// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@Suite struct JSONDocumentTests {
    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{'a':1}"#, #"{"a":1,}"#, #"{"a":NaN}"#,
        #"{"a":Infinity}"#, #"{"a":1}x"#, "", " ", "{\"a\":1}\0", "{\"a\":1\0}", "{\"a\":true\0,\"b\":1}", "[null\0]",
        "7\0",
        #"{"a":01}"#, #"{"a":/**/1}"#, "{", "[", "]", "}", "[1", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"["a"#, #"["\"#,
        #"["\u12"#,
        "[1 2]", "[,]", "[1,]", #"{"a" 1}"#, #"{1:2}"#, "tru", "nulll", "-", "+1", ".5", "1.", "1e", "1e+", "-01",
        "0x1",
        #"["\x"]"#, #"["\u12G4"]"#, "[\"\t\"]", "[\"\n\"]", "\u{FEFF}", "[1]\u{FEFF}", "\u{FEFF}\u{FEFF}[]",
        // A text with a value that cannot be represented is read by a second reader, which refuses all of these too.
        #"{"a":1,"a":1e999}"#, #"{"a":18446744073709551616,"\u0061":2}"#, #"[1e999,]"#, #"[1e999}"#, #"["\ud800]"#,
        #"{"a\u0000":1,"b":2,"b":3}"#, #"{"a\u0000" 1}"#, #"[018446744073709551616]"#, #"[1e999.5]"#,
        #"["\ud800","\x"]"#,
        #"{"a":{"\ud800":1},}"#, #"[18446744073709551616"#,
    ])
    func `refuses what is not JSON or has a duplicate member`(text: String) throws {
        for limits in [JSONDocument.Limits.token, .file] {
            #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: Array(text.utf8), limits: limits) }
        }
        #expect(throws: JSONParsingError.self) { try Self.readThrough(Array(text.utf8)) }
    }

    @Test(arguments: [
        #"9223372036854775808"#, "-9223372036854775809", "18446744073709551616", "1e400", "-1e400", "1.5E+999",
        #""\u0000""#, #""a\u0000b""#, #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\udc00\ud800""#, #""\ud83dx""#,
    ])
    func `a value that cannot be represented exists but cannot be read as any type`(text: String) throws {
        let around = Array(#" {"before":1,"x":\#(text) ,"after":[ \#(text),"y" ]}"#.utf8)
        #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: around, limits: .file) }
        try Self.readThrough(around)
        let root = try JSONDocument(parsing: around, limits: .token).root
        #expect(root.kind == .object && root["before"]?.integer == 1 && root["after"]?[1]?.string == "y")
        #expect(root["after"]?.strings == nil)
        let value = try #require(root["x"])
        #expect(value.kind == .unrepresentable)
        #expect(value.string == nil && value.integer == nil && value.number == nil && value.boolean == nil)
        #expect(value.array == nil && value.members == nil && value.count == 0 && value["b"] == nil && value[0] == nil)
        #expect(!value.isString("") && !value.isString("\0"))
        #expect(JSON(value) == .unrepresentable && JSON(value).encoded() == Array("null".utf8))
    }

    @Test func `a member whose name cannot be represented is left out, and the others are kept`() throws {
        let text = #"{"\u0000":1,"a\ud800":{"c":1},"b":2,"\u0000x":1}"#
        #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: Array(text.utf8), limits: .file) }
        let root = try JSONDocument(parsing: Array(text.utf8), limits: .token).root
        #expect(root.kind == .object && root["b"]?.integer == 2)
        #expect(root.members?.map(\.name) == ["b"])
        #expect(["", "\0", "a", "x", "\0x"].allSatisfy { root[$0] == nil })
        #expect(String(decoding: JSON(root).encoded(), as: UTF8.self) == #"{"b":2}"#)
    }

    @Test(arguments: [
        ("9223372036854775807", 9_223_372_036_854_775_807.0), ("-9223372036854775808", -9_223_372_036_854_775_808.0),
        ("1e308", 1e308), ("1e-400", 0), ("18446744073709551616.0", 18_446_744_073_709_551_616),
    ])
    func `a number that can be represented is read next to one that cannot`(text: String, number: Double) throws {
        let root = try JSONDocument(parsing: Array("[1e999,\(text)]".utf8), limits: .token).root
        #expect(root[1]?.number == number)
        #expect(root[0]?.kind == .unrepresentable)
    }

    @Test func `a surrogate pair is one character, even next to a lone surrogate`() throws {
        let root = try JSONDocument(parsing: Array(#"["\ud83d\ude00","\ud83d","\\ud83d"]"#.utf8), limits: .token).root
        #expect(root[0]?.string == "\u{1F600}")
        #expect(root[1]?.kind == .unrepresentable)
        #expect(root[2]?.string == #"\ud83d"#)
    }

    @Test func `invalid JSON is refused even within a name that cannot be represented`() {
        for rest in [[0x90, 0xC8], Array(#"\ud83w\ude00"#.utf8), Array(#"\x"#.utf8), [0x01], [0x0A]] as [[UInt8]] {
            let text = Array(#"{"a\u0000"#.utf8) + rest + Array(#"":1}"#.utf8)
            #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: text, limits: .token) }
            #expect(throws: JSONParsingError.self) { try Self.readThrough(text) }
        }
    }

    @Test func `a name that cannot be represented may occur only once, however it is escaped`() throws {
        for text in [#"{"a\u0000":1,"a\u0000":2}"#, #"{"a\u0000":1,"\u0061\u0000":2}"#, #"{"\ud800":1,"\uD800":2}"#] {
            #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: Array(text.utf8), limits: .token) }
        }
        let root = try JSONDocument(parsing: Array(#"{"a\u0000":1,"b\u0000":2,"c":3}"#.utf8), limits: .token).root
        #expect(root.members?.map(\.name) == ["c"])
    }

    @Test func `positions do not count a byte order mark`() throws {
        let text = Array("{\n  \"a\": [1, 2]\n}".utf8)
        let pointer = try #require(JSONPointer("/a/1"))
        let place = JSONLocator.position(of: pointer, in: text)
        #expect(place.line == 2 && place.column == 12)
        #expect(JSONLocator.position(of: pointer, in: [0xEF, 0xBB, 0xBF] + text) == place)
    }

    @Test func `a byte order mark at the beginning is skipped`() throws {
        for limits in [JSONDocument.Limits.token, .file] {
            #expect(
                try JSONDocument(parsing: [0xEF, 0xBB, 0xBF] + Array("[7]".utf8), limits: limits).root[0]?.integer == 7
            )
        }
        try Self.readThrough([0xEF, 0xBB, 0xBF] + Array("[7]".utf8))
    }

    @Test func `an optional member that is null counts as absent`() throws {
        let root = try JSONDocument(parsing: Array(#"{"a":null,"b":false}"#.utf8), limits: .token).root
        #expect(root["a"]?.kind == .null && root.optional("a") == nil && root.optional("c") == nil)
        #expect(root.optional("b")?.boolean == false)
    }

    /// Reads every value of a text with a cursor.
    private static func readThrough(_ bytes: [UInt8]) throws(JSONParsingError) {
        var cursor = try JSONCursor(bytes, limits: .token)
        try cursor.skip()
        try cursor.end()
    }

    @Test(arguments: [[0xC0, 0xAF], [0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func `refuses what is not UTF-8`(bytes: [UInt8]) {
        #expect(throws: JSONParsingError.self) {
            try JSONDocument(parsing: [0x22] + bytes + [0x22], limits: .token)
        }
    }

    @Test func `refuses nesting deeper than 32 levels, and ignores brackets in strings`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParsingError(message: "nested deeper than 32 levels", line: 1, column: 33)) {
            try JSONDocument(parsing: Array(deep.utf8), limits: .init(bytes: 200_000))
        }
        let inString = #"{"a":"\#(String(repeating: "[", count: 100))"}"#
        #expect(try JSONDocument(parsing: Array(inString.utf8), limits: .token).root["a"]?.string?.count == 100)
    }

    @Test func `refuses a text above its limit`() {
        let text = Array(("\"" + String(repeating: "a", count: 20_000) + "\"").utf8)
        let limits = JSONDocument.Limits(bytes: text.count - 1)
        #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: text, limits: limits) }
        #expect(throws: JSONParsingError.self) { _ = try JSONCursor(text, limits: limits) }
        #expect(throws: Never.self) { try JSONDocument(parsing: text, limits: .init(bytes: text.count)) }
    }

    @Test func `an error does not repeat the text`() {
        let error = #expect(throws: JSONParsingError.self) {
            try JSONDocument(parsing: Array(#"{"secret": hunter2}"#.utf8), limits: .token)
        }
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.line == 1)
    }

    @Test func `reads every kind of value`() throws {
        let text = #"{"s":"é","i":-3,"d":1.5,"e":1e3,"t":true,"n":null,"a":[1,"x"],"o":{"p":{}}}"#
        let root = try JSONDocument(parsing: Array(text.utf8), limits: .token).root
        #expect(root["s"]?.string == "é")
        #expect(root["i"]?.integer == -3)
        #expect(root["d"]?.integer == nil)
        #expect(root["e"]?.number == 1000)
        #expect(root["t"]?.boolean == true)
        #expect(root["n"]?.kind == .null)
        #expect(root["a"]?.array?.count == 2)
        #expect(root["missing"] == nil)
        #expect(root[JSONPointer(tokens: ["o", "p"])]?.kind == .object)
        #expect(root.members?.map(\.name) == ["s", "i", "d", "e", "t", "n", "a", "o"])
    }

    @Test func `a value outlives the last use of its document`() throws {
        var value: JSONView?
        do { value = try JSONDocument(parsing: Array(#"["kept"]"#.utf8), limits: .token).root[0] }
        #expect(value?.string == "kept")
    }
}

@Suite struct JSONPointerTests {
    @Test(arguments: [("", []), ("/a", ["a"]), ("/a~1b/~0", ["a/b", "~"]), ("/", [""]), ("/a/0", ["a", "0"])])
    func `reads and writes the string form`(text: String, tokens: [String]) {
        #expect(JSONPointer(text)?.tokens == tokens)
        #expect(JSONPointer(tokens: tokens).description == text)
    }

    @Test(arguments: ["a", "/~", "/~2", "/a~"])
    func `refuses broken escapes and relative forms`(text: String) {
        #expect(JSONPointer(text) == nil)
    }

    @Test func `an array index has no sign and no leading zero`() throws {
        let root = try JSONDocument(parsing: Array("[10,11]".utf8), limits: .token).root
        #expect(root[JSONPointer(tokens: ["1"])]?.integer == 11)
        for token in ["01", "+1", "-", "2", "-1"] { #expect(root[JSONPointer(tokens: [token])] == nil) }
    }
}

@Suite struct JSONTests {
    @Test func `writes sorted members and reads them back`() throws {
        let value: JSON = ["b": [1, 2], "a": ["x": "é\"\n"], "c": .null, "d": .number(0.5)]
        let text = String(decoding: value.encoded(), as: UTF8.self)
        #expect(text == #"{"a":{"x":"é\"\n"},"b":[1,2],"c":null,"d":0.5}"#)
        #expect(JSON(try JSONDocument(parsing: Array(text.utf8), limits: .token).root) == value)
    }

    @Test func `applies a merge patch as RFC 7396 does`() {
        let target: JSON = ["a": "b", "c": ["d": "e", "f": "g"]]
        #expect(target.merging(patch: ["a": "z", "c": ["f": .null]]) == ["a": "z", "c": ["d": "e"]])
        #expect((["a": "b"] as JSON).merging(patch: ["a": ["b": ["c": .null]]]) == ["a": ["b": [:]]])
    }

    @Test func `finds the line and column of a pointer`() {
        let text = Array("{\n  \"a\": [1,\n    {\"b\": \"]\", \"c\": true}]\n}".utf8)
        let value = JSONLocator.position(of: JSONPointer(tokens: ["a", "1", "c"]), in: text)
        #expect(value.line == 3 && value.column == 21)
        let name = JSONLocator.position(of: JSONPointer(tokens: ["a", "1", "c"]), part: .name, in: text)
        #expect(name.line == 3 && name.column == 16)
    }
}
