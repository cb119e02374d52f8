// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

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
        guard utf8.count == other.utf8.count else { return false }
        let isSame = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right in
                guard let first = left.baseAddress, let second = right.baseAddress else { return true }
                return unsafe memcmp(first, second, left.count) == 0
            }
        }
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
