// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// How much memory remembered tokens take.
enum CacheMemory {
    /// The growth of this process, in MiB, while `entries` different tokens are accepted and remembered.
    static func megabytes(entries: Int) async throws -> Double {
        var resource = try ResourceConfiguration(Fixtures.resource, authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("benchmark") { token, _ in
                    let number = Int(token.dangerouslyRevealed) ?? 0
                    return .verified(
                        try TokenEvidence(
                            parsing: Array(
                                (String(decoding: Fixtures.largeClaims(number).encoded(), as: UTF8.self)).utf8
                            ),
                            keptFor: 3600
                        )
                    )
                },
                issuer: "https://issuer.example"
            )
        ]
        // Twice the capacity, so that no shard evicts because its share of the keys is above the average.
        let mcpAuth = try MCPAuth(
            MCPAuthConfiguration(resources: [resource], tokenCacheCapacity: 2 * entries),
            fetcher: StaticFetcher([])
        )
        let before = residentMegabytes()
        for number in 0..<entries {
            guard case .allow = await mcpAuth.authorize(Decisions.request(String(number))) else {
                throw Subject.WrongDecision()
            }
        }
        let grown = residentMegabytes() - before
        guard mcpAuth.tokenCacheStatistics.entries == entries else { throw Subject.WrongDecision() }
        return grown
    }

    /// The resident set of this process (Linux).
    private static func residentMegabytes() -> Double {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * 4096 / 1_048_576 : 0
    }
}
