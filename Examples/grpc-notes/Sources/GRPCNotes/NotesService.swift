// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import MCPAuth
import MCPAuthGRPC

/// A service that keeps the notes of each caller, written without generated code.
public actor NotesService: RegistrableRPCService {
    public static let resource = "https://notes.example.com"
    public static let list = MethodDescriptor(fullyQualifiedService: "notes.v1.Notes", method: "List")
    public static let add = MethodDescriptor(fullyQualifiedService: "notes.v1.Notes", method: "Add")

    private var notes: [String: [String]] = [:]

    public init() {}

    /// Who may call which method.
    public static func configuration(trusting server: AuthorizationServer) throws -> MCPAuthConfiguration {
        let policy = try Policy.json([
            "version": 1,
            "rules": [
                [
                    "id": "list", "effect": "allow", "paths": ["/notes.v1.Notes/List"],
                    "scopes": ["all": ["notes:read"]],
                ],
                ["id": "add", "effect": "allow", "paths": ["/notes.v1.Notes/Add"], "scopes": ["all": ["notes:write"]]],
            ],
        ])
        let resource = try ResourceConfiguration(
            resource,
            authorizationServers: [server],
            speaksMCP: false,
            policies: [policy]
        )
        return MCPAuthConfiguration(resources: [resource])
    }

    /// What a server is made with: `GRPCServer(transport:services:interceptors:)`.
    public static func interceptors(_ mcpAuth: MCPAuth) throws -> [any ServerInterceptor] {
        [try AuthorizationInterceptor(mcpAuth, resource: resource)]
    }

    public nonisolated func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(forMethod: Self.list, deserializer: UTF8Text(), serializer: UTF8Text()) { _, _ in
            let notes = await self.notes(of: try caller())
            return StreamingServerResponse { writer in
                try await writer.write(contentsOf: notes)
                return [:]
            }
        }
        router.registerHandler(forMethod: Self.add, deserializer: UTF8Text(), serializer: UTF8Text()) { request, _ in
            let caller = try caller()
            for try await note in request.messages { await self.add(note, of: caller) }
            return StreamingServerResponse { _ in [:] }
        }
    }

    private func notes(of caller: String) -> [String] { notes[caller] ?? [] }

    private func add(_ note: String, of caller: String) { notes[caller, default: []].append(note) }
}

private func caller() throws -> String {
    guard let subject = AuthInfo.current?.subject else { throw RPCError(code: .permissionDenied, message: "no user") }
    return subject
}

/// Messages that are text, where a real service has generated types.
public struct UTF8Text: MessageSerializer, MessageDeserializer {
    public init() {}

    public func serialize<Bytes: GRPCContiguousBytes>(_ message: String) -> Bytes { Bytes(Array(message.utf8)) }

    public func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> String {
        bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
