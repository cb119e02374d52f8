// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthTesting
import Testing

/// The table of requests for hosts, without a host.
@Suite struct HostConformanceTests {
    private static let base = "http://127.0.0.1:8080"

    @Test func `the table has at least two hundred requests, each with a name of its own`() {
        let names = HostConformance.rows.map(\.description)
        #expect(names.count >= 200)
        #expect(Set(names).count == names.count, "\(Dictionary(grouping: names) { $0 }.filter { $1.count > 1 }.keys)")
        #expect(HostConformance.topics.allSatisfy { $0.rows.count >= 10 })
    }

    @Test(arguments: [false, true])
    func `every request that is not about bytes gets its answer from the guard alone`(ignoresCase: Bool) async throws {
        let issuer = try TestIssuer(audience: Self.base)
        let mcpAuth = try Self.mcpAuth(issuer)
        let kit = Self.kit(issuer, ignoresCase: ignoresCase)
        for row in HostConformance.rows where !row.isAboutBytes { try await kit.check(row, inMemory: mcpAuth) }
    }

    @Test func `a server whose policies allow every caller everything is found`() async throws {
        let failures = try await Self.failures { configuration in
            for index in configuration.resources.indices { configuration.resources[index].policies = [] }
        }
        #expect(failures.contains("a call of another tool is denied"))
        #expect(failures.contains("a denied page is denied"))
    }

    @Test func `a server that accepts the tokens of another resource is found`() async throws {
        let failures = try await Self.failures { configuration in
            for index in configuration.resources.indices {
                configuration.resources[index].audiences = ["/notes", "/notes/admin", "/calendar"].map {
                    Self.base + $0
                }
            }
        }
        #expect(failures.contains("the token of another resource is invalid"))
        #expect(failures.contains("an inner resource needs its own token"))
    }

    @Test func `a server without one of the resources is found`() async throws {
        let failures = try await Self.failures {
            $0.resources.removeAll { $0.metadata.resource.description.hasSuffix("/admin") }
        }
        #expect(failures.contains("an inner resource has its own metadata"))
    }

    /// The rows that fail with another configuration.
    private static func failures(_ change: (inout MCPAuthConfiguration) -> Void) async throws -> Set<String> {
        let issuer = try TestIssuer(audience: base)
        var configuration = try HostConformance.configuration(base: base, server: issuer.server)
        change(&configuration)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        var failures: Set<String> = []
        for row in HostConformance.rows where !row.isAboutBytes {
            do { try await kit(issuer).check(row, inMemory: mcpAuth) } catch { failures.insert(row.description) }
        }
        return failures
    }

    private static func mcpAuth(_ issuer: TestIssuer) throws -> MCPAuth {
        let configuration = try HostConformance.configuration(base: base, server: issuer.server)
        return try MCPAuth(configuration, fetcher: TestFetcher(issuer))
    }

    private static func kit(_ issuer: TestIssuer, ignoresCase: Bool = false) -> HostConformance {
        HostConformance(port: 8080, ignoresCase: ignoresCase) { try issuer.token(scopes: ["s"], audience: $0) }
    }
}
