// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthJSON

@Suite struct JSONPointerTextTests {
    /// U+20EA combines with the character before it, so `/` and the mark look like one character.
    @Test(arguments: ["", "/", "/a/b", "/a~1b/~0", "/\u{20EA}", "/a/\u{301}b", "//", "/\u{1F1E9}/\u{1F1EA}"])
    func `a pointer keeps its text and has one token for each slash`(text: String) throws {
        let pointer = try #require(JSONPointer(text))
        #expect(pointer.description.utf8.elementsEqual(text.utf8))
        #expect(pointer.tokens.count == text.utf8.count { $0 == UInt8(ascii: "/") })
    }

    @Test(arguments: ["a", "/~", "/~2", "\u{301}/a"])
    func `any other text is not a pointer`(text: String) {
        #expect(JSONPointer(text) == nil)
    }
}
