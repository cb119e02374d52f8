// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON
internal import MCPAuthPolicy

/// The grammar of policy test files, version 1: what the reader allows, and the published JSON Schema.
package enum PolicyTestGrammar {
    /// The default time of tests, in seconds since the epoch: 2027-01-15T08:00:00Z.
    static let defaultNow = 1_800_000_000.0

    static let document = ObjectGrammar(
        required: ["version", "tests"],
        [
            "version": ["const": 1],
            "policy": ["type": "string", "description": "The policy file, relative to this one"],
            "policies": ["type": "array", "minItems": 1, "items": text, "description": "Several, used together"],
            "resource": ["type": "string", "description": "The resource identifier", "pattern": "^https?://"],
            "now": [
                "type": "number", "default": .integer(Int64(defaultNow)),
                "description": "The time of every test, in seconds since the epoch",
            ],
            "fixtures": [
                "type": "object", "description": "Claims of tokens, by name",
                "additionalProperties": ["type": "object"],
            ],
            "tests": ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/test"]],
        ]
    )

    static let test = ObjectGrammar(
        required: ["name", "expect"],
        [
            "name": text,
            "token": ["type": "string", "description": "The fixture; omit it for a request without a token"],
            "call": [
                "type": "string",
                "description":
                    "`tools/call:NAME`, another MCP method, `@stream`, `@session-end`, `@response`, `@unknown`, or `GET /path`",
            ],
            "arguments": arguments,
            "calls": [
                "type": "array", "minItems": 1, "items": ["anyOf": [text, call.schema()]],
                "description": "A batch of MCP messages, each as text, or as an object with its arguments",
            ],
            "now": ["type": "number"],
            "expect": ["$ref": "#/$defs/expect"],
        ]
    )

    private static let arguments: JSON = [
        "type": "object",
        "description": "The arguments of a `tools/call` or `prompts/get`; without them, nothing is known about them",
    ]

    static let call = ObjectGrammar(required: ["call"], ["call": text, "arguments": arguments])

    static let expect = ObjectGrammar(
        required: ["decision"],
        [
            "decision": ["enum": ["allow", "deny"]],
            "status": ["type": "integer", "minimum": 200, "maximum": 599],
            "reason": ["type": "string", "description": "The stable id of the denial's cause"],
            "challenge_scope": ["type": "array", "items": text],
            "acr_values": ["type": "array", "items": text],
            "max_age": ["type": "integer", "minimum": 0, "maximum": .integer(Int64(Int32.max))],
            "rules": ["type": "array", "items": text, "description": "Ids of exactly the rules that decided"],
            "would_deny": ["type": "array", "items": text, "description": "Ids of rules in shadow mode"],
        ]
    )

    /// The published JSON Schema (draft 2020-12).
    package static var schema: JSON {
        document.schema(adding: [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "policy-test-1.schema.json",
            "title": "MCP Auth policy tests, version 1",
            "properties": document.propertiesOfAFile,
            "oneOf": [["required": ["policy"]], ["required": ["policies"]]],
            "$defs": [
                "test": test.schema(adding: ["oneOf": [["required": ["call"]], ["required": ["calls"]]]]),
                "expect": expect.schema(),
            ],
        ])
    }

    private static let text: JSON = ["type": "string", "minLength": 1]
}
