// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A pattern with `*`, matched without recursion and without allocating.
struct Glob: Sendable, Hashable {
    /// What `*` may match.
    enum Kind: Sendable {
        /// In names, `*` matches anything.
        case name
        /// In paths and URIs, `*` stops at `/` and `**` does not.
        case path
    }

    /// Longer patterns are refused at load, since matching costs up to the product of both lengths.
    static let longest = 512

    private static let star: UInt16 = 256
    private static let doubleStar: UInt16 = 257

    /// Bytes, and the two stars.
    private let elements: [UInt16]
    /// As written.
    let pattern: String
    /// Whether there is no star, so that only the pattern itself matches.
    let isExact: Bool
    /// The bytes before the first star.
    let prefix: [UInt8]

    init(_ pattern: String, _ kind: Kind) {
        var elements: [UInt16] = []
        for byte in pattern.utf8 {
            guard byte == UInt8(ascii: "*") else {
                elements.append(UInt16(byte))
                continue
            }
            switch elements.last {
            case Self.star: elements[elements.count - 1] = Self.doubleStar
            case Self.doubleStar: break
            default: elements.append(kind == .name ? Self.doubleStar : Self.star)
            }
        }
        self.elements = elements
        self.pattern = pattern
        isExact = !elements.contains { $0 >= Self.star }
        prefix = elements.prefix { $0 < Self.star }.map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Whether the whole text matches.
    ///
    /// A star takes as little as it can and more when what follows does not fit. Only the last `*` and the last `**`
    /// can still have to take more, which bounds the time by the product of the lengths whatever both are.
    func matches(_ text: String) -> Bool {
        let text = text.utf8
        var position = text.startIndex
        var index = 0
        var afterStar: (index: Int, position: String.UTF8View.Index)?
        var afterDoubleStar: (index: Int, position: String.UTF8View.Index)?
        while position < text.endIndex {
            let element = index < elements.count ? elements[index] : UInt16.max
            if element == Self.doubleStar {
                index += 1
                afterDoubleStar = (index, position)
                afterStar = nil
            } else if element == Self.star {
                index += 1
                afterStar = (index, position)
            } else if element == UInt16(text[position]) {
                index += 1
                position = text.index(after: position)
            } else if let (start, taken) = afterStar, text[taken] != UInt8(ascii: "/") {
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
        return elements[index...].allSatisfy { $0 >= Self.star }
    }
}
