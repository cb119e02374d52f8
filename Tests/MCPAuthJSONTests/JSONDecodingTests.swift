// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthJSON
import Testing

/// Decoding of JSON values to Swift types, compared with Foundation's decoder.
@Suite struct JSONDecodingTests {
    private struct Everything: Codable, Equatable {
        enum Level: String, Codable { case low, high }
        struct Inner: Codable, Equatable {
            var a: Int8?
            var list: [[UInt64]]
        }

        var text: String
        var number: Double
        var count: Int
        var flag: Bool
        var level: Level
        var inner: Inner
        var map: [String: Float]
        var any: JSON
        var missing: String?
    }

    private static let good = """
        {"text":"ä","number":1.5,"count":-3,"flag":true,"level":"high","inner":{"a":null,"list":[[1,2],[]]},
        "map":{"x":0.25,"y":2},"any":{"z":[1,"two",null,false]}}
        """

    @Test(arguments: [
        good, good.replacing("-3", with: "3.0"), good.replacing("-3", with: "3.5"), good.replacing("-3", with: "\"3\""),
        good.replacing("-3", with: "1e3"), good.replacing("true", with: "1"), good.replacing("\"high\"", with: "\"x\""),
        good.replacing("[1,2]", with: "[1,-2]"), good.replacing("[1,2]", with: "[1,null]"),
        good.replacing("\"a\":null", with: "\"a\":128"), good.replacing("\"a\":null", with: "\"a\":127"),
        good.replacing("\"text\":\"ä\",", with: ""), good.replacing("\"ä\"", with: "null"),
        good.replacing("{\"x\":0.25,\"y\":2}", with: "[]"), good.replacing("1.5", with: "7"), "[]", "7", "null",
        "\"x\"",
    ])
    func `decoding gives the same value as Foundation, or fails when Foundation does`(text: String) throws {
        let expected = try? JSONDecoder().decode(Everything.self, from: Data(text.utf8))
        let found = try? JSON(parsing: Array(text.utf8)).decode(Everything.self)
        #expect(found == expected)
    }

    @Test(arguments: [
        (#"{"a":18446744073709551616}"#, "a"), (#"{"a":"x\u0000"}"#, "a"), (#"{"a":1e400}"#, "a"),
    ])
    func `a value that cannot be represented is a decoding error, never a default`(text: String, name: String) throws {
        struct Number: Decodable { let a: Double? }
        struct Text: Decodable { let a: String? }
        let value = try JSON(parsing: Array(text.utf8))
        #expect(throws: DecodingError.self) { try value.decode(Number.self) }
        #expect(throws: DecodingError.self) { try value.decode(Text.self) }
        #expect(try value.decode([String: JSON].self) == [name: .unrepresentable])
    }

    @Test func `an error has the coding path and no value`() throws {
        let value: JSON = ["people": [["name": "a"], ["name": "secret", "age": "old"]]]
        struct Person: Decodable {
            let name: String
            let age: Int?
        }
        let error = #expect(throws: DecodingError.self) { try value.decode([String: [Person]].self) }
        guard case .typeMismatch(_, let context)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["people", "Index 1", "age"])
        #expect(!context.debugDescription.contains("old"))
    }

    @Test func `a value encoded with Foundation can be read again`() throws {
        let value: JSON = ["a": [1, 2.5, "x", true, .null], "b": [:]]
        let written = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSON.self, from: written) == value)
        #expect(try JSON(parsing: [UInt8](written)) == value)
    }

    @Test(arguments: ["", "{", #"{"a":1,"a":2}"#, "[1]x", "\u{0}"])
    func `a text that is not JSON is refused with a position`(text: String) {
        let error = #expect(throws: JSONParsingError.self) { try JSON(parsing: Array(text.utf8)) }
        #expect(error?.description.contains("at line 1") == true)
    }
}
