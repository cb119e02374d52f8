// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import FlyingSocks
import MCPAuthCore

/// A server on this machine that runs for the duration of a test.
enum LoopbackServer {
    static func serving(
        _ handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse,
        _ body: (HTTPURL) async throws -> Void
    ) async throws {
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: 0),
            logger: .disabled,
            handler: ClosureHTTPHandler(handler)
        )
        let running = Task { try await server.run() }
        try await server.waitUntilListening(timeout: 30)
        guard case .ip4(_, let port)? = await server.listeningAddress,
            let url = HTTPURL("http://127.0.0.1:\(port)/document")
        else { throw CancellationError() }
        try await body(url)
        await server.stop(timeout: 0)
        running.cancel()
    }
}
#endif
