// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// Names as servers see them that take `_` for `-`, such as those that pass fields in environment variables.
extension HTTPField.Name {
    /// Whether such a server would take one name for the other.
    package func isTaken(for other: HTTPField.Name) -> Bool {
        // Nearly all names that are taken for each other are equal.
        if self == other { return true }
        let (own, other) = (canonicalName.utf8, other.canonicalName.utf8)
        return own.count == other.count && own.elementsEqual(other, by: Self.isFoldedEqual)
    }

    /// Whether such a server would find `prefix`, in lower case, at the beginning of the name.
    package func isTakenToBegin(with prefix: String) -> Bool {
        canonicalName.utf8.starts(with: prefix.utf8, by: Self.isFoldedEqual)
    }

    private static func isFoldedEqual(_ left: UInt8, _ right: UInt8) -> Bool { folded(left) == folded(right) }

    private static func folded(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte }
}

extension HTTPField.Name {
    /// A name that is written in the code.
    package static func constant(_ text: StaticString) -> HTTPField.Name {
        // SAFETY: every caller writes a token (RFC 9110 section 5.6.2), and tests use each of them.
        guard let name = HTTPField.Name("\(text)") else { preconditionFailure("`\(text)` is not the name of a field") }
        return name
    }
}
