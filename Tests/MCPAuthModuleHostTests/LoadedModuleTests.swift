// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import CMCPAuthModule
import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthAPIKeys
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthModule
import MCPAuthSigning
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

    private static func apiKeys() throws -> (
        verifier: HostedVerifier, good: String, bad: [String], events: Events
    ) {
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
    ) throws -> HostedVerifier {
        let component = try library(name).component(.verifier, named: nil)
        return try HostedVerifier(
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

    // MARK: edge-identity

    /// Answers with these bodies, one after the other, and with the last one from then on.
    private final class KeyServer: HTTPFetcher {
        private let bodies: Lock<[JSON?]>
        private let asked = Lock<[String]>([])

        init(_ bodies: JSON?...) { self.bodies = Lock(bodies) }

        var requests: [String] { asked.withLock { $0 } }

        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
            asked.withLock { $0.append(request.url.description) }
            let body = bodies.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            guard let body else { throw FetchError("down") }
            return FetchResponse(status: 200, body: body.encoded())
        }
    }

    private static let cloudflare: JSON = [
        "provider": "cloudflare-access", "team": "https://example.cloudflareaccess.com", "audience": "32eafc",
    ]
    private static let google: JSON = ["provider": "google-iap", "audience": "/projects/1/global/backendServices/2"]

    private static func edge(
        _ configuration: JSON,
        _ keys: KeyServer,
        _ events: Events = Events()
    ) throws
        -> HostedVerifier
    {
        let hosts = ["example.cloudflareaccess.com", "www.gstatic.com"]
        let verifier = try verifier("edge-identity", configuration, hosts: hosts, secret: [], events)
        verifier.use(keys)
        return verifier
    }

    /// The claims of an assertion, in the shape that the documentation of the proxies shows;
    /// a change to `null` removes a claim.
    private static func assertion(_ changes: [String: JSON] = [:], google isGoogle: Bool = false) -> JSON {
        let seconds = Int64(now.secondsSinceEpoch)
        var claims: [String: JSON] =
            isGoogle
            ? [
                "iss": "https://cloud.google.com/iap", "aud": "/projects/1/global/backendServices/2",
                "sub": "accounts.google.com:1", "email": "a@example.com", "iat": .integer(seconds),
                "exp": .integer(seconds + 600), "hd": "example.com",
            ]
            : [
                "aud": ["32eafc"], "email": "a@example.com", "exp": .integer(seconds + 60), "iat": .integer(seconds),
                "nbf": .integer(seconds), "iss": "https://example.cloudflareaccess.com", "type": "app",
                "identity_nonce": "6ei69", "sub": "7335d417", "country": "US",
            ]
        for (name, value) in changes { claims[name] = value == .null ? nil : value }
        return .object(claims)
    }

    @Test func `assertions of Cloudflare Access are verified with its keys`() async throws {
        let (key, wrong, elliptic) = (try SigningKey(.rs256), try SigningKey(.rs256), try SigningKey(.es256))
        let server = KeyServer(["keys": [key.publicJWK, elliptic.publicJWK]])
        let verifier = try Self.edge(Self.cloudflare, server)
        let header: [String: JSON] = ["typ": "JWT"]
        let service: [String: JSON] = ["sub": "", "common_name": "client.access", "email": .null]
        for (claims, key, word) in [
            (Self.assertion(), key, "verified"),
            (Self.assertion(["aud": "32eafc"]), key, "verified"),
            (Self.assertion(service), key, "verified"),
            (Self.assertion(["aud": ["other"]]), key, "rejected rejected_by_module"),
            (Self.assertion(["aud": .null]), key, "rejected rejected_by_module"),
            (Self.assertion(["type": "org"]), key, "rejected rejected_by_module"),
            (Self.assertion(["type": .null]), key, "rejected rejected_by_module"),
            (Self.assertion(["exp": .null]), key, "rejected rejected_by_module"),
            (Self.assertion(["iss": "https://other.cloudflareaccess.com"]), key, "not mine"),
            (Self.assertion(), wrong, "rejected rejected_by_module"),
            (Self.assertion(), elliptic, "rejected rejected_by_module"),
        ] {
            let token = try key.sign(header: header, claims: claims)
            #expect(await verifier.ask(Array(token.utf8), now: Self.now).word == word, "\(claims)")
        }
        #expect(await verifier.ask(Array("opaque".utf8), now: Self.now).word == "not mine")
        #expect(Set(server.requests) == ["https://example.cloudflareaccess.com/cdn-cgi/access/certs"])
        #expect(server.requests.count == 1)
        let token = try key.sign(header: header, claims: Self.assertion(service))
        guard case .verified(let evidence) = await verifier.ask(Array(token.utf8), now: Self.now) else { return }
        #expect(evidence.document.root["client_id"]?.string == "client.access")
        #expect(evidence.document.root["sub"] == nil && evidence.document.root["aud"] == nil)
    }

    @Test func `assertions of Google are verified with its keys`() async throws {
        let key = try SigningKey(.es256)
        let server = KeyServer(["keys": [key.publicJWK]])
        let verifier = try Self.edge(Self.google, server)
        let good = try key.sign(header: [:], claims: Self.assertion(google: true))
        let bad = try key.sign(header: [:], claims: Self.assertion(["aud": "/projects/1/apps/x"], google: true))
        #expect(await verifier.ask(Array(good.utf8), now: Self.now).word == "verified")
        #expect(await verifier.ask(Array(bad.utf8), now: Self.now).word == "rejected rejected_by_module")
        #expect(server.requests == ["https://www.gstatic.com/iap/verify/public_key-jwk"])
    }

    @Test func `new keys are fetched when they are needed, and failures decide nothing`() async throws {
        let (old, new) = (try SigningKey(.rs256), try SigningKey(.rs256))
        let server = KeyServer(nil, ["keys": [old.publicJWK]], ["keys": [new.publicJWK]])
        let verifier = try Self.edge(Self.cloudflare, server)
        let tokens = try [old, new].map { Array(try $0.sign(header: [:], claims: Self.assertion()).utf8) }
        func word(_ token: [UInt8], after seconds: Double) async -> String {
            await verifier.ask(token, now: Self.now.adding(seconds)).word
        }
        #expect(await word(tokens[0], after: 0) == "unavailable")
        #expect(await word(tokens[0], after: 10) == "unavailable")
        #expect(await word(tokens[0], after: 31) == "verified")
        #expect(await word(tokens[1], after: 40) == "rejected rejected_by_module")
        #expect(server.requests.count == 2)
        #expect(await word(tokens[1], after: 62) == "verified")
        #expect(server.requests.count == 3)
    }

    @Test(
        arguments: [
            (["provider": "cloudflare-access", "audience": "a"], "`team` must be the team domain"),
            (["provider": "cloudflare-access", "audience": "a", "team": "https://x.example/a"], "`team` must be"),
            (["provider": "google-iap", "audience": "a", "team": "https://x.example"], "`team` is for"),
            (["provider": "google-iap", "audience": "a", "keys": "nowhere"], "`keys` must be an https URL"),
        ] as [(JSON, String)]
    )
    func `a mistake in the configuration of edge-identity is told`(configuration: JSON, message: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.edge(configuration, KeyServer(nil)) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    private static let kits: [(name: String, kit: VerifierConformanceTest)] = {
        let resource = "https://h.example/mcp"
        var kits: [(String, VerifierConformanceTest)] = []
        if let (verifier, good, bad, _) = try? apiKeys() {
            let kit = VerifierConformanceTest(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: good,
                bad: bad
            )
            kits.append(("a Swift module", kit))
        }
        if let path = try? Modules.hello(), let library = try? Modules.library(path),
            let verifier = try? Modules.verifier(library)
        {
            let kit = VerifierConformanceTest(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: String(decoding: Modules.key, as: UTF8.self),
                bad: [String(decoding: Modules.key.reversed(), as: UTF8.self)]
            )
            kits.append(("the smallest C module", kit))
        }
        if let verifier = try? Modules.hmacVerifier() {
            let seconds = Int(now.secondsSinceEpoch)
            let (good, late) = (Modules.token("greeter", seconds + 3600), Modules.token("greeter", seconds - 1))
            let texts = [good, late].map { String(decoding: $0.bytes, as: UTF8.self) }
            let kit = VerifierConformanceTest(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: texts[0],
                bad: [texts[1]]
            )
            kits.append(("a C module", kit))
        }
        if let verifier = try? Modules.verifier(body: repeating, flags: Modules.reentrant, functions: delayed) {
            let kit = VerifierConformanceTest(
                verifier,
                issuer: "urn:example:hello",
                resource: resource,
                good: "good-token",
                bad: ["bad-token"]
            )
            kits.append(("a C module that answers later, twice, from another thread", kit))
        }
        // These tokens are made before any test of a run begins, which may be minutes before this one.
        let end = JSON.integer(Int64(now.secondsSinceEpoch) + 3600)
        if let key = try? SigningKey(.rs256), let good = try? key.sign(header: [:], claims: assertion(["exp": end])),
            let bad = try? key.sign(header: [:], claims: assertion(["exp": end, "aud": "other"])),
            let verifier = try? edge(cloudflare, KeyServer(["keys": [key.publicJWK]])),
            let cutOff = try? edge(cloudflare, KeyServer(nil))
        {
            let kit = VerifierConformanceTest(
                verifier,
                issuer: "urn:example:test",
                resource: resource,
                good: good,
                bad: [bad],
                cutOff: cutOff
            )
            kits.append(("a Swift module that fetches", kit))
        }
        return kits
    }()

    private static let delayed = #"""
        #include <pthread.h>
        typedef struct { const mcp_auth_host *host; uint64_t call; int is_good; } job;
        static void *run(void *argument) {
            job *the_job = argument;
            usleep(2000);
            mcp_auth_verdict good = a_verdict(MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":4102444800}");
            mcp_auth_verdict bad = a_verdict(MCP_AUTH_VERDICT_NOT_MINE, "");
            the_job->host->complete(the_job->host, the_job->call, the_job->is_good ? &good : &bad);
            the_job->host->complete(the_job->host, the_job->call, the_job->is_good ? &bad : &good);
            usleep(2000);
            the_job->host->complete(the_job->host, the_job->call, &good);
            free(the_job);
            return NULL;
        }
        """#

    private static let repeating = #"""
        job *the_job = malloc(sizeof *the_job);
        the_job->host = the_host;
        the_job->call = call;
        the_job->is_good = request->token.length == 10 && memcmp(request->token.data, "good-token", 10) == 0;
        pthread_t thread;
        pthread_create(&thread, NULL, run, the_job);
        pthread_detach(thread);
        """#

    @Test(arguments: kits.flatMap { kit in kit.kit.checks.map { (kit.name, $0) } })
    func `conforms to the kit of verifiers`(name: String, check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test func `all modules are held against the kit`() {
        #expect(Self.kits.count == 5, "\(Self.kits.map(\.name))")
    }

    // MARK: Transformers

    private struct Roles: MCPAuthModule.ModuleTransformer {
        static let moduleName = "roles"
        static let configurationSchema = #"{ "type": "object" }"#

        init(_ host: ModuleHost) {}

        func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
            var claims = claims
            claims["roles"] = .array((claims["groups"]?.strings ?? []).map { .string("role-" + $0) })
            return claims
        }
    }

    private static func transformer(
        _ library: ModuleLibrary,
        _ configuration: JSON
    ) throws -> HostedTransformer {
        try HostedTransformer(
            name: "test",
            configuration: ModuleConfiguration(
                configuration,
                of: library.component(.transformer, named: nil)
            ) { $0 },
            secrets: [:],
            onEvent: { _ in }
        )
    }

    private static let transformerKits: [(name: String, kit: TransformerConformanceTest)] = {
        var kits: [(String, TransformerConformanceTest)] = []
        let table = unsafe SwiftModule.table("roles", version: "1", transformers: [Roles.self])
        if let library = try? unsafe ModuleLibrary(
            table: table.assumingMemoryBound(to: mcp_auth_module.self),
            path: "roles",
            digest: ""
        ), let transformer = try? transformer(library, [:]) {
            kits.append(("a Swift module", TransformerConformanceTest(transformer, claims: ["groups": ["a"]])))
        }
        if let path = try? Modules.tenantClaims(), let library = try? Modules.library(path),
            let transformer = try? transformer(library, ["from": "sub"])
        {
            kits.append(("a C module", TransformerConformanceTest(transformer, claims: ["sub": "acme|alice"])))
        }
        return kits
    }()

    @Test(arguments: transformerKits.flatMap { kit in kit.kit.checks.map { (kit.name, $0) } })
    func `conforms to the kit of transformers`(name: String, check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test func `both transformers are held against the kit`() {
        #expect(Self.transformerKits.map(\.name) == ["a Swift module", "a C module"])
    }
}
