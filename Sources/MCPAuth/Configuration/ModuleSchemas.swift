// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON
internal import MCPAuthModuleHost

/// The schema of a server configuration with those of its modules.
package enum ModuleSchemas {
    /// The published schema, in which `config` of each module that a file names has the schema of that module.
    ///
    /// - Throws: ``ConfigurationError`` if the file cannot be read, or a module cannot be loaded.
    package static func serverSchema(withModulesOf path: String) throws -> JSON {
        let files = FileSnapshot()
        let document = try DocumentReader(file: path, bytes: try files.bytes(at: path))
        let root = try document.rootObject(allowing: ConfigurationGrammar.configuration.keys)
        let context = ReadingContext(
            directory: FileReading.directory(of: path),
            moduleDirectory: nil,
            secrets: SecretSource(environment: [:], files: files),
            files: files,
            onEvent: { _ in }
        )
        var entries: [String: JSON] = [:]
        for (name, value, pointer) in try root.dictionary("modules") {
            let object = try document.object(value, at: pointer, allowing: ConfigurationGrammar.module.keys)
            let (component, _) = try ModuleReader(context: context).component(object)
            guard let schema = try? JSON(parsing: Array(component.schemaText.utf8)) else { continue }
            let entry = ConfigurationGrammar.module.schema().changing("properties") {
                $0.changing("config") { _ in standard(schema) }
            }
            entries[name] = schema["required"]?.elements?.isEmpty ?? true ? entry : entry.requiring("config")
        }
        return ConfigurationGrammar.serverSchema.changing("properties") { properties in
            properties.changing("modules") { modules in modules.changing("properties") { _ in .object(entries) } }
        }
    }

    /// A schema that means for every validator what it means for modules: members that it does not name are refused,
    /// but comments are allowed.
    private static func standard(_ schema: JSON) -> JSON {
        guard var members = schema.members else { return schema }
        if let items = members["items"] { members["items"] = standard(items) }
        if let others = members["additionalProperties"] { members["additionalProperties"] = standard(others) }
        let types = members["type"]?.string.map { [$0] } ?? members["type"]?.strings ?? []
        guard types.isEmpty || types.contains("object") else { return .object(members) }
        var properties = (members["properties"]?.members ?? [:]).mapValues(standard)
        if [nil, false].contains(members["additionalProperties"]) {
            for name in ["description", "$comment"] where properties[name] == nil {
                properties[name] = ["type": "string"]
            }
            members["additionalProperties"] = false
        }
        members["properties"] = .object(properties)
        return .object(members)
    }
}

extension JSON {
    /// The same object with another value of a member; the old value is `null` if there is none.
    fileprivate func changing(_ name: String, _ change: (JSON) -> JSON) -> JSON {
        var members = members ?? [:]
        members[name] = change(members[name] ?? .null)
        return .object(members)
    }

    /// The same schema with one more required member.
    fileprivate func requiring(_ name: String) -> JSON {
        changing("required") { .array(($0.elements ?? []) + [.string(name)]) }
    }
}
