// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthNIO
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// The gRPC server that Envoy asks.
package struct ExtAuthzServer: Service {
    private let server: GRPCServer<HTTP2ServerTransport.Posix>
    private let transport: HTTP2ServerTransport.Posix
    private let listener: ConfigurationFile.Listener
    private let onListening: @Sendable (String) -> Void

    /// The maximum length of a message, in bytes: a body, and the fields of a request.
    private static let longestMessage = ProtectedResource.bodyBytes + 512 * 1024

    /// How long a connection may be idle before it is told to end, in seconds; then it has 30 s more.
    private static let idleSeconds = 300.0

    /// - Parameter report: Reports a connection from an address that is not trusted.
    init(
        _ settings: ExtAuthzSettings,
        _ endpoint: ExtAuthzEndpoint,
        limits: ListenerLimits,
        report: @escaping HTTP1Codec.RefusalReport,
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
        var limits = limits
        limits.connection.idleSeconds = Self.idleSeconds + 30
        let admission = GRPCAdmission(settings, limits, report)
        transport = HTTP2ServerTransport.Posix(
            address: address,
            transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = Self.longestMessage
                config.connection.maxIdleTime = .seconds(Int64(Self.idleSeconds))
                config.connection.maxGraceTime = .seconds(10)
                config.http2.maxConcurrentStreams = 128
                config.channelDebuggingCallbacks.onAcceptTCPConnection = admission.admit
            }
        )
        server = GRPCServer(transport: transport, services: [ExtAuthzService(endpoint: endpoint)])
    }

    package func run() async throws {
        let isEnding = Flag()
        // Not waited for: the address is never known if the server ends before it listens.
        let listening = Task {
            guard (try? await transport.listeningAddress) != nil else { return }
            onListening("\(listener)")
        }
        defer { listening.cancel() }
        try await withGracefulShutdownHandler {
            do { try await server.serve() } catch {
                // One that was told to end before it listens says so with an error.
                guard !isEnding.isRaised else { return }
                throw ConfigurationError(.cannotListen, "cannot serve on \(listener): \(error)")
            }
        } onGracefulShutdown: {
            isEnding.raise()
            server.beginGracefulShutdown()
        }
    }
}

/// Lets only trusted proxies connect, and not too many connections; each has a life like those of HTTP.
private final class GRPCAdmission: Sendable {
    private let settings: ExtAuthzSettings
    private let limits: ListenerLimits
    private let report: HTTP1Codec.RefusalReport
    private let open = Atomic<Int>(0)

    init(
        _ settings: ExtAuthzSettings,
        _ limits: ListenerLimits,
        _ report: @escaping HTTP1Codec.RefusalReport
    ) {
        self.settings = settings
        self.limits = limits
        self.report = report
    }

    @Sendable func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
        let address = channel.peerAddress
        guard settings.trustedProxies.trusts(address) else {
            _ = report(ProxyGuard.untrusted(address ?? ""))
            return refuse(channel)
        }
        guard open.add(1, ordering: .relaxed).newValue <= limits.connections else {
            open.subtract(1, ordering: .relaxed)
            return refuse(channel)
        }
        channel.closeFuture.whenComplete { _ in self.open.subtract(1, ordering: .relaxed) }
        return channel.eventLoop.makeCompletedFuture {
            let life = ConnectionLife(self.limits.connection, first: .preface)
            try channel.pipeline.syncOperations.addHandler(life, position: .first)
        }
    }

    private func refuse(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
    }
}
#endif
