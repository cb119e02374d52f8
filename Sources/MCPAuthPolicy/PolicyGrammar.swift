// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// The grammar of policy documents, version 1: what the reader allows, and the published JSON Schema.
package enum PolicyGrammar {
    static let document = ObjectGrammar(
        required: ["version"],
        [
            "version": ["const": 1],
            "enforce": [
                "type": "boolean", "default": true,
                "description": "False puts every rule of the file in shadow mode, in which it decides nothing",
            ],
            "required_scopes": described("Every operation needs these scopes", scopes(least: 0)),
            "scope_implies": [
                "type": "object", "description": "Scopes, each with the scopes that it implies",
                "propertyNames": scope, "additionalProperties": ["type": "array", "items": scope],
                "maxProperties": .integer(Int64(ScopeTable.mostImplying)),
            ],
            "rules": ["type": "array", "items": ["$ref": "#/$defs/rule"]],
        ]
    )

    /// The keys for what a rule is about; a rule has at least one of these, or `targets`.
    package static let targetLists = ["mcp_methods", "tools", "prompts", "resource_uris", "http_methods", "paths"]

    static let rule = ObjectGrammar(
        required: ["id", "effect"],
        [
            "id": ["type": "string", "minLength": 1, "description": "Unique in the file; names the rule in traces"],
            "effect": ["enum": words(Effect.self)],
            "enforce": ["type": "boolean", "default": true, "description": "False for shadow mode"],
            "targets": ["const": "any", "description": "The rule is about every operation"],
            "mcp_methods": described("MCP methods, patterns with `*`, or `@basics`", patterns),
            "tools": described("Names of tools, or patterns with `*`", patterns),
            "prompts": described("Names of prompts, or patterns with `*`", patterns),
            "resource_uris": described(
                "Resource URIs; `*` stops at `/`, `**` does not, and `{name}` captures a segment",
                patterns
            ),
            "http_methods": ["type": "array", "minItems": 1, "items": ["type": "string", "pattern": "^[^a-z]+$"]],
            "paths": [
                "type": "array", "minItems": 1,
                "description": "Request paths; `*` stops at `/`, `**` does not, and `{name}` captures a segment",
                "items": ["type": "string", "pattern": "^[/*]", "maxLength": .integer(Int64(Glob.longest))],
            ],
            "scopes": ruleScopes.schema(adding: ["minProperties": 1]),
            "issuers": described("Issuer identifiers, byte for byte", strings),
            "client_ids": described("Client identifiers, byte for byte", strings),
            "subject_kind": [
                "enum": words(SubjectKind.self),
                "description": "Whom the token speaks for; `anyone` also allows callers without a token",
            ],
            "when": ["$ref": "#/$defs/condition"],
            "acr": [
                "type": "array", "minItems": 1, "items": scope,
                "description": "The sign-in must be of one of these classes, in order of preference (RFC 9470)",
            ],
            "max_age_seconds": [
                "type": "integer", "minimum": 0, "maximum": .integer(Int64(Int32.max)),
                "description": "The maximum age of the sign-in, in seconds (RFC 9470)",
            ],
            "proof_of_possession": ["const": "required", "description": "The token must come with a proof"],
        ]
    )

    /// The keys that a rule for anyone cannot have: they speak about tokens.
    static let forVerifiedCallers = [
        "scopes", "issuers", "client_ids", "acr", "max_age_seconds", "proof_of_possession",
    ]

    static let ruleScopes = ObjectGrammar([
        "all": described("The caller needs every one of these", scopes(least: 1)),
        "any": described("The caller needs one of these", scopes(least: 1)),
    ])

    /// The keys of a condition that combine others.
    static let combinations = ["all", "any", "not"]
    /// The keys of a condition that combine others or name a value; a condition has exactly one.
    static let shapes = combinations + ValueReference.Key.allCases.map(\.rawValue)

    /// The schema of the operand of an operator, where it is a constant; a condition on a value has exactly one
    /// operator.
    private static func constant(of name: Predicate.Operator) -> JSON {
        switch name {
        case .equals, .contains: scalar
        case .isIn, .containsAny, .containsAll, .subsetOf: scalars
        case .prefix, .suffix: text
        case .glob: pattern
        case .exists, .absent: ["const": true]
        case .lessThan, .atMost, .greaterThan, .atLeast: bound
        }
    }

    /// The keys of each kind of object, in the order in which they are written.
    package static var documentKeys: [String] { document.keys }
    package static var ruleKeys: [String] { rule.keys }
    package static var scopeKeys: [String] { ruleScopes.keys }
    package static let conditionKeys = shapes + Predicate.Operator.allCases.map(\.rawValue)

    /// A value of the request as an operand.
    static let operand = ObjectGrammar([
        "claim": pointer, "raw_claim": pointer, "argument": pointer, "capture": captureName,
    ])

    private static func reference(to key: ValueReference.Key) -> JSON {
        key == .capture ? captureName : pointer
    }

    /// The published JSON Schema (draft 2020-12).
    package static var schema: JSON {
        document.schema(adding: [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "policy-1.schema.json",
            "title": "MCP Auth policy, version 1",
            "properties": document.propertiesOfAFile,
            "$defs": ["rule": ruleSchema, "condition": conditionSchema, "value": valueSchema],
        ])
    }

    private static var ruleSchema: JSON {
        let anyList: JSON = .array(targetLists.map { ["required": [.string($0)]] })
        return rule.schema(adding: [
            "oneOf": [
                ["required": ["targets"], "not": ["anyOf": anyList]],
                ["not": ["required": ["targets"]], "anyOf": anyList],
            ],
            "allOf": [
                [
                    "if": ["properties": ["effect": ["const": "deny"]], "required": ["effect"]],
                    "then": ["properties": ["acr": false, "max_age_seconds": false, "proof_of_possession": false]],
                ],
                [
                    "if": ["properties": ["subject_kind": ["const": "anyone"]], "required": ["subject_kind"]],
                    "then": [
                        "properties": .object(
                            Dictionary(uniqueKeysWithValues: forVerifiedCallers.map { ($0, JSON.boolean(false)) })
                                .merging(["effect": ["const": "allow"]]) { $1 }
                        )
                    ],
                ],
            ],
        ])
    }

    private static var conditionSchema: JSON {
        let nested: JSON = ["$ref": "#/$defs/condition"]
        let lists = ["all", "any"].map { name in
            ObjectGrammar(required: [name], [name: ["type": "array", "items": nested]])
        }
        let predicates = ValueReference.Key.allCases.flatMap { key in
            Predicate.Operator.allCases.map { name in
                let constant = constant(of: name)
                let operand: JSON = name.takesValue ? ["anyOf": [constant, ["$ref": "#/$defs/value"]]] : constant
                return ObjectGrammar(
                    required: [key.rawValue, name.rawValue],
                    [key.rawValue: reference(to: key), name.rawValue: operand]
                )
            }
        }
        let all = lists + [ObjectGrammar(required: ["not"], ["not": nested])] + predicates
        return ["oneOf": .array(all.map { $0.schema() })]
    }

    private static var valueSchema: JSON {
        operand.schema(adding: ["oneOf": .array(operand.keys.map { ["required": [.string($0)]] })])
    }

    private static let captureName: JSON = ["type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"]
    private static let scope: JSON = ["type": "string", "pattern": "^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$"]
    private static let text: JSON = ["type": "string", "minLength": 1]
    private static let pattern: JSON = [
        "type": "string", "minLength": 1, "maxLength": .integer(Int64(Glob.longest)),
    ]
    private static let patterns: JSON = ["type": "array", "minItems": 1, "items": pattern]
    private static let strings: JSON = ["type": "array", "minItems": 1, "items": ["type": "string"]]
    private static let pointer: JSON = ["type": "string", "pattern": "^(/([^~/]|~[01])*)+$"]
    private static let scalar: JSON = ["type": ["string", "number", "boolean", "null"]]
    private static let scalars: JSON = ["type": "array", "minItems": 1, "items": scalar]
    private static let bound: JSON = [
        "oneOf": [
            ["type": "number"],
            ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"],
        ]
    ]

    private static func scopes(least: Int64) -> JSON {
        ["type": "array", "items": scope, "minItems": .integer(least)]
    }

    private static func described(_ description: JSON, _ schema: JSON) -> JSON {
        schema.merging(patch: ["description": description])
    }

    private static func words<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> JSON
    where Word.RawValue == String {
        .array(Word.allCases.map { .string($0.rawValue) })
    }
}
