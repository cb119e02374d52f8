// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if GRPC
import GRPCCore
import GRPCInProcessTransport
import MCPAuth
import MCPAuthGRPC
import MCPAuthTesting
import Testing

/// RPCs with and without good tokens, through a real client and server of grpc-swift.
@Suite struct AuthorizationInterceptorTests {
    private static let resource = "https://api.test"
    private let issuer: TestIssuer

    init() throws {
        issuer = try TestIssuer(audience: Self.resource)
    }

    private func mcpAuth(_ change: (inout ResourceConfiguration) throws -> Void = { _ in }) throws -> MCPAuth {
        let rule: JSON = ["id": "read", "effect": "allow", "paths": ["/echo.Echo/*"], "scopes": ["all": ["echo"]]]
        let closed: JSON = ["id": "closed", "effect": "deny", "paths": ["/echo.Echo/Closed"]]
        var resource = try ResourceConfiguration(
            Self.resource,
            authorizationServers: [issuer.server],
            speaksMCP: false,
            policies: [try .json(["version": 1, "rules": [rule, closed]])]
        )
        try change(&resource)
        return try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: TestFetcher(issuer))
    }

    @Test func `an RPC with a good token reaches the service, which sees the caller`() async throws {
        let token = try issuer.token(subject: "alice", scopes: ["echo"])
        let answer = try await call("Unary", ["authorization": "Bearer \(token)"])
        #expect(answer == ["alice"])
    }

    @Test func `a service that streams answers sees the caller in each of them`() async throws {
        let token = try issuer.token(subject: "bob", scopes: ["echo"])
        #expect(try await call("Stream", ["authorization": "Bearer \(token)"]) == ["bob", "bob", "bob"])
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var method = "Unary"
        var scopes = ["echo"]
        var audience = AuthorizationInterceptorTests.resource
        /// Makes the metadata from a token.
        var metadata: @Sendable (String) -> Metadata = { ["authorization": .string("Bearer \($0)")] }
        let code: RPCError.Code
        var challenge: String?
    }

    static let refusals = [
        Refusal(
            testDescription: "no token",
            metadata: { _ in [:] },
            code: .unauthenticated,
            challenge: #"resource_metadata="https://api.test/.well-known/oauth-protected-resource""#
        ),
        Refusal(
            testDescription: "garbage",
            metadata: { _ in ["authorization": "Bearer garbage"] },
            code: .unauthenticated,
            challenge: #"error="invalid_token""#
        ),
        Refusal(
            testDescription: "for another audience",
            audience: "https://other.test",
            code: .unauthenticated,
            challenge: #"error="invalid_token""#
        ),
        Refusal(
            testDescription: "without the scope",
            scopes: ["other"],
            code: .permissionDenied,
            challenge: #"error="insufficient_scope", scope="echo""#
        ),
        Refusal(testDescription: "a method that the policy denies", method: "Closed", code: .permissionDenied),
        Refusal(
            testDescription: "two tokens",
            metadata: { ["authorization": .string("Bearer \($0)"), "authorization": .string("Bearer other")] },
            code: .invalidArgument,
            challenge: #"error="invalid_request""#
        ),
        Refusal(
            testDescription: "a key in another case is the same key",
            metadata: { ["authorization": .string("Bearer \($0)"), "Authorization": .string("Bearer other")] },
            code: .invalidArgument
        ),
        Refusal(
            testDescription: "a token under a binary key is none",
            metadata: { ["authorization-bin": .binary(Array("Bearer \($0)".utf8))] },
            code: .unauthenticated
        ),
    ]

    @Test(arguments: refusals)
    func `every other RPC ends with a status, and its trailers have the challenge`(_ row: Refusal) async throws {
        let token = try issuer.token(subject: "alice", scopes: row.scopes, audience: row.audience)
        let error = try await #require(throws: RPCError.self) { try await call(row.method, row.metadata(token)) }
        #expect(error.code == row.code)
        let challenge = Array(error.metadata[stringValues: "www-authenticate"])
        if let expected = row.challenge {
            #expect(challenge.count == 1 && challenge[0].contains(expected), "\(challenge)")
        }
        #expect(!error.message.contains(token) && !error.message.contains("alice"))
    }

    @Test func `an issuer that cannot be reached is UNAVAILABLE, with the time to retry`() async throws {
        issuer.setDown(true)
        let token = try issuer.token(subject: "alice", scopes: ["echo"])
        let error = try await #require(throws: RPCError.self) {
            try await call("Unary", ["authorization": .string("Bearer \(token)")])
        }
        #expect(error.code == .unavailable)
        let seconds = try #require(error.metadata[stringValues: "retry-after"].first { _ in true }.flatMap { Int($0) })
        #expect(Array(error.metadata[stringValues: "grpc-retry-pushback-ms"]) == ["\(seconds * 1000)"])
    }

    @Test func `a stream ends when the token of its caller expires`() async throws {
        let server = AuthorizationServer(issuer: issuer.server.issuer, discovery: issuer.server.discovery, leeway: 0)
        let mcpAuth = try mcpAuth { $0.authorizationServers = [server] }
        let token = try issuer.token(subject: "alice", scopes: ["echo"], lifetime: 2)
        let error = try await #require(throws: RPCError.self) {
            try await call("Endless", ["authorization": .string("Bearer \(token)")], mcpAuth)
        }
        #expect(error.code == .unauthenticated)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["Stubborn", "Idle"])
    func `neither a service that heeds no cancellation nor a client that sends nothing outlives the token`(
        method: String
    ) async throws {
        let server = AuthorizationServer(issuer: issuer.server.issuer, discovery: issuer.server.discovery, leeway: 0)
        let mcpAuth = try mcpAuth { $0.authorizationServers = [server] }
        let token = try issuer.token(subject: "alice", scopes: ["echo"], lifetime: 2)
        let error = try await #require(throws: RPCError.self) {
            try await call(method, ["authorization": .string("Bearer \(token)")], mcpAuth, isIdle: method == "Idle")
        }
        #expect(error.code == .unauthenticated)
    }

    @Test func `a resource that speaks MCP or does not exist is a configuration error`() throws {
        let mcpAuth = try mcpAuth { $0.speaksMCP = true }
        #expect(throws: ConfigurationError.self) { try AuthorizationInterceptor(mcpAuth, resource: Self.resource) }
        #expect(throws: ConfigurationError.self) { try AuthorizationInterceptor(mcpAuth, resource: "https://x.test") }
    }

    /// - Parameter isIdle: Whether the client sends no message, and does not end its stream for a while.
    private func call(
        _ method: String,
        _ metadata: Metadata,
        _ mcpAuth: MCPAuth? = nil,
        isIdle: Bool = false
    ) async throws -> [String] {
        let interceptor = try AuthorizationInterceptor(try mcpAuth ?? self.mcpAuth(), resource: Self.resource)
        let transport = InProcessTransport()
        let server = GRPCServer(transport: transport.server, services: [Echo()], interceptors: [interceptor])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            defer { server.beginGracefulShutdown() }
            return try await withGRPCClient(transport: transport.client) { client in
                try await client.bidirectionalStreaming(
                    request: StreamingClientRequest(metadata: metadata) { writer in
                        if isIdle { try await Task.sleep(for: .seconds(30)) } else { try await writer.write([]) }
                    },
                    descriptor: MethodDescriptor(fullyQualifiedService: "echo.Echo", method: method),
                    serializer: Bytes(),
                    deserializer: Bytes(),
                    options: .defaults
                ) { response in
                    var names: [String] = []
                    for try await message in response.messages {
                        names.append(String(decoding: message, as: UTF8.self))
                    }
                    return names
                }
            }
        }
    }
}

