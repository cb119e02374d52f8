// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuthCore
internal import MCPAuthJSON

/// Prints what is wrong in files: for people with the line and a caret, for programs as JSON.
struct Diagnostics {
    private var entries: [(error: ConfigurationError, isWarning: Bool)] = []

    mutating func add(_ error: ConfigurationError, isWarning: Bool = false) {
        entries.append((error, isWarning))
    }

    var hasErrors: Bool { entries.contains { !$0.isWarning } }
    var isEmpty: Bool { entries.isEmpty }

    func print(asJSON: Bool) {
        guard !asJSON else { return Output.line(String(decoding: json.encoded(pretty: true), as: UTF8.self)) }
        for (error, isWarning) in entries {
            Output.line(isWarning ? Self.warningLine(error) : "\(error)")
            if let location = error.location, let excerpt = Self.excerpt(location) { Output.line(excerpt) }
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
        let place = error.location.map { "\($0.file):\($0.line):\($0.column): " } ?? ""
        return "\(place)warning \(error.code): \(error.message)"
    }

    /// The line of the file and a caret under the column.
    private static func excerpt(_ location: ConfigurationError.Location) -> String? {
        guard let text = try? String(contentsOfFile: location.file, encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard location.line <= lines.count else { return nil }
        let number = "\(location.line)"
        let gutter = String(repeating: " ", count: number.count)
        // Columns count bytes; what is before the caret keeps its width in the common case of ASCII.
        let line = lines[location.line - 1].replacing("\t", with: " ")
        let column = max(0, location.column - 1)
        guard line.count > 160 else {
            return "  \(number) | \(line)\n  \(gutter) | \(String(repeating: " ", count: column))^"
        }
        // Of a long line, what stands around the place.
        let start = max(0, min(column - 60, line.count - 120))
        let shown = line.dropFirst(start).prefix(120)
        let caret = String(repeating: " ", count: min(120, column - start)) + "^"
        return "  \(number) | \(shown)\n  \(gutter) | \(caret)"
    }
}
#endif
