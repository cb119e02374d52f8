// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP

/// How much memory clients can make a server use: with bodies sent with bad tokens, and garbage sent with a good one.
///
/// Each figure has a limit; the program fails when one is exceeded.
@main
struct BoundsBenchmark {
    static func main() async throws {
        let isWithin = [try await ConnectionFlood.run(), try await BodyGarbage.run()]
        exit(isWithin.allSatisfy(\.self) ? 0 : 1)
    }

    static let resource = "http://127.0.0.1/mcp"
    private static let issuer = "https://issuer.example"

    /// An engine with the resource `http://127.0.0.1/mcp`, whose tokens a function verifies.
    static func mcpAuth() throws -> MCPAuth {
        var resource = try ResourceConfiguration(resource, authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("benchmark") { token, _ in
                    guard token.dangerouslyRevealed == "good" else { return .rejected() }
                    return .verified(
                        try TokenEvidence(
                            parsing: Array(#"{"sub":"alice","aud":"\#(Self.resource)","exp":4102444800}"#.utf8),
                            keptFor: 3600
                        )
                    )
                },
                issuer: IssuerIdentifier(issuer)
            )
        ]
        return try MCPAuth(protectedResources: [resource])
    }
}
#else
@main
struct BoundsBenchmark {
    static func main() {
        print("build it with the trait Hummingbird")
    }
}
#endif
