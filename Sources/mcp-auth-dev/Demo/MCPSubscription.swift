// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import HTTPTypes
internal import Hummingbird
internal import MCPAuth
internal import MCPAuthJSON
internal import ServiceLifecycle

/// The stream that `subscriptions/listen` opens (MCP 2026-07-28, Subscriptions).
///
/// The tools of the demonstration never change, so no notification is supported, as the first event states. The stream
/// ends when the token that opened it expires, if there was one, when the server stops, or when the client disconnects.
struct MCPSubscription: Sendable {
    let id: JSON
    let server: JSON
    /// `nil` for a caller without a token.
    let expiresAt: NumericDate?

    var response: Response {
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache, no-transform"]
        // Otherwise proxies such as nginx would buffer events.
        HTTPField.Name("X-Accel-Buffering").map { headers[$0] = "no" }
        return Response(status: .ok, headers: headers, body: ResponseBody { try await write(to: &$0) })
    }

    @concurrent
    private func write(to writer: inout any ResponseBodyWriter) async throws {
        let meta: JSON = ["io.modelcontextprotocol/subscriptionId": id]
        try await writer.write(
            Self.event([
                "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                "params": ["_meta": meta, "notifications": [:]],
            ])
        )
        while case let seconds = min(Self.pause, secondsLeft), seconds > 0 {
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(seconds)) }
            } catch is CancellationError {
                break
            }
            try await writer.write(ByteBuffer(string: ": nothing has changed\n\n"))
        }
        let closing: JSON = [
            "io.modelcontextprotocol/subscriptionId": id, "io.modelcontextprotocol/serverInfo": server,
        ]
        try await writer.write(
            Self.event(["jsonrpc": "2.0", "id": id, "result": ["resultType": "complete", "_meta": closing]])
        )
        try await writer.finish(nil)
    }

    private var secondsLeft: Double {
        guard let expiresAt else { return .infinity }
        return expiresAt.secondsSinceEpoch - NumericDate.now().secondsSinceEpoch
    }

    /// Seconds between comments, which keep proxies from closing the connection as idle.
    private static let pause = 15.0

    private static func event(_ message: JSON) -> ByteBuffer {
        ByteBuffer(string: "event: message\ndata: \(String(decoding: message.encoded(), as: UTF8.self))\n\n")
    }
}
#endif
