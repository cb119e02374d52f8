// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
/// Templates with placeholders of the form `{{name}}`.
enum TemplateText {
    /// The template with each placeholder replaced; one without a value stays, and values are not searched again.
    static func filled(_ template: [UInt8], _ values: [String: String]) -> [UInt8] {
        var rest = String(decoding: template, as: UTF8.self)[...]
        var text = ""
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            let placeholder = rest[start.lowerBound..<end.upperBound]
            let name = String(rest[start.upperBound..<end.lowerBound])
            text += rest[..<start.lowerBound] + (values[name] ?? String(placeholder))
            rest = rest[end.upperBound...]
        }
        return Array((text + rest).utf8)
    }
}

/// Words of commands that are printed for a shell.
enum ShellWord {
    /// The word as a POSIX shell reads it, in quotes if needed.
    static func quoted(_ word: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/+@:=")
        guard word.isEmpty || !word.allSatisfy(plain.contains) else { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
#endif
