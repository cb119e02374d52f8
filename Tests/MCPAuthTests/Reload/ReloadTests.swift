// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthPolicy
import TestSupport
import Testing

@testable import MCPAuth

@Suite struct ReloadTests {
    @Test func `a new configuration applies after a reload, with the next generation number`() async throws {
        let (door, issuer) = try Door.notes(policy: Self.requiring("read:notes"))
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer).status == 200)
        try door.mcpAuth.reload(try Self.configuration(issuer, Self.requiring("write:notes")))
        let answer = try await door.request(authorization: bearer)
        #expect(answer.status == 403)
        #expect(answer.challenge?.contains(#"scope="write:notes""#) == true)
        #expect(door.mcpAuth.status.generation == 2)
        #expect(door.mcpAuth.status.lastRefusal == nil)
    }

    @Test func `a refused configuration changes nothing and is reported with its error`() async throws {
        let events = Lock<[EngineEvent.Code]>([])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        var configuration = try Self.configuration(issuer, Self.requiring("read:notes"))
        configuration.onEvent = { event in events.withLock { $0.append(event.code) } }
        let door = try Self.door(configuration, issuer)
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(throws: ConfigurationError.self) { try door.mcpAuth.reload(MCPAuthConfiguration(resources: [])) }
        #expect(try await door.request(authorization: bearer).status == 200)
        #expect(door.mcpAuth.status.generation == 1)
        #expect(door.mcpAuth.status.lastRefusal?.code == .missingKey)
        #expect(events.withLock { $0 }.contains(.reloadRefused))
        try door.mcpAuth.reload(configuration)
        #expect(door.mcpAuth.status.lastRefusal == nil)
    }

    @Test func `keys of an issuer that stays configured are kept, and are used while it is down`() async throws {
        let (door, issuer) = try Door.notes()
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let fetched = issuer.fetcher.requests.count
        issuer.fetcher.setDown(true)
        try door.mcpAuth.reload(try Self.configuration(issuer, nil))
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        #expect(issuer.fetcher.requests.count == fetched)
    }

    @Test func `hits, misses and evictions are counted, and a reload empties the token cache`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        var configuration = try Self.configuration(issuer, nil)
        configuration.tokenCacheCapacity = 16
        let door = try Self.door(configuration, issuer)
        let tokens = try (0..<200).map { try issuer.token(["jti": .integer(Int64($0))]) }
        for token in tokens { #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200) }
        let filled = door.mcpAuth.tokenCacheStatistics
        #expect(filled.hits == 0 && filled.misses == 200)
        #expect(filled.entries <= 16 && filled.evictions == 200 - filled.entries)
        for _ in 0..<5 {
            #expect(try await door.request(authorization: ["Bearer \(tokens[199])"]).status == 200)
        }
        #expect(door.mcpAuth.tokenCacheStatistics.hits == 5)
        try door.mcpAuth.reload(configuration)
        #expect(door.mcpAuth.tokenCacheStatistics.entries == 0)
        #expect(try await door.request(authorization: ["Bearer \(tokens[199])"]).status == 200)
        #expect(door.mcpAuth.tokenCacheStatistics.misses == 1 && door.mcpAuth.tokenCacheStatistics.hits == 0)
    }

    @Test func `events of an issuer that stays configured go to the handler of the new configuration`() async throws {
        let (old, new) = (Lock<[EngineEvent.Code]>([]), Lock<[EngineEvent.Code]>([]))
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        var configuration = try Self.configuration(issuer, nil)
        configuration.onEvent = { event in old.withLock { $0.append(event.code) } }
        var door = try Self.door(configuration, issuer)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        configuration.onEvent = { event in new.withLock { $0.append(event.code) } }
        try door.mcpAuth.reload(configuration)
        let before = old.withLock { $0.count }
        issuer.fetcher.setDown(true)
        door.now = NumericDate(door.now.secondsSinceEpoch + 1300)
        let now = door.now
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token(now: now))"]).status == 200)
        #expect(new.withLock { $0 }.contains(.fetchFailed))
        #expect(old.withLock { $0.count } == before)
    }

    @Test func `the routes of one resource follow a reload, and are 404 once it is removed`() async throws {
        let (door, issuer) = try Door.notes()
        let routes = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: ["read:notes"]
        )
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer, through: routes).status == 200)
        try door.mcpAuth.reload(try Self.configuration(issuer, Self.requiring("write:notes")))
        #expect(try await door.request(authorization: bearer, through: routes).status == 403)
        try door.mcpAuth.reload(try Self.configuration(issuer, nil, resource: "https://api.example.com/other"))
        #expect(try await door.request(authorization: bearer, through: routes).status == 404)
    }

    @Test func `a request whose body comes after a reload is decided by the configuration it began with`() async throws
    {
        let (door, issuer) = try Door.notes(policy: Self.requiring("read:notes"))
        let next = try Self.configuration(issuer, Self.requiring("write:notes"))
        var request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
        request.headerFields[.authorization] = "Bearer \(try issuer.token())"
        let ping = Array(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.utf8)
        func clock() -> NumericDate { door.now }
        let first = try await door.mcpAuth.authorize(request, now: clock) { _ in
            try door.mcpAuth.reload(next)
            return .bytes(ping)
        }
        guard case .allow = first else {
            Issue.record("\(first)")
            return
        }
        let second = await door.mcpAuth.authorize(request, now: clock) { _ in .bytes(ping) }
        guard case .deny(let denial) = second else {
            Issue.record("\(second)")
            return
        }
        #expect(denial.reason == .insufficientScope)
    }

    @Test func `under load every request is answered by the old or the new configuration`() async throws {
        let (door, issuer) = try Door.notes(policy: Self.requiring("read:notes"))
        let bearer = ["Bearer \(try issuer.token())"]
        let configurations = try ["write:notes", "read:notes"].map {
            try Self.configuration(issuer, Self.requiring($0))
        }
        let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var statuses: [Int] = []
                    for _ in 0..<250 { statuses.append(try await door.request(authorization: bearer).status) }
                    return statuses
                }
            }
            group.addTask {
                for round in 0..<40 {
                    try door.mcpAuth.reload(configurations[round % 2])
                    await Task.yield()
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(statuses.count == 1000)
        #expect(statuses.allSatisfy { $0 == 200 || $0 == 403 }, "\(Set(statuses))")
        #expect(try await door.request(authorization: bearer).status == 200)
        #expect(door.mcpAuth.status.generation == 41)
    }

    @Test func `tokens revoked at run time stay revoked, in addition to those of a new configuration`() async throws {
        let (door, issuer) = try Door.notes()
        let (first, second) = (try issuer.token(["jti": "j1"]), try issuer.token(["jti": "j2"]))
        let third = try issuer.token(["jti": "j3"])
        func reasons() async throws -> [String?] {
            var reasons: [String?] = []
            for token in [first, second, third] {
                reasons.append(try await door.request(authorization: ["Bearer \(token)"]).reason)
            }
            return reasons
        }
        #expect(try await reasons() == [nil, nil, nil])
        door.mcpAuth.replaceRevocations(with: RevocationList([.init(issuer: "https://issuer.example", tokenID: "j1")]))
        #expect(try await reasons() == ["revoked", nil, nil])
        var configuration = try Self.configuration(issuer, nil)
        try door.mcpAuth.reload(configuration)
        #expect(try await reasons() == ["revoked", nil, nil])
        configuration.revocations = RevocationList([.init(issuer: "https://issuer.example", tokenID: "j2")])
        try door.mcpAuth.reload(configuration)
        #expect(try await reasons() == ["revoked", "revoked", nil])
        door.mcpAuth.replaceRevocations(with: RevocationList([.init(issuer: "https://issuer.example", tokenID: "j3")]))
        #expect(try await reasons() == [nil, nil, "revoked"], "in place of what was refused")
        try door.mcpAuth.reload(configuration)
        #expect(try await reasons() == [nil, "revoked", "revoked"])
        door.mcpAuth.replaceRevocations(with: RevocationList())
        try door.mcpAuth.reload(try Self.configuration(issuer, nil))
        #expect(try await reasons() == [nil, nil, nil])
    }

    @Test func `fetched documents are not kept if the rules for fetching change`() async throws {
        let (door, issuer) = try Door.notes()
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        issuer.fetcher.setDown(true)
        var configuration = try Self.configuration(issuer, nil)
        try door.mcpAuth.reload(configuration)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        configuration.dangerouslyAllowHTTP = true
        try door.mcpAuth.reload(configuration)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
        issuer.fetcher.setDown(false)
        configuration.dangerouslyAllowHTTP = false
        try door.mcpAuth.reload(configuration)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    @Test func `fetched documents are not kept if the trusted certificate authorities change`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (door, issuer) = try Door.notes()
        func fetches(with authorities: String) async throws -> Int {
            try folder.write("ca.pem", authorities)
            let before = issuer.fetcher.requests.count
            var configuration = try Self.configuration(issuer, nil)
            configuration.resources[0].authorizationServers[0].caFile = folder.path("ca.pem")
            try door.mcpAuth.reload(configuration)
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
            return issuer.fetcher.requests.count - before
        }
        #expect(try await fetches(with: "one") == 2)
        #expect(try await fetches(with: "one") == 0)
        #expect(try await fetches(with: "two") == 2)
    }

    @Test func `a configuration snapshot that is ready late does not replace a newer one`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let first = try Self.configuration(issuer, Self.requiring("first"))
        let live = try LiveConfiguration(first) { _ in issuer.fetcher }
        // Both are built before one is published, and the older one is published last.
        let second = try live.build(try Self.configuration(issuer, Self.requiring("second")))
        let third = try live.build(try Self.configuration(issuer, Self.requiring("third")))
        live.publish(third)
        live.publish(second)
        #expect(live.current.number == 3)
        let challenge = try await Self.challenge(of: live.engine)
        #expect(challenge?.contains(#"scope="third""#) == true, "\(challenge ?? "")")
    }

    private static func challenge(of engine: AuthorizationEngine) async throws -> String? {
        let request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
        let outcome = await RequestGuard { engine }.check(request, now: NumericDate.now, body: { _ in .bytes([]) })
        guard case .respond(let response, _) = outcome else { return nil }
        return response.head.headerFields[.wwwAuthenticate]
    }

    @Test func `policy tests use the files as they were read, even if the files change meanwhile`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("server.json", Self.server)
        try folder.write("notes.json", Self.requiring("read:notes"))
        try folder.write("notes.test.json", Self.tests)
        let good = try ConfigurationFile(path: folder.path("server.json"), environment: [:])
        try folder.write("notes.json", Self.requiring("write:notes"))
        try await good.runPolicyTests()
        let bad = try ConfigurationFile(path: folder.path("server.json"), environment: [:])
        try folder.write("notes.json", Self.requiring("read:notes"))
        try folder.write("notes.test.json", "{}")
        let error = await #expect(throws: ConfigurationError.self) { try await bad.runPolicyTests() }
        #expect(error?.code == .testFailed)
        #expect(try bad.lintWarnings().isEmpty)
    }

    @Test func `tests that are created after a policy was read are run only after the next reading`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("server.json", Self.server)
        try folder.write("notes.json", Self.requiring("write:notes"))
        let file = try ConfigurationFile(path: folder.path("server.json"), environment: [:])
        try folder.write("notes.test.json", Self.tests)
        try await file.runPolicyTests()
        #expect(file.files.contains(folder.path("notes.test.json")), "a change of it is noticed")
        let next = try ConfigurationFile(path: folder.path("server.json"), environment: [:])
        await #expect(throws: ConfigurationError(.testFailed, "")) { try await next.runPolicyTests() }
    }

    @Test func `the files of a refused configuration are known`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("server.json", Self.server)
        let files = FileSnapshot()
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationFile(path: folder.path("server.json"), environment: [:], files: files)
        }
        #expect(error?.code == .unreadableFile)
        #expect(files.digests[folder.path("notes.json")] == "")
        #expect(files.digests[folder.path("server.json")] == FileSnapshot.currentDigest(of: folder.path("server.json")))
        try folder.write("server.json", "{}")
        #expect(files.digests[folder.path("server.json")] != FileSnapshot.currentDigest(of: folder.path("server.json")))
    }

    @Test func `a configuration whose policy fails its tests is not applied`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("server.json", Self.server)
        try folder.write("notes.json", Self.requiring("read:notes"))
        try folder.write("notes.test.json", Self.tests)
        let file = try ConfigurationFile(path: folder.path("server.json"), environment: [:])
        try await file.runPolicyTests()
        let mcpAuth = try MCPAuth(file.configuration, fetcher: FixtureFetcher([:]))
        try folder.write("notes.json", Self.requiring("write:notes"))
        let error = await #expect(throws: ConfigurationError.self) {
            try await mcpAuth.reload(path: folder.path("server.json"), environment: [:])
        }
        #expect(error?.code == .testFailed)
        #expect(error?.location?.line == 3)
        #expect(mcpAuth.status.generation == 1)
        #expect(mcpAuth.status.lastRefusal?.code == .testFailed)
        try folder.write("notes.json", "{ \"version\": 1, \"required")
        await #expect(throws: ConfigurationError.self) {
            try await mcpAuth.reload(path: folder.path("server.json"), environment: [:])
        }
        try folder.write("notes.json", Self.requiring("read:notes"))
        try await mcpAuth.reload(path: folder.path("server.json"), environment: [:])
        #expect(mcpAuth.status.generation == 2)
    }

    @Test func `a reload from a file has what the application sets in code, and keeps the event handler`() async throws
    {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("server.json", Self.server)
        try folder.write("notes.json", Self.requiring("read:notes"))
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let events = Lock([EngineEvent.Code]())
        let path = folder.path("server.json")
        func restrict(_ configuration: inout MCPAuthConfiguration) {
            configuration.resources[0].transformers = [WithoutScopes()]
        }
        var configuration = try ConfigurationFile(path: path, environment: [:]).configuration
        restrict(&configuration)
        configuration.onEvent = { event in events.withLock { $0.append(event.code) } }
        let mcpAuth = try MCPAuth(configuration, fetcher: issuer.fetcher)
        let resource = configuration.resources[0].metadata.resource
        let door = Door(mcpAuth: mcpAuth, resource: resource, now: NumericDate(1_795_425_000))
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer).status == 403)
        try await mcpAuth.reload(path: path, environment: [:], changing: restrict)
        #expect(try await door.request(authorization: bearer).status == 403)
        #expect(events.withLock { $0.contains(.reloaded) })
        try await mcpAuth.reload(path: path, environment: [:])
        #expect(try await door.request(authorization: bearer).status == 200)
        struct Wrong: Error {}
        await #expect(throws: Wrong.self) {
            try await mcpAuth.reload(path: path, environment: [:], changing: { _ in throw Wrong() })
        }
        #expect(mcpAuth.status.generation == 3 && mcpAuth.status.lastRefusal != nil)
    }

    /// Takes every scope away, as an application would that trusts an issuer for identities only.
    private struct WithoutScopes: ClaimTransformer {
        let name = "without-scopes"

        func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) -> [String: JSON] {
            var claims = claims
            claims["scope"] = []
            return claims
        }
    }

    private static let server = """
        { "version": 1, "issuers": { "main": { "issuer": "https://issuer.example" } },
          "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["main"], "policies": ["notes.json"] } ] }
        """

    private static let tests = """
        { "version": 1, "policy": "notes.json", "fixtures": { "alice": { "sub": "alice", "scope": "read:notes" } },
          "tests": [
            { "name": "a reader reads", "token": "alice", "call": "tools/list", "expect": { "decision": "allow" } } ] }
        """

    private static func requiring(_ scope: String) -> String {
        #"{ "version": 1, "required_scopes": ["\#(scope)"] }"#
    }

    private static func configuration(
        _ issuer: FixtureIssuer,
        _ policy: String?,
        resource: String = "https://api.example.com/notes"
    ) throws -> MCPAuthConfiguration {
        let server = AuthorizationServer(issuer: IssuerIdentifier(issuer.identifier), discovery: .oidc)
        var resource = try ResourceConfiguration(resource, authorizationServers: [server])
        if let policy { resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8)))] }
        return MCPAuthConfiguration(resources: [resource])
    }

    private static func door(_ configuration: MCPAuthConfiguration, _ issuer: FixtureIssuer) throws -> Door {
        Door(
            mcpAuth: try MCPAuth(configuration, fetcher: issuer.fetcher),
            resource: configuration.resources[0].metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }
}

/// A temporary folder for one test.
struct Folder {
    private let root = NSTemporaryDirectory() + "/mcp-auth-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { root + "/" + name }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: root) }
}
