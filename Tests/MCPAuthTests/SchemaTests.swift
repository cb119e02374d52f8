// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthJSON
import MCPAuthPolicy
import TestSupport
import Testing

@testable import MCPAuth

/// The published JSON Schemas say what the readers read.
@Suite struct SchemaTests {
    @Test(arguments: [("policy-1", PolicyGrammar.schema), ("policy-test-1", PolicyTestGrammar.schema)])
    func `the published schema is the one the reader's grammar makes`(name: String, schema: JSON) throws {
        #expect(try Self.published(name) == schema, "mcp-auth policy schema > policies/schema/\(name).schema.json")
    }

    private static let issuer = "/properties/issuers/additionalProperties"
    private static let resource = "/properties/resources/items"

    @Test(arguments: [
        ("server-1", "", FileKeys.configuration + ["$schema"]),
        ("server-1", "/properties/server", FileKeys.server),
        ("server-1", "/properties/server/properties/cors", FileKeys.cors),
        ("server-1", issuer, FileKeys.issuer),
        ("server-1", issuer + "/properties/introspection", FileKeys.introspection),
        ("server-1", issuer + "/properties/introspection/properties/tls", FileKeys.tls),
        ("server-1", issuer + "/properties/introspection/properties/client_secret", FileKeys.secret),
        ("server-1", issuer + "/properties/hmac_secrets/items", FileKeys.hmacSecret),
        ("server-1", "/properties/modules/additionalProperties", FileKeys.module),
        ("server-1", resource, FileKeys.resource),
        ("server-1", resource + "/properties/metadata", FileKeys.metadata),
        ("server-1", resource + "/properties/issuers/items/oneOf/1", FileKeys.resourceIssuer),
        ("provider-1", "", FileKeys.provider + ["$schema"]),
        ("revocations-1", "", FileKeys.revocations + ["$schema"]),
        ("revocations-1", "/properties/entries/items", FileKeys.revocation),
    ])
    func `an object has the keys that its reader allows`(name: String, pointer: String, keys: [String]) throws {
        let schema = try Self.published(name)
        let place = try #require(JSONPointer(pointer))
        let object = place.tokens.reduce(Optional(schema)) { value, token in value?[token] }
        guard case .object(let properties)? = object?["properties"] else {
            Issue.record("no object at \(pointer)")
            return
        }
        #expect(Set(properties.keys) == Set(keys + ["description", "$comment"]))
        #expect(object?["additionalProperties"] == false)
    }

    @Test(arguments: [
        FileKeys.configuration, FileKeys.server, FileKeys.cors, FileKeys.issuer, FileKeys.introspection, FileKeys.tls,
        FileKeys.hmacSecret, FileKeys.secret, FileKeys.claimRule, FileKeys.module, FileKeys.resource,
        FileKeys.resourceIssuer, FileKeys.metadata, FileKeys.provider, FileKeys.revocations, FileKeys.revocation,
    ])
    func `every key is explained`(keys: [String]) throws {
        let root = #filePath.replacing("Tests/MCPAuthTests/SchemaTests.swift", with: "")
        let text = try String(contentsOfFile: root + "docs/configuration.md", encoding: .utf8)
        for key in keys { #expect(text.contains("`\(key)`") || text.contains("{\"\(key)\""), "\(key)") }
    }

    private static func published(_ name: String) throws -> JSON {
        let root = #filePath.replacing("Tests/MCPAuthTests/SchemaTests.swift", with: "")
        let data = try Data(contentsOf: URL(filePath: root + "policies/schema/\(name).schema.json"))
        return JSON(try JSONDocument(parsing: [UInt8](data), limits: .file).root)
    }
}
