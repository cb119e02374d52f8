// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCInProcessTransport
import GRPCNotes
import MCPAuth
import MCPAuthTesting
import Testing

/// The service behind the interceptor, with a real gRPC client and server and an issuer in memory.
@Suite struct NotesServiceTests {
    @Test func `a caller adds and lists its own notes, and others are refused with a challenge`() async throws {
        let issuer = try TestIssuer(audience: NotesService.resource)
        let configuration = try NotesService.configuration(trusting: issuer.server)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        let transport = InProcessTransport()
        let server = GRPCServer(
            transport: transport.server,
            services: [NotesService()],
            interceptors: try NotesService.interceptors(mcpAuth)
        )
        let ada = try issuer.token(subject: "ada", scopes: ["notes:read", "notes:write"])
        let bob = try issuer.token(subject: "bob", scopes: ["notes:read"])
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await server.serve() }
            defer { server.beginGracefulShutdown() }
            try await withGRPCClient(transport: transport.client) { client in
                _ = try await call(NotesService.add, "hello", ada, client)
                #expect(try await call(NotesService.list, "", ada, client) == ["hello"])
                #expect(try await call(NotesService.list, "", bob, client) == [])
                let few = await #expect(throws: RPCError.self) { try await call(NotesService.add, "x", bob, client) }
                #expect(few?.code == .permissionDenied)
                let challenge = few.map { Array($0.metadata[stringValues: "www-authenticate"]) }
                #expect(challenge?.first?.contains(#"scope="notes:write""#) == true)
                let none = await #expect(throws: RPCError.self) { try await call(NotesService.list, "", nil, client) }
                #expect(none?.code == .unauthenticated)
            }
        }
    }

    private func call(
        _ method: MethodDescriptor,
        _ message: String,
        _ token: String?,
        _ client: GRPCClient<InProcessTransport.Client>
    ) async throws -> [String] {
        let metadata: Metadata = token.map { ["authorization": .string("Bearer \($0)")] } ?? [:]
        return try await client.serverStreaming(
            request: ClientRequest(message: message, metadata: metadata),
            descriptor: method,
            serializer: UTF8Text(),
            deserializer: UTF8Text(),
            options: .defaults
        ) { response in
            var messages: [String] = []
            for try await message in response.messages { messages.append(message) }
            return messages
        }
    }
}
