// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
// snippet.begin
import Hummingbird
import HummingbirdTesting
import MCPAuth
import MCPAuthHummingbird
import Testing

/// The resource as the application makes it, with tokens that only tests know in place of an issuer.
func resourceForTests() throws -> MCPAuth {
    let issuer = AuthorizationServer(issuer: "https://auth.example.com/", discovery: .oidc)
    var notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [issuer])
    let scopes = ["reader": "read:notes", "guest": ""]
    notes.verifiers = [
        AttachedVerifier(
            FunctionVerifier("tests") { token, _ in
                guard let scope = scopes[token.dangerouslyRevealed] else { return .notMine() }
                return try .verified(claims: [
                    "sub": "alice", "aud": "https://api.example.com/notes", "exp": 4_102_444_800,
                    "scope": .string(scope),
                ])
            },
            issuer: issuer.issuer
        )
    ]
    return try MCPAuth(protectedResources: [notes])
}

@Test(arguments: [("reader", 200), ("guest", 403), ("nobody", 401)])
func `notes are for readers`(token: String, status: Int) async throws {
    let router = Router(context: BasicMCPAuthRequestContext.self)
    let middleware = try BearerAuthMiddleware<BasicMCPAuthRequestContext>(
        resourceForTests(),
        resource: "https://api.example.com/notes",
        requiredScopes: ["read:notes"]
    )
    router.group("notes").add(middleware: middleware).get("whoami") { _, context in context.authInfo?.subject ?? "" }
    try await Application(router: router).test(.router) { client in
        let headers: HTTPFields = [.authorization: "Bearer \(token)"]
        let response = try await client.execute(uri: "/notes/whoami", method: .get, headers: headers)
        #expect(response.status.code == status)
    }
}
// snippet.end
#endif
