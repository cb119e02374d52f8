// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import MCPAuth
package import MCPAuthCore
internal import HTTPTypes
internal import MCPAuthHTTP
internal import MCPAuthNIO
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// Everything that `mcp-auth serve` listens on.
///
/// It runs until a graceful shutdown: then it accepts no more connections, answers the requests that it has begun to
/// receive, and closes each connection.
package struct DecisionServer: Service {
    private let settings: ServerSettings
    private let mcpAuth: MCPAuth
    private let onEvent: EngineEventHandler
    private let onListening: @Sendable ([ListeningSocket]) -> Void
    private let certificate: ListenerCertificate?
    /// What a connection may take.
    package var limits = ConnectionLimits()

    /// A socket that listens.
    package struct ListeningSocket: Sendable {
        /// What it is for, such as `clients` or `forward auth for nginx`.
        package let purpose: String
        /// The configured address.
        package let listener: ConfigurationFile.Listener
        /// The port that the system picked, or the configured one; `nil` for a unix socket.
        package let port: Int?

        /// Where it listens, with the port that the system picked.
        package var address: String {
            guard let port, port != listener.port else { return "\(listener)" }
            return listener.host.contains(":") ? "[\(listener.host)]:\(port)" : "\(listener.host):\(port)"
        }
    }

    /// - Parameter onListening: Called once, when every socket listens.
    /// - Throws: `ConfigurationError` when a certificate cannot be read.
    package init(
        _ settings: ServerSettings,
        mcpAuth: MCPAuth,
        onEvent: @escaping EngineEventHandler,
        onListening: @escaping @Sendable ([ListeningSocket]) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.mcpAuth = mcpAuth
        self.onEvent = onEvent
        self.onListening = onListening
        certificate = try settings.tls.map { try ListenerCertificate($0) }
    }

    /// The files of the certificate.
    package var certificateFiles: [String] {
        guard let tls = settings.tls else { return [] }
        return [tls.certificate, tls.privateKey] + [tls.clientAuthorities].compactMap { $0 }
    }

    /// Reads the certificate again, for connections that are accepted from now on.
    ///
    /// - Throws: `ConfigurationError`; the certificate before stays in use.
    package func reloadCertificate() throws {
        try certificate?.reload()
    }

    package func run() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var sockets: [ListeningSocket] = []
        var bound: [ServerListener.Bound] = []
        do {
            for (purpose, listener) in listeners {
                let socket = try await listener.bind(on: group)
                bound.append(socket)
                let port = socket.channel.localAddress?.port
                sockets.append(ListeningSocket(purpose: purpose, listener: listener.address, port: port))
            }
        } catch {
            for socket in bound { socket.close() }
            throw error
        }
        onListening(sockets)
        try? await gracefulShutdown()
        await withTaskCancellationHandler { [bound] in
            await withTaskGroup(of: Void.self) { group in
                for socket in bound { group.addTask { await socket.drain() } }
            }
        } onCancel: { [bound] in
            for socket in bound { socket.close() }
        }
    }

    /// Every listener, with its purpose.
    private var listeners: [(String, ServerListener)] {
        [("clients", clients)]
            + settings.forwardAuth.map { ("forward auth for \($0.proxy.rawValue)", forwardAuth($0)) }
    }

    private var clients: ServerListener {
        let answer = WhoIsCalling(mcpAuth: mcpAuth, onEvent: onEvent)
        var requestGuard = mcpAuth.requestGuard()
        requestGuard.door = "clients"
        var connections = HTTPConnections { [mcpAuth, requestGuard] channel, peer in
            let authorization = AuthorizationHandler(mcpAuth, requestGuard: requestGuard, isHTTP1: peer.isHTTP1)
            try channel.pipeline.syncOperations.addHandlers(authorization, CallerHandler(answer))
        }
        connections.limits = limits
        if let certificate { connections.tls = { certificate.context } }
        return ServerListener(address: settings.listener, limits: limits, configure: connections.configure)
    }

    private func forwardAuth(_ settings: ForwardAuthSettings) -> ServerListener {
        let proxyGuard = proxyGuard(settings.proxy.rawValue, ignoringCase: settings.ignoresCase)
        guard let endpoint = ForwardAuthEndpoint(settings, proxyGuard) else { return fastCGI(settings) }
        var connections = HTTPConnections { channel, peer in
            // Nobody else can make this server take bodies.
            let takesBodies = settings.sendsBody && settings.trusts(peer.address)
            let handler = EndpointHandler(mostBytes: takesBodies ? ProtectedResource.bodyBytes + 1 : 0) { asked, body in
                await endpoint.response(to: asked, from: peer.address, body: body)
            }
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        connections.limits = limits
        return ServerListener(address: settings.listener, limits: limits, configure: connections.configure)
    }

    private func fastCGI(_ settings: ForwardAuthSettings) -> ServerListener {
        let endpoint = FastCGIEndpoint(settings, proxyGuard(settings.proxy.rawValue, ignoringCase: settings.ignoresCase))
        return ServerListener(address: settings.listener, limits: limits) { channel, life in
            let handler = FastCGIHandler(endpoint, address: channel.peerAddress, life: life)
            try channel.pipeline.syncOperations.addHandler(handler)
            return channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    private func proxyGuard(_ door: String, ignoringCase: Bool) -> ProxyGuard {
        var requestGuard = mcpAuth.requestGuard(ignoringCase: ignoringCase)
        requestGuard.door = door
        return ProxyGuard(requestGuard, identity: IdentityFields(settings.identity))
    }

    /// The gRPC server for Envoy; `nil` if it is not configured.
    package func extAuthzServer(onListening: @escaping @Sendable (String) -> Void) -> ExtAuthzServer? {
        settings.extAuthz.map { extAuthz in
            let endpoint = ExtAuthzEndpoint(
                extAuthz,
                proxyGuard("ext_authz", ignoringCase: extAuthz.ignoresCase),
                identity: IdentityFields(settings.identity),
                tokenFields: { [mcpAuth] in mcpAuth.engine.resources.compactMap { $0.tokenField?.canonicalName } }
            )
            return ExtAuthzServer(extAuthz, endpoint, onListening: onListening)
        }
    }
}
#endif
