// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A pattern with `*` and, in paths and URIs, captures such as `{tenant}`, matched without recursion and without
/// allocation.
package struct Glob: Sendable, Hashable {
    /// What `*` may match.
    package enum Kind: Sendable {
        /// In names, `*` matches anything.
        case name
        /// In paths and URIs, `*` stops at `/` and `**` does not.
        case path
    }

    /// The maximum length of a pattern in bytes; longer ones are refused at load.
    ///
    /// Matching takes time up to the product of the lengths of pattern and text.
    static let longest = 512

    package static let star: UInt16 = 256
    package static let doubleStar: UInt16 = 257

    /// The bytes of the pattern, with `star` and `doubleStar` for stars.
    package let elements: [UInt16]
    /// The pattern as written.
    package let pattern: String
    /// The named segments, in the order of the pattern.
    package let captures: [Capture]
    /// The pattern with a star in place of each capture.
    let starred: String
    /// Whether the pattern has no star, so that it matches only itself.
    package let isExact: Bool
    /// The bytes before the first star.
    let prefix: [UInt8]

    package init(_ pattern: String, _ kind: Kind) {
        captures = kind == .path ? Capture.all(in: pattern) : []
        starred = captures.isEmpty ? pattern : Capture.starred(pattern)
        var elements: [UInt16] = []
        for byte in starred.utf8 {
            if byte != UInt8(ascii: "*") {
                elements.append(UInt16(byte))
            } else if kind == .path {
                Self.appendStar(to: &elements)
            } else if elements.last != Self.doubleStar {
                elements.append(Self.doubleStar)
            }
        }
        self.elements = elements
        self.pattern = pattern
        isExact = !elements.contains { $0 >= Self.star }
        prefix = elements.prefix { $0 < Self.star }.map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Appends a star of a path pattern; two or more in a row become one that does not stop at `/`.
    static func appendStar(to elements: inout [UInt16]) {
        switch elements.last {
        case star: elements[elements.count - 1] = doubleStar
        case doubleStar: break
        default: elements.append(star)
        }
    }

    /// Whether the whole text matches.
    package func matches(_ text: String) -> Bool {
        Self.matches(elements, text.utf8)
    }

    /// Whether the whole text matches these elements, some of which are stars.
    ///
    /// A star matches as little as possible, and more only when the elements after it do not match. Only the last `*`
    /// and the last `**` are ever extended, so the time is bounded by the product of both lengths.
    package static func matches<Text: Collection>(_ elements: [UInt16], _ text: Text) -> Bool
    where Text.Element: UnsignedInteger & FixedWidthInteger {
        var position = text.startIndex
        var index = 0
        var afterStar: (index: Int, position: Text.Index)?
        var afterDoubleStar: (index: Int, position: Text.Index)?
        while position < text.endIndex {
            let element = index < elements.count ? elements[index] : UInt16.max
            if element == doubleStar {
                index += 1
                afterDoubleStar = (index, position)
                afterStar = nil
            } else if element == star {
                index += 1
                afterStar = (index, position)
            } else if element == UInt16(truncatingIfNeeded: text[position]) {
                index += 1
                position = text.index(after: position)
            } else if let (start, taken) = afterStar, text[taken] != 0x2F {
                index = start
                position = text.index(after: taken)
                afterStar = (start, position)
            } else if let (start, taken) = afterDoubleStar {
                index = start
                position = text.index(after: taken)
                afterDoubleStar = (start, position)
                afterStar = nil
            } else {
                return false
            }
        }
        return elements[index...].allSatisfy { $0 == star || $0 == doubleStar }
    }
}
