// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthAPIKeys
import MCPAuthCore
import MCPAuthJSON
import MCPAuthTesting
import Testing

@testable import MCPAuthModuleHost

/// Modules that are built, loaded as their users load them, and held against the kits that built-in verifiers pass.
@Suite(.timeLimit(.minutes(2))) struct LoadedModuleTests {
    private static let now = NumericDate.now()

    /// The library `api-key`, copied to a directory that only its owner may write.
    private static func apiKeyLibrary() throws -> ModuleLibrary {
        let program = try #require(CommandLine.arguments.first)
        let built = URL(fileURLWithPath: program).deletingLastPathComponent().path
        let file = ["libapi-key.so", "libapi-key.dylib"].map { built + "/" + $0 }
            .first { FileManager.default.fileExists(atPath: $0) }
        let path = try Modules.directory() + "/module.so"
        try FileManager.default.copyItem(atPath: try #require(file), toPath: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return try Modules.library(path)
    }

    private static func apiKeys() throws -> (verifier: ModuleVerifier, good: String, bad: [String], events: Events) {
        var file = APIKeyFile()
        let expires = Int64(now.secondsSinceEpoch) - 60
        let (key, good) = try APIKey.make(prefix: "mak", clientID: "build", scopes: ["read"], now: now)
        let (old, late) = try APIKey.make(prefix: "mak", clientID: "old", scopes: [], expires: expires, now: now)
        file.keys = [key, old]
        let path = try Modules.directory() + "/keys.json"
        try Data(file.encoded()).write(to: URL(fileURLWithPath: path))
        let events = Events()
        let library = try apiKeyLibrary()
        #expect(library.name == "api-key" && library.components.map(\.isPure) == [false])
        let verifier = try Modules.verifier(library, ["file": .string(path)], events: events)
        return (verifier, good, [late, String(good.dropLast()) + "*"], events)
    }

    @Test func `a Swift module verifies, rejects and passes on tokens`() async throws {
        let (verifier, good, bad, events) = try Self.apiKeys()
        guard case .verified(let evidence) = await verifier.ask(Array(good.utf8), now: Self.now) else {
            Issue.record("not verified")
            return
        }
        #expect(evidence.document.root["client_id"]?.string == "build" && evidence.issuer == "urn:example:hello")
        for token in bad {
            #expect(await verifier.ask(Array(token.utf8), now: Self.now).word == "rejected rejected_by_module")
        }
        #expect(await verifier.ask(Array("opaque".utf8), now: Self.now).word == "not mine")
        let unknown = "the API key: expected a key of the file, found an unknown id, or another secret"
        let lines = ["test: rejected: expired", "test: rejected: rejected_by_verifier: \(unknown)"]
        #expect(events.all.map(\.message) == lines)
    }

    @Test func `a Swift module can be loaded again and again, as reloads do`() throws {
        let libraries = try (0..<20).map { _ in try Self.apiKeyLibrary() }
        let isSame = libraries.allSatisfy { unsafe $0.components[0].verifier == libraries[0].components[0].verifier }
        #expect(isSame)
    }

    @Test func `a Swift module says why it refuses its configuration`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(try Self.apiKeyLibrary(), ["file": "/nowhere/keys.json"])
        }
        #expect(error?.message.contains("/nowhere/keys.json") == true, "\(error?.message ?? "")")
    }

    private static let kits: [(name: String, kit: VerifierConformance)] = {
        let resource = "https://h.example/mcp"
        var kits: [(String, VerifierConformance)] = []
        if let (verifier, good, bad, _) = try? apiKeys() {
            let kit = VerifierConformance(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: good,
                bad: bad
            )
            kits.append(("a Swift module", kit))
        }
        if let verifier = try? Modules.helloVerifier() {
            let seconds = Int(now.secondsSinceEpoch)
            let (good, late) = (Modules.token("greeter", seconds + 600), Modules.token("greeter", seconds - 1))
            let texts = [good, late].map { String(decoding: $0.bytes, as: UTF8.self) }
            let kit = VerifierConformance(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: texts[0],
                bad: [texts[1]]
            )
            kits.append(("a C module", kit))
        }
        return kits
    }()

    @Test(arguments: kits.flatMap { kit in kit.kit.checks.map { (kit.name, $0) } })
    func `conforms to the kit of verifiers`(name: String, check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test func `both modules are held against the kit`() {
        #expect(Self.kits.map(\.name) == ["a Swift module", "a C module"])
    }
}
