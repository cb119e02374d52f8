// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthTesting
import NIOAdapter
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct HostTests {
    @Test func `the adapter answers every request of the host kit`() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try ProtectedConnection.Channel(wrappingChannelSynchronously: channel)
                }
            }
        let port = try #require(server.channel.localAddress?.port)
        let base = "http://127.0.0.1:\(port)"
        let issuer = try TestIssuer(audience: base + "/notes")
        let configuration = try HostConformance.configuration(base: base, server: issuer.server)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        let connection = ProtectedConnection(mcpAuth, handler: { Self.answer($0, $1) })
        let serving = Task {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await channel in connections {
                        group.addTask { try? await connection.serve(channel) }
                    }
                }
            }
        }
        defer { serving.cancel() }
        let kit = HostConformance(port: port) { try issuer.token(scopes: ["s"], audience: $0) }
        for row in HostConformance.rows { try await kit.check(row) }
    }

    /// The response that the kit expects from handlers: the caller, the resource and the number of body bytes.
    @Sendable private static func answer(_ head: HTTPRequestHead, _ body: [UInt8]) -> ProtectedConnection.Answer {
        let subject = AuthInfo.current?.subject ?? "nobody"
        if head.uri.contains("?parts=") {
            let count = head.uri.split(separator: "=").last.flatMap { Int($0) } ?? 0
            let event = "data: \(subject)\n\n"
            let part = event + String(repeating: " ", count: 8191 - event.utf8.count) + "\n"
            let type = head.uri.contains("/events?") ? "text/event-stream" : "application/octet-stream"
            return .init(headers: ["content-type": type], body: Array(String(repeating: part, count: count).utf8))
        }
        return .init(body: Array("\(subject) \(AuthInfo.current?.resource.description ?? "") \(body.count)".utf8))
    }
}
