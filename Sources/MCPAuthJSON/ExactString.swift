// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A string that is compared by its UTF-8 bytes.
///
/// Swift compares strings by canonical equivalence, where U+212A KELVIN SIGN equals `K`. Names that decide about access
/// must not be compared that way: the strings of a token are compared without transformation (RFC 7519 section 7.3, RFC
/// 8259 section 8.3).
package struct ExactString: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package init(stringLiteral value: String) {
        text = value
    }

    package static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.isExactly(right.text)
    }

    /// Strings with equal bytes are canonically equivalent, so they have equal hashes.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}
