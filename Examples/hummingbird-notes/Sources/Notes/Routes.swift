// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MCPAuth
import MCPAuthHummingbird

/// What the handlers read from a token.
struct Member: Decodable {
    let tenant: String
    let roles: [String]?
}

/// Keeps the notes of each tenant.
public actor NoteStore {
    private var notes: [String: [String]] = [:]

    public init() {}

    func all(of tenant: String) -> [String] { notes[tenant] ?? [] }

    func add(_ note: String, to tenant: String) { notes[tenant, default: []].append(note) }

    func erase(_ tenant: String) { notes[tenant] = nil }
}

/// The routes of the application.
///
/// Each one works on the tenant in the token, never on one that the request names.
public func notesRouter(
    _ mcpAuth: MCPAuth,
    _ store: NoteStore = NoteStore()
) throws -> Router<BasicMCPAuthRequestContext> {
    let router = Router(context: BasicMCPAuthRequestContext.self)
    router.addProtectedResourceMetadata(mcpAuth)
    let api = router.group("api").add(middleware: try BearerAuthMiddleware(mcpAuth, resource: Protection.resource))
    api.get("notes") { _, context in try await store.all(of: context.member.tenant) }
    api.post("notes") { request, context in
        let note = String(buffer: try await request.body.collect(upTo: 4096))
        try await store.add(note, to: context.member.tenant)
        return HTTPResponse.Status.created
    }
    api.delete("notes") { _, context in
        try await store.erase(context.member.tenant)
        return HTTPResponse.Status.noContent
    }
    api.get("me") { _, context in
        let member = try context.member
        let roles = member.roles?.joined(separator: " ") ?? ""
        return "\(context.authInfo?.subject ?? "") \(member.tenant) \(roles)"
    }
    return router
}

extension BasicMCPAuthRequestContext {
    /// The claims that the application uses, in its own type.
    var member: Member {
        get throws {
            guard let authInfo else { throw HTTPError(.internalServerError) }
            return try authInfo.claims.decode(Member.self)
        }
    }
}
