// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import MCPAuth
internal import MCPAuthCore
internal import ServiceLifecycle

/// The gRPC server that Envoy asks.
package struct ExtAuthzServer: Service {
    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let transport: HTTP2ServerTransport.Posix
    private let listener: ConfigurationFile.Listener
    private let onListening: @Sendable (String) -> Void

    /// The maximum length of a message, in bytes: a body, and the fields of a request.
    private static let longestMessage = ProtectedResource.bodyBytes + 512 * 1024

    package init(
        _ settings: ExtAuthzSettings,
        _ endpoint: ExtAuthzEndpoint,
        onListening: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        listener = settings.listener
        self.onListening = onListening
        let address: GRPCNIOTransportHTTP2Posix.SocketAddress =
            if let path = listener.socketPath {
                .unixDomainSocket(path: path)
            } else if listener.host.contains(":") {
                .ipv6(host: listener.host, port: listener.port)
            } else {
                .ipv4(host: listener.host, port: listener.port)
            }
        transport = HTTP2ServerTransport.Posix(
            address: address,
            transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = Self.longestMessage
                config.connection.maxIdleTime = .seconds(300)
                config.connection.maxGraceTime = .seconds(10)
                config.http2.maxConcurrentStreams = 1024
            }
        )
        server = GRPCServer(transport: transport, services: [ExtAuthzService(endpoint: endpoint)])
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask {
                    _ = try await transport.listeningAddress
                    onListening("\(listener)")
                }
                do { try await group.waitForAll() } catch {
                    throw ConfigurationError(.cannotListen, "cannot serve on \(listener): \(error)")
                }
            }
        } onGracefulShutdown: {
            server.beginGracefulShutdown()
        }
    }
}
#endif
