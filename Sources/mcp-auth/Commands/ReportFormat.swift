// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// The form of a report about files.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
    /// SARIF 2.1.0, for code scanning.
    case sarif
    /// Workflow commands of GitHub Actions, which become annotations of the changed lines.
    case github
    /// JUnit XML, for reports of tests.
    case junit
}

/// One finding as a report writes it.
struct ReportEntry {
    let error: ConfigurationError
    let isWarning: Bool
    /// What leads to it, in several lines; empty if there is nothing more to say.
    var details = ""
}

enum Report {
    /// A SARIF log with one run (OASIS, Static Analysis Results Interchange Format 2.1.0).
    static func sarif(_ entries: [ReportEntry]) -> JSON {
        let codes = Set(entries.map { "\($0.error.code)" }).sorted()
        let rules: [JSON] = codes.map { ["id": .string($0)] }
        let driver: JSON = [
            "name": "mcp-auth", "version": .string(Version.current), "rules": .array(rules),
        ]
        let results = entries.map { entry in
            var members: [String: JSON] = [
                "ruleId": .string("\(entry.error.code)"), "level": entry.isWarning ? "warning" : "error",
                "message": ["text": .string(entry.error.message)],
            ]
            if let place = entry.error.location {
                let region: JSON = [
                    "startLine": .integer(Int64(place.line)), "startColumn": .integer(Int64(place.column)),
                ]
                let physical: JSON = ["artifactLocation": ["uri": .string(uri(place.file))], "region": region]
                members["locations"] = [["physicalLocation": physical]]
            }
            return JSON.object(members)
        }
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "columnKind": "utf16CodeUnits", "results": .array(results)]],
        ]
    }

    /// A path as a relative URI reference (RFC 3986 section 4.2).
    private static func uri(_ path: String) -> String {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
        return path.utf8.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return allowed.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }

    /// A workflow command of GitHub Actions.
    static func github(_ entry: ReportEntry) -> String {
        var properties = ["title=\(property("\(entry.error.code)"))"]
        if let place = entry.error.location {
            properties = ["file=\(property(place.file))", "line=\(place.line)", "col=\(place.column)"] + properties
        }
        let text = entry.details.isEmpty ? entry.error.message : entry.error.message + "\n" + entry.details
        return "::\(entry.isWarning ? "warning" : "error") \(properties.joined(separator: ","))::\(data(text))"
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }

    /// A text for XML: with markup escaped, and without the characters that XML 1.0 cannot have.
    static func xml(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
            default: false
            }
        }
        return String(String.UnicodeScalarView(kept)).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
#endif
