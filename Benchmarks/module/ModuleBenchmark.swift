// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthModuleHost

/// What a module adds to a decision, and what it takes to wait for a thousand verdicts.
@main
struct ModuleBenchmark {
    private static let resource = "https://api.example.com/mcp"
    /// Many short rounds, because the speed of a processor changes within a second by more than a module adds.
    private static let rounds = 401
    /// The decisions of a round.
    private static let count = 200

    static func main() async throws {
        let path = try libraryPath()
        let library = try ModuleTrial.library(at: path)
        let alone = try server([])
        let withModule = try server([try verifier("nothing", library, usesRequestThread: true)])
        var times: [(alone: Double, module: Double)] = []
        for _ in 0..<rounds {
            times.append((alone: try await microseconds(alone), module: try await microseconds(withModule)))
        }
        let (before, after) = (median(times.map(\.alone)), median(times.map(\.module)))
        let added = median(times.map { $0.module - $0.alone })
        print("median of \(rounds) rounds, processor time, one thread\n")
        print("built-in verifier                         \(text(before)) us")
        print("after a module that says `not mine`       \(text(after)) us, \(text(added)) us more")
        try await thousandCalls(try verifier("later", library))
        let onThread = try server([try verifier("nothing", library)])
        let isolated = try server([try verifier("nothing", try ModuleTrial.isolatedLibrary(at: path))])
        try await waits(withModule, [("on a thread of its own  ", onThread), ("in a process of its own ", isolated)])
    }

    /// The time that one caller waits for a decision, one after the other.
    private static func waits(_ here: MCPAuth, _ others: [(place: String, mcpAuth: MCPAuth)]) async throws {
        var added: [[Double]] = others.map { _ in [] }
        for _ in 0..<rounds {
            let before = try await waited(here)
            for index in others.indices { added[index].append(try await waited(others[index].mcpAuth) - before) }
        }
        for (other, times) in zip(others, added) {
            print("the same module \(other.place)  \(text(median(times))) us more, as a caller waits")
        }
    }

    private static func waited(_ mcpAuth: MCPAuth) async throws -> Double {
        let start = ContinuousClock.now
        _ = try await microseconds(mcpAuth)
        let taken = start.duration(to: .now).components
        return (Double(taken.seconds) * 1e6 + Double(taken.attoseconds) / 1e12) / Double(count)
    }

    /// A thousand calls that a module answers 100 ms later.
    private static func thousandCalls(_ verifier: HostedVerifier) async throws {
        let before = threads
        let start = ContinuousClock.now
        let request = try protectedRequest()
        let most = await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    _ = await verifier.verify(AccessToken(bytes: [1]), of: request, now: .now())
                }
            }
            var most = 0
            for _ in 0..<40 {
                try? await Task.sleep(for: .milliseconds(4))
                most = max(most, threads)
            }
            return most
        }
        let taken = start.duration(to: .now).components
        let milliseconds = Double(taken.seconds) * 1000 + Double(taken.attoseconds) / 1e15
        print("1,000 calls of 100 ms at once             \(Int(milliseconds)) ms, \(most - before) threads more")
    }

    private static func protectedRequest() throws -> ProtectedResourceRequest {
        ProtectedResourceRequest(method: .post, path: try ResourceIdentifier(resource).path)
    }

    private static func verifier(
        _ name: String,
        _ library: ModuleLibrary,
        usesRequestThread: Bool = false
    ) throws -> HostedVerifier {
        var limits = ModuleLimits()
        limits.usesRequestThread = usesRequestThread
        let component = try library.component(.verifier, named: name)
        return try HostedVerifier(
            name: name,
            configuration: ModuleConfiguration([:], of: component) { $0 },
            issuer: "urn:example:module",
            resource: ResourceIdentifier(resource),
            limits: limits,
            secrets: [:],
            onEvent: { print($0) }
        )
    }

    /// A server whose last verifier accepts every token.
    private static func server(_ modules: [HostedVerifier]) throws -> MCPAuth {
        var configuration = try ResourceConfiguration(resource, authorizationServers: [])
        let claims = try TokenEvidence(
            claims: ["sub": "a", "client_id": "c", "aud": .string(resource), "exp": 4_102_444_800]
        )
        configuration.modules = modules.map { AttachedVerifier($0, issuer: "urn:example:module") }
        configuration.verifiers = [
            AttachedVerifier(FunctionVerifier("built-in") { _, _ in .verified(claims) }, issuer: "https://i.example")
        ]
        return try MCPAuth(MCPAuthConfiguration(resources: [configuration]), fetcher: NoFetcher())
    }

    private struct NoFetcher: HTTPFetcher {
        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse { throw FetchError("none") }
    }

    private static func microseconds(_ mcpAuth: MCPAuth) async throws -> Double {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/mcp")
        request.headerFields[.authorization] = "Bearer opaque"
        let start = processorTime()
        for _ in 0..<count {
            guard case .allow = await mcpAuth.authorize(request) else { throw WrongDecision() }
        }
        return (processorTime() - start) / Double(count)
    }

    private struct WrongDecision: Error {}

    private static func processorTime() -> Double {
        Double(clock()) / Double(CLOCKS_PER_SEC) * 1e6
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }

    private static var threads: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
    }

    /// The library beside this program, copied to a directory that only its owner may write.
    private static func libraryPath() throws -> String {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let directory = NSTemporaryDirectory() + "/module-benchmark-\(UUID().uuidString)"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: attributes
        )
        try FileManager.default.copyItem(atPath: program + "/libbenchmark-module.so", toPath: directory + "/module.so")
        try FileManager.default.setAttributes(attributes, ofItemAtPath: directory + "/module.so")
        return directory + "/module.so"
    }
}
