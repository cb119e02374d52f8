// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import MCPAuth
import MCPAuthTesting
import Testing

/// Clients that start to send a body and then stop; FlyingFox is left out, since it cannot end such a wait.
@Suite struct BodyDeadlineTests {
    private static let begun = #"{"jsonrpc":"2.0""#
    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#

    @Test(arguments: [Host.hummingbird, .strictHummingbird, .nio, .strictNIO])
    func `a body that stops arriving ends its connection, and others are served`(host: Host) async throws {
        let configure = { (base: String, server: AuthorizationServer) in
            let resource = try ResourceConfiguration(base + "/notes", authorizationServers: [server])
            var configuration = MCPAuthConfiguration(resources: [resource])
            configuration.bodySeconds = 0.5
            return configuration
        }
        try await RunningHost.run(host, configure) { running in
            let token = try await running.token(for: running.notes)
            let next = Self.request(running, token, Self.ping, length: Self.ping.utf8.count)
            let stalled = [Self.request(running, token, Self.begun, length: 100), next]
            let refused = [Self.request(running, "bad", Self.begun, length: 1_000_000), next]
            async let late = RawClient.exchange(stalled, port: running.port)
            async let unread = RawClient.exchange(refused, port: running.port)
            #expect(try await RawClient.exchange([next], port: running.port).map(\.status) == [200])
            #expect(try await late.map(\.status) == [408])
            #expect(try await late.first?.text.hasPrefix(#"{"error":"request_timeout""#) == true)
            #expect(try await unread.map(\.status) == [401])
        }
    }

    private static func request(_ running: RunningHost, _ token: String, _ body: String, length: Int) -> [UInt8] {
        let head = "POST /notes HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\nAuthorization: Bearer \(token)\r\n"
        let fields = "Content-Type: application/json\r\nContent-Length: \(length)\r\n\r\n"
        return Array((head + fields + body).utf8)
    }
}
#endif
