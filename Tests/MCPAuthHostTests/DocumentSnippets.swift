// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import Foundation
import Hummingbird
import MCPAuth
import MCPAuthHummingbird
import MCPAuthNIO
import MCPAuthTesting
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The short code blocks of the documents, each inside a function, so that the compiler checks them.
enum DocumentSnippets {
    static func gettingStarted() async throws {
        let file = try ConfigurationFile(path: "server.json", environment: ProcessInfo.processInfo.environment)
        try await file.runPolicyTests()
        let mcpAuth = try MCPAuth(file.configuration)
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.group("notes")
            .add(middleware: BearerAuthMiddleware(mcpAuth))
    }

    static func migration(_ lookUp: @escaping @Sendable (String) async throws -> Key?) throws {
        let server = AuthorizationServer(
            issuer: "https://auth.example.com",
            discovery: .oauth,
            leeway: 10,
            claims: ClaimMapping(scope: ["permissions"])
        )
        var notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        notes.verifiers = [
            AttachedVerifier(
                FunctionVerifier("api keys") { token, _ in
                    guard let key = try await lookUp(token.dangerouslyRevealed) else { return .notMine() }
                    return try .verified(claims: [
                        "sub": .string(key.owner), "aud": "https://api.example.com/notes", "exp": .integer(key.end),
                        "scope": .string(key.scope),
                    ])
                },
                issuer: "urn:example:keys"
            )
        ]
        let mcpAuth = try MCPAuth(protectedResources: [notes])
        _ = mcpAuth
    }

    struct Key: Sendable {
        let owner: String
        let scope: String
        let end: Int64
    }

    static func writeAnAdapter(_ issuer: TestIssuer, port: Int) async throws {
        let kit = HostConformance(port: port) { try issuer.token(scopes: ["s"], audience: $0) }
        for row in HostConformance.rows { try await kit.check(row) }
    }
}
#endif
