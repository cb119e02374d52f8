// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The longest text that a message repeats, in Unicode scalars; a longer text is cut off with an ellipsis.
    private static let longestPrintable = 1024

    /// The text, escaped so that a message can quote it between backticks, even if it is not trusted.
    ///
    /// Letters of all scripts are kept. Backticks and characters that move the cursor, change the direction of writing
    /// or are invisible become `\u{…}`, so that the text cannot look like a part of the message.
    package var printable: String {
        let isPlain =
            utf8.count <= Self.longestPrintable && utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x60 }
        return isPlain ? self : shown(most: Self.longestPrintable) { $0 == "`" || !$0.isVisible }
    }

    /// The text with all characters escaped that move the cursor, change the direction of writing or are invisible.
    ///
    /// For whole lines that are made of several parts; nothing is cut off.
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
    /// Whether the scalar is displayed as a visible character; of the spaces, only U+0020 counts as visible.
    package var isVisible: Bool {
        switch self {
        case " "..."~": return true
        // The blank Braille pattern looks like a space, but its category is symbol.
        case "\u{2800}": return false
        default: break
        }
        // These include zero-width characters, variation selectors, and fillers whose category is letter.
        guard !properties.isDefaultIgnorableCodePoint else { return false }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }
}
