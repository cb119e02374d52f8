// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The longest text that a message repeats, in Unicode scalars; what is longer ends with an ellipsis.
    private static let longestPrintable = 1024

    /// The text as a message can repeat it between backticks, whoever wrote it.
    ///
    /// Letters of every script stay. What moves the cursor, changes the direction of writing or cannot be seen is
    /// written as `\u{…}`, as is a backtick, so that the text cannot pretend to be part of the message.
    package var printable: String {
        let isPlain =
            utf8.count <= Self.longestPrintable && utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x60 }
        return isPlain ? self : shown(most: Self.longestPrintable) { $0 == "`" || !$0.isVisible }
    }

    /// The text with everything escaped that moves the cursor, changes the direction of writing or cannot be seen.
    ///
    /// For whole lines that are made of several parts; it cuts nothing off.
    package var escaped: String {
        utf8.allSatisfy { (0x20...0x7E).contains($0) } ? self : shown(most: .max) { !$0.isVisible }
    }

    private func shown(most: Int, escaping isEscaped: (Unicode.Scalar) -> Bool) -> String {
        var shown = String.UnicodeScalarView()
        for (index, scalar) in unicodeScalars.enumerated() {
            guard index < most else {
                shown.append("…")
                break
            }
            if isEscaped(scalar) {
                shown.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            } else {
                shown.append(scalar)
            }
        }
        return String(shown)
    }
}

extension Unicode.Scalar {
    /// Whether it is shown where it stands and as what it is; a plain space counts as visible, no other space does.
    package var isVisible: Bool {
        switch self {
        case " "..."~": return true
        // The empty pattern of Braille looks like a space and is a symbol.
        case "\u{2800}": return false
        default: break
        }
        // Among these are zero-width characters, variation selectors, and fillers that count as letters.
        guard !properties.isDefaultIgnorableCodePoint else { return false }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }
}
