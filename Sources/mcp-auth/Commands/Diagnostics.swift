// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuthCore
internal import MCPAuthJSON

/// Prints errors and warnings about files: as text with the line and a caret, or as JSON.
struct Diagnostics {
    private var entries: [(error: ConfigurationError, isWarning: Bool)] = []

    /// Adds an error, with all errors that it contains, or a warning; skips those that were added before.
    mutating func add(_ error: ConfigurationError, isWarning: Bool = false) {
        for error in error.all {
            let isThere = entries.contains {
                $0.isWarning == isWarning && $0.error.location == error.location && "\($0.error)" == "\(error)"
            }
            if !isThere { entries.append((error, isWarning)) }
        }
    }

    var hasErrors: Bool { entries.contains { !$0.isWarning } }
    var isEmpty: Bool { entries.isEmpty }

    /// The findings, for reports in other forms.
    var reportEntries: [ReportEntry] { entries.map { ReportEntry(error: $0.error, isWarning: $0.isWarning) } }

    func print(asJSON: Bool) {
        asJSON ? Output.json(json) : write(Output.line)
    }

    /// The findings as text, one after the other.
    func write(_ line: (String) -> Void) {
        for (error, isWarning) in entries {
            line(isWarning ? Self.warningLine(error) : "\(error)")
            if let location = error.location, let excerpt = Self.excerpt(location) { line(excerpt) }
        }
    }

    /// The findings as an array of objects.
    var json: JSON {
        .array(
            entries.map { error, isWarning in
                var members: [String: JSON] = [
                    "code": .string("\(error.code)"), "message": .string(error.message),
                    "severity": isWarning ? "warning" : "error",
                ]
                if let location = error.location {
                    members["file"] = .string(location.file)
                    members["line"] = .integer(Int64(location.line))
                    members["column"] = .integer(Int64(location.column))
                }
                return .object(members)
            }
        )
    }

    private static func warningLine(_ error: ConfigurationError) -> String {
        let place = error.location.map { "\($0): " } ?? ""
        return "\(place)warning \(error.code): \(error.message)".escaped
    }

    /// The line of the file and a caret under the place.
    private static func excerpt(_ location: ConfigurationError.Location) -> String? {
        guard let data = FileManager.default.contents(atPath: location.file) else { return nil }
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard (1...max(1, lines.count)).contains(location.line), !lines.isEmpty else { return nil }
        var line = lines[location.line - 1]
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if location.line == 1, line.starts(with: mark) { line = line.dropFirst(mark.count) }
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        // Columns count bytes, so the caret is placed by the width of the text that is shown for them.
        let before = shown(line.prefix(max(0, location.column - 1)))
        let whole = before + shown(line.dropFirst(max(0, location.column - 1)))
        let number = "\(location.line)"
        let gutter = String(repeating: " ", count: number.count)
        guard whole.count > 160 else {
            return "  \(number) | \(whole)\n  \(gutter) | \(String(repeating: " ", count: before.count))^"
        }
        // Only the part of a long line around the place is shown.
        let start = max(0, min(before.count - 60, whole.count - 120))
        let caret = String(repeating: " ", count: min(120, before.count - start)) + "^"
        return "  \(number) | \(whole.dropFirst(start).prefix(120))\n  \(gutter) | \(caret)"
    }

    private static func shown(_ bytes: Data) -> String {
        String(decoding: bytes, as: UTF8.self).replacing("\t", with: " ").escaped
    }
}
#endif
