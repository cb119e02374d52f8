// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@Suite struct JSONDocumentTests {
    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"a":"\u0000"}"#, #"{'a':1}"#, #"{"a":1,}"#, #"{"a":NaN}"#,
        #"{"a":Infinity}"#, #"{"a":1}x"#, "", " ", #"{"a":"\ud800"}"#, "{\"a\":1}\0", "{\"a\":1\0}",
        "{\"a\":true\0,\"b\":1}", "[null\0]", "7\0",
        #"{"a":01}"#, #"{"a":/**/1}"#,
        #"{"a":1e999}"#, #"{"a":9223372036854775808}"#,
    ])
    func `refuses what is not strict JSON`(text: String) {
        #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: Array(text.utf8), limits: .token) }
    }

    @Test(arguments: [[0xC0, 0xAF], [0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func `refuses what is not UTF-8`(bytes: [UInt8]) {
        #expect(throws: JSONParsingError.self) {
            try JSONDocument(parsing: [0x22] + bytes + [0x22], limits: .token)
        }
    }

    @Test func `refuses nesting before the parser sees it`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParsingError(message: "nested deeper than 32 levels", line: 1, column: 33)) {
            try JSONDocument(parsing: Array(deep.utf8), limits: .init(bytes: 200_000))
        }
        let inString = #"{"a":"\#(String(repeating: "[", count: 100))"}"#
        #expect(try JSONDocument(parsing: Array(inString.utf8), limits: .token).root["a"]?.string?.count == 100)
    }

    @Test func `refuses a text above its limit`() {
        let text = "\"" + String(repeating: "a", count: 20_000) + "\""
        #expect(throws: JSONParsingError.self) { try JSONDocument(parsing: Array(text.utf8), limits: .token) }
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
        var value: JSONValue?
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
