// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuthJSON

/// Plays every scenario of the demonstration against the running servers and checks the responses.
struct DemoCheck {
    private let demo: DemoServer
    private let client: DemoClient

    /// - Throws: ``CommandFailure`` at the first unexpected response.
    static func run(_ demo: DemoServer) async throws {
        try await DemoClient.use { try await DemoCheck(demo: demo, client: $0).play() }
    }

    private func play() async throws {
        let notes = "\(demo.base)/notes"
        let calendar = "\(demo.base)/calendar"

        let challenged = try await client.call(notes, "initialize")
        try expect("call without a token", challenged, 401)
        guard let metadataURL = challenged.challenge("resource_metadata"), challenged.challenge("error") == nil,
            let firstScope = challenged.challenge("scope")
        else { throw CommandFailure(ProgramExit.unexpected, "the challenge names no metadata or scope") }

        let metadata = try await client.get(metadataURL)
        try expect("protected resource metadata", metadata, 200)
        guard let issuer = metadata.body?["authorization_servers"]?[0]?.string else {
            throw CommandFailure(ProgramExit.unexpected, "the metadata names no authorization server")
        }
        let discovered = try await client.get("\(issuer)/.well-known/oauth-authorization-server")
        try expect("authorization server metadata", discovered, 200)
        guard let server = discovered.body, let registration = server["registration_endpoint"]?.string else {
            throw CommandFailure(ProgramExit.unexpected, "the authorization server offers no registration")
        }
        let registered = try await client.post(
            registration,
            json: [
                "client_name": "demo", "redirect_uris": [.string(DemoClient.redirectURI)],
                "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
            ]
        )
        try expect("client registration", registered, 201)
        guard let clientID = registered.body?["client_id"]?.string else {
            throw CommandFailure(ProgramExit.unexpected, "the registration gave no client identifier")
        }

        let reader = try await client.authorize(server, clientID: clientID, scope: firstScope, resource: notes)
        try expect("authorization with PKCE, scope \(firstScope)", reader.redirect, 302)
        try expect("token for \(notes)", reader.answer, 200)
        try expect("initialize", try await client.call(notes, "initialize", authorization: bearer(reader.token)), 200)
        try expect("tools/list", try await client.call(notes, "tools/list", authorization: bearer(reader.token)), 200)
        try expect("list_notes", try await tool("list_notes", notes, reader.token), 200)

        try await playNewestRevision(notes, reader.token)

        let refused = try await tool("create_note", notes, reader.token)
        try expect("create_note with \(firstScope) only", refused, 403)
        guard refused.challenge("error") == "insufficient_scope", let more = refused.challenge("scope") else {
            throw CommandFailure(ProgramExit.unexpected, "the challenge does not name the missing scope")
        }
        let both = Self.union(firstScope, more)
        let writer = try await client.authorize(server, clientID: clientID, scope: both, resource: notes)
        try expect("step-up to \(both)", writer.answer, 200)
        try expect("create_note after the step-up", try await tool("create_note", notes, writer.token), 200)

        try expect("the token for notes at calendar", try await tool("list_events", calendar, writer.token), 401)
        try expect(
            "a changed token",
            try await tool("list_notes", notes, String(writer.token.dropLast(4)) + "AAAA"),
            401
        )
        let twice = bearer(writer.token) + bearer(writer.token)
        try expect("two Authorization fields", try await client.call(notes, "ping", authorization: twice), 400)

        try await playGuestbook(server, clientID)

        guard let tokenEndpoint = server["token_endpoint"]?.string else { return }
        let robot = try await client.post(
            tokenEndpoint,
            form: [("grant_type", "client_credentials"), ("scope", "read:calendar"), ("resource", calendar)],
            basic: "robot:robot-secret"
        )
        try expect("client credentials for an opaque token", robot, 200)
        let opaque = robot.body?["access_token"]?.string ?? ""
        try expect("list_events by introspection", try await tool("list_events", calendar, opaque), 200)
        try expect("create_event with read:calendar only", try await tool("create_event", calendar, opaque), 403)

        try expect("list_notes with the C module's token", try await tool("list_notes", notes, demo.hmacToken), 200)
        let forged = String(demo.hmacToken.dropLast(4)) + "0000"
        try expect("a forged token of the C module", try await tool("list_notes", notes, forged), 401)
        let expected = try await client.get("\(demo.base)/elsewhere")
        try expect("a path without a resource", expected, 404)
    }

