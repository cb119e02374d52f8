// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuthModuleHost

/// A module that was compiled against version 1.0 of the header, and is never compiled again.
@Suite struct FrozenModuleTests {
    #if arch(x86_64) && os(Linux)
    private static func library() throws -> ModuleLibrary {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let path = try Modules.directory() + "/module.so"
        let binary = fixtures.appending(path: "module_1_0.x86_64-linux.bin").path
        try FileManager.default.copyItem(atPath: binary, toPath: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return try Modules.library(path)
    }

    private static func configuration(_ kind: ModuleComponent.Kind) throws -> ModuleConfiguration {
        let component = try library().component(kind, named: nil)
        return try ModuleConfiguration(["subject": "alice"], of: component) { $0 }
    }

    private static let secrets = ["key": Array("abc".utf8)]

    @Test func `its verifier is loaded and answers as in version 1.0`() async throws {
        let events = Events()
        let verifier = try HostedVerifier(
            name: "frozen",
            configuration: try Self.configuration(.verifier),
            issuer: "urn:example:fixture",
            resource: ResourceIdentifier("https://h.example/mcp"),
            secrets: Self.secrets,
            onEvent: events.add
        )
        var fields = HTTPFields()
        fields.append(HTTPField(name: try #require(HTTPField.Name("X-Key")), value: "v"))
        let request = ProtectedResourceRequest(method: .post, authority: "h.example", path: "/mcp", fields: fields)
        let now = NumericDate(1_795_425_000)
        var words: [String] = []
        for token in ["good", "bad", "later", "other"] {
            let verdict = await verifier.verify(AccessToken(bytes: Array(token.utf8)), of: request, now: now)
            words.append(verdict.word)
            guard case .verified(let evidence) = verdict else { continue }
            #expect(evidence.document.root["sub"]?.string == "alice")
            #expect(evidence.document.root["iat"]?.integer == 1_795_425_000)
            #expect(evidence.notAfter == NumericDate(1_795_425_060))
        }
        #expect(words == ["verified", "rejected rejected_by_module", "unavailable", "not mine"])
        let lines = events.all.filter { $0.code == .module }.map(\.message)
        #expect(lines == ["frozen: created", "frozen: rejected: fixture", "frozen: unavailable: fixture"])
        #expect(events.all.filter { $0.code == .moduleCounted }.count == 4)
    }

    @Test func `its transformer is loaded and answers as in version 1.0`() throws {
        let transformer = try HostedTransformer(
            name: "frozen",
            configuration: try Self.configuration(.transformer),
            secrets: Self.secrets,
            onEvent: { _ in }
        )
        #expect(try transformer.transform(["a": 1], of: "https://i.example") == ["was": ["a": 1]])
        #expect(throws: (any Error).self) { try transformer.transform(["a": 1], of: "https://other.example") }
    }
    #endif
}
