// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdTesting
import MCPAuth
import MCPAuthTesting
import Notes
import Testing

/// The application with an issuer in memory: real tokens, real routes, no network and no port.
@Suite struct NotesTests {
    private let issuer: TestIssuer
    private let mcpAuth: MCPAuth

    init() throws {
        issuer = try TestIssuer(audience: Protection.resource)
        let configuration = try Protection.configuration(
            trusting: issuer.server,
            jobs: ["job_1": .init(tenant: "acme", end: 4_102_444_800)]
        )
        mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
    }

    @Test func `a member reads and writes the notes of the tenant in the token`() async throws {
        let ada = try token("ada", tenant: "acme", scopes: ["notes:write"])
        let bob = try token("bob", tenant: "other", scopes: ["notes:read"])
        try await client { client in
            let written = try await client.send(.post, "/api/notes", ada, "hello")
            #expect(written.status == .created)
            #expect(try await client.send(.get, "/api/notes", ada).text == #"["hello"]"#)
            #expect(try await client.send(.get, "/api/notes", bob).text == "[]")
            #expect(try await client.send(.get, "/api/notes", "job_1").text == #"["hello"]"#)
        }
    }

    @Test func `roles come from where Keycloak writes them`() async throws {
        let roles: JSON = ["roles": ["admin", "staff"]]
        let admin = try token("root", tenant: "acme", claims: ["realm_access": roles])
        let user = try token("ada", tenant: "acme", scopes: ["notes:write"])
        try await client { client in
            let erased = try await client.send(.delete, "/api/notes", admin)
            #expect(erased.status == .noContent)
            #expect(try await client.send(.delete, "/api/notes", user).status == .forbidden)
            let reader = try token("eve", tenant: "acme", scopes: ["notes:read"], claims: ["realm_access": roles])
            #expect(try await client.send(.get, "/api/me", reader).text == "eve acme admin staff")
        }
    }

    @Test func `others are refused, and told what would help`() async throws {
        let reader = try token("ada", tenant: "acme", scopes: ["notes:read"])
        let stray = try issuer.token(scopes: ["notes:read"])
        try await client { client in
            let none = try await client.send(.get, "/api/notes", nil)
            #expect(none.status == .unauthorized)
            let few = try await client.send(.post, "/api/notes", reader, "x")
            #expect(few.status == .forbidden)
            #expect(few.headers[.wwwAuthenticate]?.contains(#"scope="notes:write""#) == true)
            #expect(try await client.send(.get, "/api/notes", stray).status == .forbidden)
            #expect(try await client.send(.get, "/api/notes", "job_2").status == .unauthorized)
        }
    }

    private func token(
        _ subject: String,
        tenant: String,
        scopes: [String] = [],
        claims: [String: JSON] = [:]
    ) throws -> String {
        try issuer.token(subject: subject, scopes: scopes, claims: claims.merging(["tenant": .string(tenant)]) { $1 })
    }

    private func client(_ body: @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        try await Application(router: try notesRouter(mcpAuth)).test(.router, body)
    }
}

extension TestClientProtocol {
    fileprivate func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ token: String?,
        _ body: String? = nil
    ) async throws -> TestResponse {
        let headers: HTTPFields = token.map { [.authorization: "Bearer \($0)"] } ?? [:]
        return try await execute(uri: path, method: method, headers: headers, body: body.map(ByteBuffer.init(string:)))
    }
}

extension TestResponse {
    fileprivate var text: String { String(buffer: body) }
}