    /// The revision without sessions: every request names its revision, in a field and in the body.
    private func playNewestRevision(_ url: String, _ token: String) async throws {
        let newest = MCPRevision.newest.rawValue
        let call = { (method: String, parameters: [String: JSON], revision: String) in
            try await client.call(url, method, parameters, revision: revision, authorization: bearer(token))
        }
        let discovered = try await call("server/discover", [:], newest)
        try expect("server/discover in revision \(newest)", discovered, 200)
        guard discovered.body?["result"]?["supportedVersions"]?.array?.first?.string == newest else {
            throw CommandFailure(ProgramExit.unexpected, "server/discover does not name \(newest)")
        }
        try expect("tools/list in revision \(newest)", try await call("tools/list", [:], newest), 200)
        try expect(
            "list_notes in revision \(newest)",
            try await call("tools/call", ["name": "list_notes"], newest),
            200
        )
        try expect("ping, which that revision does not have", try await call("ping", [:], newest), 404)
        try expect("a revision that does not exist", try await call("tools/list", [:], "1900-01-01"), 400)
    }

    /// The server that anyone may read: it asks for a token only when the caller wants to write.
    private func playGuestbook(_ server: JSONView, _ clientID: String) async throws {
        let guestbook = "\(demo.base)/guestbook"
        try expect("initialize without a token", try await client.call(guestbook, "initialize"), 200)
        try expect("list_entries without a token", try await tool("list_entries", guestbook, nil), 200)
        let refused = try await tool("sign_guestbook", guestbook, nil)
        try expect("sign_guestbook without a token", refused, 401)
        guard let scope = refused.challenge("scope") else {
            throw CommandFailure(ProgramExit.unexpected, "the challenge does not name the missing scope")
        }
        let signer = try await client.authorize(server, clientID: clientID, scope: scope, resource: guestbook)
        try expect("token for \(guestbook)", signer.answer, 200)
        try expect("sign_guestbook", try await tool("sign_guestbook", guestbook, signer.token), 200)

        let results = "\(guestbook)/results"
        let answered = try await tool("sign_guestbook", results, nil)
        try expect("sign_guestbook at \(results), the challenge in its result", answered, 200)
        guard let result = answered.body?["result"], result["isError"]?.boolean == true,
            let challenge = result["_meta"]?["mcp/www_authenticate"]?[0]?.string,
            challenge.contains("scope=\"\(scope)\""),
            challenge.contains("oauth-protected-resource/guestbook/results\"")
        else { throw CommandFailure(ProgramExit.unexpected, "the result has no challenge for \(results)") }
        Output.line("        \(challenge)")
    }

    private func tool(_ name: String, _ url: String, _ token: String?) async throws -> DemoClient.Answer {
        let parameters: [String: JSON] = [
            "name": .string(name), "arguments": ["text": "call home", "title": "call home"],
        ]
        return try await client.call(url, "tools/call", parameters, authorization: token.map { bearer($0) } ?? [])
    }

    /// The scopes of both texts, each once: a client requests what it needs now in addition to what it has.
    private static func union(_ granted: String, _ needed: String) -> String {
        let granted = granted.split(separator: " ")
        let others = needed.split(separator: " ").filter { !granted.contains($0) }
        return (granted + others).joined(separator: " ")
    }

    private func bearer(_ token: String) -> [String] {
        ["Bearer \(token)"]
    }

    private func expect(_ step: String, _ answer: DemoClient.Answer, _ status: Int) throws {
        let challenge = answer.field("www-authenticate").map { "\n        \($0)" } ?? ""
        Output.line("  \(answer.status == status ? "ok  " : "FAIL") \(answer.status)  \(step)\(challenge)")
        guard answer.status == status else {
            throw CommandFailure(ProgramExit.unexpected, "\(step): expected \(status), got \(answer.status)")
        }
    }
}
#endif
