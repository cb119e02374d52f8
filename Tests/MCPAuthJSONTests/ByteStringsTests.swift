// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@Suite struct ByteStringsTests {
    @Test(
        arguments: [
            ([1, 2, 3, 2], 0, 1), ([1, 2, 3, 2], 1, 1), ([1, 2, 3, 2], 2, 3), ([1, 2, 3, 2], 4, nil), ([1, 2], 5, nil),
            ([], 0, nil), ([3], 0, nil),
        ] as [([UInt8], Int, Int?)]
    )
    func `a byte is found at the start of the search or after it`(bytes: [UInt8], start: Int, expected: Int?) {
        #expect(bytes.index(of: 2, from: start) == expected)
    }

    @Test func `a slice equals its bytes, wherever it begins`() {
        let bytes: [UInt8] = [9, 1, 2, 9]
        #expect(bytes[1...2].isExactly([1, 2]))
        #expect(bytes[1..<1].isExactly([]))
        for other in [[1], [1, 2, 9], [2, 1], []] as [[UInt8]] { #expect(!bytes[1...2].isExactly(other)) }
    }

    @Test func `strings that look alike but differ in bytes are not the same`() {
        #expect("caf\u{E9}".isExactly("caf\u{E9}"))
        #expect(!"caf\u{E9}".isExactly("cafe\u{301}"))
        #expect(!"K".isExactly("\u{212A}"))
        #expect(ExactString("K") != "\u{212A}")
        #expect("".isExactly(""))
        #expect(Set<ExactString>(["caf\u{E9}", "cafe\u{301}", "caf\u{E9}"]).count == 2)
    }
}
