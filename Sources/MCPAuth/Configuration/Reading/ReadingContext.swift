// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// What the readers of a configuration file's parts have in common.
struct ReadingContext {
    /// The directory of the configuration file, to which its paths are relative.
    let directory: String
    /// Replaces it for the paths of modules, where given.
    let moduleDirectory: String?
    let secrets: SecretSource
    let files: FileSnapshot
    let onEvent: EngineEventHandler

    func path(_ written: String) -> String {
        FileReading.resolve(written, relativeTo: directory)
    }

    /// Reads a secret member, which must be present.
    func secret(_ key: String, _ object: ObjectReader) throws -> Secret {
        let source = try object.required(key, try object.object(key, allowing: ConfigurationGrammar.secret.keys))
        return try secrets.secret(source, relativeTo: directory)
    }

    /// Reads a secret member that clients of this server present; `nil` if there is none.
    func bearerSecret(_ key: String, _ object: ObjectReader) throws -> BearerSecret? {
        guard try object.object(key, allowing: ConfigurationGrammar.secret.keys) != nil else { return nil }
        return BearerSecret(try secret(key, object))
    }

    static func unknownName(
        _ name: String,
        _ kind: String,
        among known: some Sequence<String>,
        _ object: ObjectReader,
        _ key: String,
        _ index: Int
    ) -> ConfigurationError {
        object.document.error(
            .unknownName,
            "no \(kind) is named `\(name.printable)`\(Suggestion.text(for: name, among: known))",
            at: object.pointer.appending(key).appending(String(index))
        )
    }
}
