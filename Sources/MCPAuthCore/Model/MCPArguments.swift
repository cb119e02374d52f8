// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The arguments of a `tools/call` or `prompts/get`, as received: the JSON text of `params.arguments`.
///
/// Only policies read them. Nothing is parsed before a rule asks for an argument. A class, so that a copy of a message
/// copies one reference.
public final class MCPArguments: Sendable {
    /// A text that contains the arguments; the body of a request, which is shared and not copied.
    package let text: [UInt8]
    /// The bytes of the arguments in the text.
    package let range: Range<Int>

    /// - Parameter text: Valid JSON at `range`, without duplicate members.
    package init(_ text: [UInt8], at range: Range<Int>) {
        self.text = text
        self.range = range
    }

    /// The arguments of a call without arguments.
    package static let none = MCPArguments(Array("{}".utf8), at: 0..<2)
}

extension MCPArguments: Hashable {
    /// Compares the texts of the arguments.
    public static func == (left: MCPArguments, right: MCPArguments) -> Bool {
        left === right || left.text[left.range] == right.text[right.range]
    }

    /// Hashes the text of the arguments.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(text[range])
    }
}
