// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import Testing

/// The schema of a server configuration with those of its modules.
@Suite struct ModuleSchemasTests {
    private static func schema(_ text: String) throws -> JSON {
        let path = try Modules.directory() + "/server.json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try ModuleSchemas.serverSchema(withModulesOf: path)
    }

    @Test func `the config of a module has its own schema, in which other members are refused`() throws {
        let schema = try Self.schema(ModuleDoor.text(Modules.hmac))
        let entry = try #require(schema["properties"]?["modules"]?["properties"]?["hmac"])
        #expect(entry["required"] == ["path", "config"] && entry["additionalProperties"] == false)
        let config = try #require(entry["properties"]?["config"])
        #expect(config["required"] == ["key", "scope"] && config["additionalProperties"] == false)
        #expect(config["properties"]?["key"]?["type"] == "string" && config["properties"]?["$comment"] != nil)
    }

    @Test func `nested objects of a module's schema are closed too, unless it opens them`() throws {
        let inner = #"{"properties":{"a":{"type":"object"},"b":{"type":"object","additionalProperties":true}}}"#
        let schema = try Self.schema(ModuleDoor.text(try Modules.compile(schema: inner)))
        let entry = schema["properties"]?["modules"]?["properties"]?["custom"]
        let config = try #require(entry?["properties"]?["config"]?["properties"])
        #expect(config["a"]?["additionalProperties"] == false && config["b"]?["additionalProperties"] == true)
        #expect(entry?["required"] == ["path"])
    }

    @Test func `a module that cannot be loaded is reported with its place`() throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.schema(ModuleDoor.text("/nowhere.so")) }
        #expect(error?.code == .moduleRefused && error?.location?.line == 3, "\(error?.description ?? "")")
    }

    @Test func `loading a module is an event with its version and hash`() async throws {
        let door = try ModuleDoor(body: "answer(call, MCP_AUTH_VERDICT_REJECT, \"\");")
        let loaded = door.events.all.filter { $0.code == .moduleLoaded }
        #expect(loaded.count == 2)
        let pattern = /hmac: hmac-token-c 1\.0\.0, ABI 1\.0, sha256 [0-9a-f]{64}/
        #expect(loaded.contains { $0.message.wholeMatch(of: pattern) != nil }, "\(loaded)")
    }
}
