// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The keys of one kind of object in a file that people write, with their JSON Schema.
///
/// The reader allows these keys and the published schema is made of them, so the two cannot disagree.
package struct ObjectGrammar: Sendable {
    package let members: [(name: String, schema: JSON)]
    package let required: [String]

    package init(required: [String] = [], _ members: KeyValuePairs<String, JSON>) {
        self.members = members.map { ($0.key, $0.value) }
        self.required = required
    }

    /// The keys, in the order a reader of the documentation wants them.
    package var keys: [String] { members.map(\.name) }

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
