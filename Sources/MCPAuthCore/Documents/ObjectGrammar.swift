// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The keys of one kind of object in a hand-written file, with their JSON Schema.
///
/// The reader allows these keys and the published schema is generated from them, so the two cannot disagree.
package struct ObjectGrammar: Sendable {
    package let members: [(name: String, schema: JSON)]
    package let required: [String]

    package init(required: [String] = [], _ members: KeyValuePairs<String, JSON>) {
        self.members = members.map { ($0.key, $0.value) }
        self.required = required
    }

    /// The keys, in the order of the documentation.
    package var keys: [String] { members.map(\.name) }

    /// The schemas of the keys at the top of a file, where `$schema` is allowed too.
    package var propertiesOfAFile: JSON {
        guard case .object(var members)? = schema()["properties"] else { return [:] }
        members["$schema"] = ["type": "string"]
        return .object(members)
    }

    /// The JSON Schema (draft 2020-12) of such an object; `description` and `$comment` are allowed everywhere.
    package func schema(adding more: [String: JSON] = [:]) -> JSON {
        var properties: [String: JSON] = ["description": ["type": "string"], "$comment": ["type": "string"]]
        for member in members { properties[member.name] = member.schema }
        var members: [String: JSON] = [
            "type": "object", "additionalProperties": false, "properties": .object(properties),
        ]
        if !required.isEmpty { members["required"] = .array(required.map(JSON.string)) }
        return .object(members.merging(more) { $1 })
    }
}
