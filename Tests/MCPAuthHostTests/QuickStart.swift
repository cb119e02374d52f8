// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
// snippet.begin
import Hummingbird
import MCPAuth
import MCPAuthHummingbird

func quickStart() async throws {
    // 1. Name an authorization server, and the resource that trusts it.
    let issuer = AuthorizationServer(issuer: "https://auth.example.com/", discovery: .oidc)
    let resource = "https://api.example.com/notes"
    let notes = try ResourceConfiguration(
        resource,
        authorizationServers: [issuer],
        scopesSupported: ["read:notes", "write:notes"]
    )
    let mcpAuth = try MCPAuth(protectedResources: [notes])
    // 2. Serve the metadata of the resource.
    let router = Router(context: BasicMCPAuthRequestContext.self)
    router.addProtectedResourceMetadata(mcpAuth)
    // 3. Protect its routes, and 4. read who is calling.
    try router.group("notes")
        .add(middleware: BearerAuthMiddleware(mcpAuth, resource: resource, requiredScopes: ["read:notes"]))
        .get("whoami") { _, context in context.authInfo?.subject ?? "nobody" }

    try await Application(router: router).runService()
}
// snippet.end
#endif
