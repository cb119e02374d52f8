// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin
internal import MCPAuthCore
internal import MCPAuthJSON

/// The configuration of one instance, as far as the host checks it: keys, and what the module itself reports.
struct PluginConfiguration: Sendable {
    /// The top-level strings.
    let strings: [String: String]
    private let text: [UInt8]

    /// - Throws: ``ConfigurationError`` that names the first mistake and what would be right.
    init(_ configuration: JSON, for library: PluginLibrary) throws(ConfigurationError) {
        guard case .object(let members) = configuration else {
            throw ConfigurationError(.wrongType, "`config` must be an object")
        }
        let schemaText = unsafe Array(String(cString: library.module.pointee.config_schema_json).utf8)
        guard let schema = try? JSONDocument(parsing: schemaText, limits: .file).root, schema.kind == .object else {
            throw ConfigurationError(
                .moduleRefused,
                "the module `\(library.name.printable)` has no valid schema, expected a JSON object with `properties`"
            )
        }
        let known = schema["properties"]?.members?.map(\.name) ?? []
        for name in members.keys.sorted() where !known.contains(name) {
            throw ConfigurationError(
                .unknownKey,
                "unknown key `\(name.printable)` in `config`\(Self.help(for: name, known))"
            )
        }
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
            throw ConfigurationError(.missingKey, "missing key `\(name.printable)` in `config`")
        }
        strings = members.compactMapValues { value in
            guard case .string(let text) = value else { return nil }
            return text
        }
        text = configuration.encoded()
        if let mistake = firstMistake(by: library) {
            throw ConfigurationError(.invalidValue, "`config\(mistake.pointer)`: \(mistake.message)")
        }
    }

    /// Lends the JSON text to C.
    func withText<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
        unsafe text.withUnsafeBytes { buffer in
            unsafe body(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
    }

    private static func help(for name: String, _ known: [String]) -> String {
        let suggestion = Suggestion.text(for: name, among: known)
        guard suggestion.isEmpty else { return suggestion }
        guard !known.isEmpty else { return ", this module has no keys" }
        return ", expected one of " + known.map { "`\($0.printable)`" }.joined(separator: ", ")
    }

    private struct Mistake {
        let pointer: String
        let message: String
    }

    /// What `validate` of the module reports first.
    private func firstMistake(by library: PluginLibrary) -> Mistake? {
        guard let validate = unsafe library.module.pointee.validate else { return nil }
        var mistake: Mistake?
        unsafe withUnsafeMutablePointer(to: &mistake) { place in
            unsafe withText { text, length in
                unsafe validate(text, length, place) { place, pointer, message in
                    guard let mistake = unsafe place?.assumingMemoryBound(to: Mistake?.self) else { return }
                    guard unsafe mistake.pointee == nil else { return }
                    unsafe mistake.pointee = Mistake(
                        pointer: String(decoding: pointer.copied(), as: UTF8.self).printable,
                        message: String(decoding: message.copied(), as: UTF8.self).printable
                    )
                }
            }
        }
        return mistake
    }
}
