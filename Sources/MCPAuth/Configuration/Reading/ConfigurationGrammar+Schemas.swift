// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

internal import enum MCPAuthVerification.AccessTokenProfile

/// Where the metadata of an issuer is published.
enum DiscoveryWord: String, CaseIterable { case oidc, oauth }

/// What the requests of a resource carry.
enum ResourceProtocol: String, CaseIterable { case mcp, http }

/// Where the instances of a module run.
enum ModuleIsolation: String, CaseIterable {
    /// On the thread of a request where the module allows that, and otherwise as ``thread``.
    case noIsolation = "none"
    /// On threads of their own.
    case thread
    /// Each in a process of its own.
    case process
}

/// How this server authenticates to an introspection endpoint.
enum IntrospectionMethod: String, CaseIterable {
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    case privateKeyJWT = "private_key_jwt"
    case bearer
    case mutualTLS = "tls_client_auth"

    /// The keys for its credentials.
    var keys: [String] {
        switch self {
        case .clientSecretBasic, .clientSecretPost: ["client_id", "client_secret"]
        case .privateKeyJWT: ["client_id", "private_key", "assertion_algorithm", "assertion_audience"]
        case .bearer: ["bearer_token"]
        case .mutualTLS: ["client_id", "tls"]
        }
    }

    /// Those that it cannot do without.
    private var requiredKeys: [String] {
        switch self {
        case .privateKeyJWT: ["client_id", "private_key"]
        case .mutualTLS: ["client_id", "tls", "endpoint"]
        case .clientSecretBasic, .clientSecretPost, .bearer: keys
        }
    }

    /// The rule that the keys are required where this is the method.
    var schemaOfItsKeys: JSON {
        var condition: [String: JSON] = ["properties": ["method": ["const": .string(rawValue)]]]
        if self != .clientSecretBasic { condition["required"] = ["method"] }
        return ["if": .object(condition), "then": ["required": .array(requiredKeys.map(JSON.string))]]
    }
}

/// The schemas of single values.
extension ConfigurationGrammar {
    static let string: JSON = ["type": "string"]
    static let urlPattern = "^[Hh][Tt][Tt][Pp][Ss]?://"

    static func text(_ description: String, default standard: String? = nil) -> JSON {
        var schema: [String: JSON] = ["type": "string", "description": .string(description)]
        if let standard { schema["default"] = .string(standard) }
        return .object(schema)
    }

    static func nonEmpty(_ description: String) -> JSON {
        ["type": "string", "minLength": 1, "description": .string(description)]
    }

    static func flag(_ description: String) -> JSON {
        ["type": "boolean", "default": false, "description": .string(description)]
    }

    static func object(_ description: String) -> JSON { ["type": "object", "description": .string(description)] }

    static func list(_ description: String) -> JSON {
        ["type": "array", "items": string, "description": .string(description)]
    }

    static func words<Word: RawRepresentable & CaseIterable>(
        _ type: Word.Type,
        _ description: String,
        default standard: Word? = nil
    ) -> JSON where Word.RawValue == String {
        var schema: [String: JSON] = [
            "enum": .array(Word.allCases.map { .string($0.rawValue) }), "description": .string(description),
        ]
        if let standard { schema["default"] = .string(standard.rawValue) }
        return .object(schema)
    }

    /// An object whose keys the author chooses.
    static func named(_ schema: JSON, _ description: String) -> JSON {
        ["type": "object", "additionalProperties": schema, "description": .string(description)]
    }

    static let secretSchema = secret.schema(adding: ["oneOf": [["required": ["env"]], ["required": ["file"]]]])

    static func secret(_ description: String) -> JSON {
        secretSchema.merging(patch: ["description": .string("A secret. " + description)])
    }

    static let onePolicyKey: JSON = [["required": ["policy"]], ["required": ["policies"]]]

    static let discovery = words(
        DiscoveryWord.self,
        "Where the metadata is published: `oidc` (OpenID Connect Discovery) or `oauth` (RFC 8414)",
        default: .oidc
    )
    static let metadataURL: JSON = [
        "type": "string", "pattern": .string(urlPattern),
        "description": "Replaces `discovery`: the URL of the metadata",
    ]
    static let algorithms: JSON = [
        "type": "array", "minItems": 1, "items": ["enum": .array(algorithmNames.map(JSON.string))],
        "description": "The algorithms its tokens may be signed with; without it, all with public keys",
    ]
    /// `Ed25519` is another name of `EdDSA` (RFC 9864).
    private static let algorithmNames = SignatureAlgorithm.allCases.map(\.rawValue) + ["Ed25519"]
    static let profile = words(
        AccessTokenProfile.self,
        "`rfc9068` requires `typ` `at+jwt` and every claim of RFC 9068",
        default: .lenient
    )
    static let marks: JSON = [
        "type": "array", "items": ["enum": .array(TokenMarks.allNames.map(JSON.string))],
        "description": "Marks of ID, refresh or logout tokens that its access tokens have too, such as `nonce`",
    ]
    static let claims: JSON = [
        "type": "object",
        "description":
            "Normalised claims by name, with their sources: claim names, JSON Pointers, or a rule; see below",
        "properties": .object(excluded(ClaimMapping.unmappable)),
        "additionalProperties": [
            "oneOf": [
                ["type": "array", "minItems": 1, "items": string],
                claimRule.schema(adding: ["oneOf": [["required": ["from"]], ["required": ["constant"]]]]),
            ]
        ],
    ]
    static let requiredValues = valuesByClaim("Claims that must have one of these values, or the token is refused")

    static func valuesByClaim(_ description: String, excluding names: Set<String> = []) -> JSON {
        var schema: [String: JSON] = [
            "type": "object", "additionalProperties": ["type": "array", "items": string],
            "description": .string(description),
        ]
        if !names.isEmpty { schema["properties"] = .object(excluded(names)) }
        return .object(schema)
    }

    /// Comments are allowed, and these names are not.
    private static func excluded(_ names: Set<String>) -> [String: JSON] {
        var properties: [String: JSON] = ["description": string, "$comment": string]
        for name in names { properties[name] = false }
        return properties
    }

    static func published(_ grammar: ObjectGrammar, _ name: String, _ title: String) -> JSON {
        grammar.schema(adding: [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": .string("\(name).schema.json"),
            "title": .string(title), "properties": grammar.propertiesOfAFile,
        ])
    }
}
