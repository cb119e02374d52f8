// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthAPIKeys
import MCPAuthCore
import MCPAuthJSON
import MCPAuthTesting
import TestSupport
import Testing

@testable import MCPAuthModuleHost

/// Modules that are built, loaded as their users load them, and held against the kits that built-in verifiers pass.
@Suite(.timeLimit(.minutes(2))) struct LoadedModuleTests {
    private static let now = NumericDate.now()

    private static func apiKeyLibrary() throws -> ModuleLibrary { try library("api-key") }

    /// A library that is built with the tests, copied to a directory that only its owner may write.
    private static func library(_ name: String) throws -> ModuleLibrary {
        let program = try #require(CommandLine.arguments.first)
        let built = URL(fileURLWithPath: program).deletingLastPathComponent().path
        let file = ["lib\(name).so", "lib\(name).dylib"].map { built + "/" + $0 }
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
        #expect(Set(libraries.map { $0.components[0].table }).count == 1)
    }

    @Test func `a Swift module says why it refuses its configuration`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(try Self.apiKeyLibrary(), ["file": "/nowhere/keys.json"])
        }
        #expect(error?.message.contains("/nowhere/keys.json") == true, "\(error?.message ?? "")")
    }

    /// A verifier of a library that is built with the tests.
    private static func verifier(
        _ name: String,
        _ configuration: JSON,
        at resource: String = "https://h.example/mcp",
        hosts: [String] = [],
        secret: [UInt8],
        _ events: Events
    ) throws -> ModuleVerifier {
        let component = try library(name).component(.verifier, named: nil)
        return try ModuleVerifier(
            name: "test",
            configuration: ModuleConfiguration(configuration, of: component) { $0 },
            issuer: "urn:example:test",
            resource: ResourceIdentifier(resource),
            hosts: hosts,
            secrets: ["client_secret": secret, "token": secret],
            onEvent: events.add
        )
    }

    @Test(arguments: [
        ("http://127.0.0.1:9/mcp", false, "verified"), ("http://localhost:9/mcp", false, "verified"),
        ("https://h.example/mcp", false, "rejected rejected_by_module"), ("https://h.example/mcp", true, "verified"),
    ])
    func `a static token is for a resource on loopback, whatever host the client names`(
        resource: String,
        allowsRemote: Bool,
        word: String
    ) async throws {
        let configuration: JSON = ["client_id": "editor", "scope": "read", "allow_remote": .boolean(allowsRemote)]
        let verifier = try Self.verifier("static-token", configuration, at: resource, secret: Modules.key, Events())
        for authority in ["localhost", "127.0.0.1:9", "h.example"] {
            let request = ProtectedResourceRequest(method: .post, authority: authority, path: "/mcp")
            func ask(_ token: [UInt8]) async -> String {
                await verifier.verify(AccessToken(bytes: token), of: request, now: Self.now).word
            }
            #expect(await ask(Modules.key) == word)
            for other in [[], Array(Modules.key.dropLast()), Modules.key + [0x20], Array("x".utf8)] {
                #expect(await ask(other) == "not mine")
            }
        }
    }

    #if AsyncHTTPClient
    /// GitHub's answers in the shape of its REST API ("Check a token"), for one app.
    private static func gitHub() throws -> ScriptedServer {
        try ScriptedServer { request in
            func answer(_ status: String, _ body: JSON = ["message": "x"]) -> [ScriptedServer.Act] {
                let text = String(decoding: body.encoded(), as: UTF8.self)
                let type = "Content-Type: application/json; charset=utf-8"
                return [.send("HTTP/1.1 \(status)\r\n\(type)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")]
            }
            let isRight =
                request.fields["authorization"] == "Basic SXYxLmE6c2VjcmV0"
                && request.path == "/api/v3/applications/Iv1.a/token"
                && request.fields["accept"] == "application/vnd.github+json"
            guard isRight else { return answer("401 Unauthorized") }
            let token = (try? JSON(parsing: Array(request.body.utf8)))?["access_token"]?.string ?? ""
            var body: [String: JSON] = [
                "id": 1, "url": "https://api.github.com/authorizations/1", "scopes": ["repo", "user:email"],
                "token": .string(token), "token_last_eight": "12345678", "hashed_token": "25f94a2a", "note": .null,
                "app": ["client_id": "Iv1.a", "name": "app", "url": "https://example.com"], "expires_at": .null,
                "user": ["login": "octocat", "id": 583_231, "type": "User"],
            ]
            switch token {
            case "gho_good", "ghu_good": break
            case "gho_ends": body["expires_at"] = "2999-01-01T00:00:00Z"
            case "gho_ended": body["expires_at"] = "2020-01-01T00:00:00Z"
            case "gho_odd": body["expires_at"] = "tomorrow"
            case "gho_other": body["app"] = ["client_id": "Iv1.b"]
            case "gho_nobody": body["user"] = .null
            case "gho_limited": return answer("403 Forbidden")
            case "gho_down": return answer("502 Bad Gateway")
            case "gho_spam": return answer("422 Unprocessable Entity")
            case "gho_cut": return [.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), .close]
            default: return answer("404 Not Found")
            }
            return answer("200 OK", .object(body))
        }
    }

    @Test func `a token of GitHub is verified by the API for its own app`() async throws {
        let server = try Self.gitHub()
        defer { server.stop() }
        let address = "127.0.0.1:\(server.port)"
        let events = Events()
        let configuration: JSON = ["client_id": "Iv1.a", "api": .string("http://\(address)/api/v3/")]
        let secret = Array("secret".utf8)
        let verifier = try Self.verifier("github-token", configuration, hosts: [address], secret: secret, events)
        verifier.use(AsyncHTTPFetcher())
        for (token, word) in [
            ("gho_good", "verified"), ("ghu_good", "verified"), ("gho_ends", "verified"),
            ("gho_ended", "rejected rejected_by_module"), ("gho_odd", "unavailable"),
            ("gho_other", "rejected rejected_by_module"), ("gho_nobody", "rejected rejected_by_module"),
            ("gho_unknown", "rejected rejected_by_module"), ("gho_limited", "unavailable"), ("gho_down", "unavailable"),
            ("gho_spam", "unavailable"),
            ("gho_cut", "unavailable"), ("ghp_personal", "rejected rejected_by_module"),
            ("github_pat_x", "rejected rejected_by_module"), ("eyJh.e30.x", "not mine"), ("", "not mine"),
        ] {
            #expect(await verifier.ask(Array(token.utf8), now: Self.now).word == word, "\(token)")
        }
        guard case .verified(let evidence) = await verifier.ask(Array("gho_good".utf8), now: Self.now) else {
            Issue.record("not verified")
            return
        }
        let claims = evidence.document.root
        #expect(claims["sub"]?.string == "583231" && claims["preferred_username"]?.string == "octocat")
        #expect(claims["client_id"]?.string == "Iv1.a" && claims["scope"]?.string == "repo user:email")
        // The second question about the same token is answered from memory.
        let known = events.all.filter { $0.metadata["counter"] == "known" }
        #expect(known.count == 1, "\(events.all)")
        #expect(!events.all.contains { "\($0)".contains("gho_") || "\($0)".contains("secret") })
    }

    @Test func `a module whose credentials GitHub refuses decides nothing and tells the operator`() async throws {
        let server = try Self.gitHub()
        defer { server.stop() }
        let address = "127.0.0.1:\(server.port)"
        let events = Events()
        let configuration: JSON = ["client_id": "Iv1.a", "api": .string("http://\(address)/api/v3")]
        let secret = Array("wrong".utf8)
        let verifier = try Self.verifier("github-token", configuration, hosts: [address], secret: secret, events)
        verifier.use(AsyncHTTPFetcher())
        #expect(await verifier.ask(Array("gho_good".utf8), now: Self.now).word == "unavailable")
        #expect(events.all.contains { $0.level == .error && $0.message.contains("GitHub refuses") })
    }
    #endif

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