/// Answers with the subject of its caller: once, three times, or without end.
///
/// `Stubborn` goes on when its task is
/// cancelled, and `Idle` waits for all messages of the client before it answers.
private struct Echo: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        for (method, count) in [("Unary", 1), ("Stream", 3), ("Endless", Int.max), ("Closed", 1)] {
            router.registerHandler(
                forMethod: MethodDescriptor(fullyQualifiedService: "echo.Echo", method: method),
                deserializer: Bytes(),
                serializer: Bytes()
            ) { _, _ in
                StreamingServerResponse { writer in
                    for number in 0..<count {
                        if number > 0 { try await Task.sleep(for: .milliseconds(20)) }
                        try await writer.write(Array((AuthInfo.current?.subject ?? "nobody").utf8))
                    }
                    return [:]
                }
            }
        }
        router.registerHandler(forMethod: Self.method("Stubborn"), deserializer: Bytes(), serializer: Bytes()) {
            _,
            context in
            StreamingServerResponse { writer in
                while !context.cancellation.isCancelled {
                    try await writer.write([])
                    try? await Task.sleep(for: .milliseconds(20))
                }
                return [:]
            }
        }
        router.registerHandler(forMethod: Self.method("Idle"), deserializer: Bytes(), serializer: Bytes()) {
            request,
            _ in
            for try await _ in request.messages {}
            return StreamingServerResponse { _ in [:] }
        }
    }

    private static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: "echo.Echo", method: name)
    }
}

private struct Bytes: MessageSerializer, MessageDeserializer {
    func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }

    func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}
#endif
