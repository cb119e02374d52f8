// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A text that is equal to nothing but the same bytes.
///
/// Swift compares strings by canonical equivalence, where U+212A KELVIN SIGN equals `K`. Names that decide about rights
/// (RFC 7519 section 2: case-sensitive, without transformation) must not be equal that way.
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

    /// What is equal by bytes is also canonically equivalent, so the hash of the text will do.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension String {
    /// Whether both are the same bytes.
    package func isExactly(_ other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}
