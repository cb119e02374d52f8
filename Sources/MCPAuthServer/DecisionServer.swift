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
    private let observation: Observation?
    private let isEnding = Flag()
    /// The service manager, which may pass sockets on and is told when the server stops; `nil` for none.
    package var serviceManager: ServiceManager?
    /// What a connection may take.
    package var limits = ListenerLimits()

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

    /// - Parameters:
    ///   - observation: What is kept about decisions; without it there is no admin listener.
    ///   - onListening: Called once, when every socket listens.
    /// - Throws: `ConfigurationError` when a certificate cannot be read.
    package init(
        _ settings: ServerSettings,
        mcpAuth: MCPAuth,
        observation: Observation? = nil,
        onEvent: @escaping EngineEventHandler,
        onListening: @escaping @Sendable ([ListeningSocket]) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.mcpAuth = mcpAuth
        self.onEvent = onEvent
        self.onListening = onListening
        self.observation = observation
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
        let doors = doors
        let group = MultiThreadedEventLoopGroup.singleton
        let isEnding = isEnding
        ServerSamples.begin()
        var bound: [ServerListener.Bound] = []
        var admin: ServerListener.Bound?
        do {
            var sockets: [ListeningSocket] = []
            for door in doors {
                let socket = try await door.listener.bind(on: group, serviceManager)
                bound.append(socket)
                sockets.append(door.socket(socket))
            }
            if let door = adminDoor(doors) {
                let socket = try await door.listener.bind(on: group, serviceManager)
                admin = socket
                sockets.append(door.socket(socket))
            }
            onListening(sockets)
        } catch {
            for socket in bound + [admin].compactMap(\.self) { socket.close() }
            throw error
        }
        try? await gracefulShutdown()
        isEnding.raise()
        serviceManager?.tell(.stopping)
        await withTaskCancellationHandler { [bound, admin] in
            await withTaskGroup(of: Void.self) { group in
                for socket in bound { group.addTask { await socket.drain() } }
            }
            // Last, so that operators see that the server is ending.
            await admin?.drain()
        } onCancel: { [bound, admin] in
            for socket in bound + [admin].compactMap(\.self) { socket.close() }
        }
    }

    /// A listener and its purpose.
    private struct Door {
        let name: String
        let purpose: String
        let listener: ServerListener

        func socket(_ bound: ServerListener.Bound) -> ListeningSocket {
            ListeningSocket(purpose: purpose, listener: listener.address, port: bound.channel.localAddress?.port)
        }
    }

    /// Every listener but that for operators.
    private var doors: [Door] {
        [Door(name: "clients", purpose: "clients", listener: clients)]
            + settings.forwardAuth.map {
                Door(
                    name: $0.proxy.rawValue,
                    purpose: "forward auth for \($0.proxy.rawValue)",
                    listener: forwardAuth($0)
                )
            }
            + [settings.authZEN].compactMap(\.self).map {
                Door(name: "authzen", purpose: "AuthZEN", listener: authZEN($0))
            }
    }

    private func adminDoor(_ doors: [Door]) -> Door? {
        guard let admin = settings.admin, let observation else { return nil }
        let counts = doors.map { (door: $0.name, count: $0.listener.count) }
        let server = AdminEndpoint.Server(
            metrics: { [mcpAuth] in
                let connections = counts.map { (door: $0.door, count: $0.count.value) }
                return observation.metrics.text(adding: ServerSamples.all(mcpAuth, observation.log, connections))
            },
            reload: observation.reloads.ask,
            isEnding: { [isEnding] in isEnding.isRaised }
        )
        let endpoint = AdminEndpoint(admin, mcpAuth: mcpAuth, decisions: observation.recent, server: server)
        var listener = listener(
            admin.listener,
            "admin",
            mostBytes: { _ in 64 * 1024 },
            answer: { address in
                EndpointHandler.Answer { request, body in
                    // Away from the event loop, which clients share: some pages take long.
                    await Task.yield()
                    return await endpoint.response(to: request, from: address, body: body)
                }
            }
        )
        listener.isPrivate = true
        return Door(name: "admin", purpose: "admin", listener: listener)
    }

    private var clients: ServerListener {
        let answer = WhoIsCalling(mcpAuth: mcpAuth, onEvent: onEvent)
        let requestGuard = requestGuard(at: "clients")
        let keySet = settings.identity.assertion.map { KeySetHandler.response(with: $0.key) }
        var connections = HTTPConnections(limits: limits.connection, report: report(at: "clients")) {
            [mcpAuth] channel, peer in
            if let keySet { try channel.pipeline.syncOperations.addHandler(KeySetHandler(keySet)) }
            let authorization = AuthorizationHandler(mcpAuth, requestGuard: requestGuard, isHTTP1: peer.isHTTP1)
            try channel.pipeline.syncOperations.addHandlers(authorization, CallerHandler(answer))
        }
        if let certificate { connections.tls = { certificate.context } }
        return ServerListener(address: settings.listener, limits: limits, configure: connections.configure)
    }

    private func forwardAuth(_ settings: ForwardAuthSettings) -> ServerListener {
        let door = settings.proxy.rawValue
        let proxyGuard = proxyGuard(door, ignoringCase: settings.ignoresCase)
        guard let endpoint = ForwardAuthEndpoint(settings, proxyGuard) else { return fastCGI(settings, proxyGuard) }
        return listener(
            settings.listener,
            door,
            mostBytes: { address in
                settings.sendsBody && settings.trustedProxies.trusts(address) ? ProtectedResource.bodyBytes + 1 : 0
            },
            answer: { address in
                let peer = endpoint.peer(at: address)
                return EndpointHandler.Answer(
                    response: { await endpoint.response(to: $0, from: peer, body: $1) },
                    responseAtOnce: { endpoint.responseAtOnce(to: $0, from: peer) }
                )
            }
        )
    }

    private func authZEN(_ settings: AuthZENSettings) -> ServerListener {
        let requestGuard = requestGuard(at: "authzen", ignoringCase: settings.ignoresCase)
        let endpoint = AuthZENEndpoint(settings, requestGuard) { [mcpAuth] request in
            mcpAuth.resource(of: request)?.tokenField
        }
        return listener(
            settings.listener,
            "authzen",
            mostBytes: { settings.trustedClients.trusts($0) ? ProtectedResource.bodyBytes + 1 : 0 },
            answer: { address in
                EndpointHandler.Answer { await endpoint.response(to: $0, from: address, body: $1) }
            }
        )
    }

    private func fastCGI(_ settings: ForwardAuthSettings, _ proxyGuard: ProxyGuard) -> ServerListener {
        let endpoint = FastCGIEndpoint(settings, proxyGuard)
        return ServerListener(address: settings.listener, limits: limits) { channel, life in
            let handler = FastCGIHandler(endpoint, address: channel.peerAddress, life: life)
            try channel.pipeline.syncOperations.addHandler(handler)
            return channel.eventLoop.makeSucceededVoidFuture()
        }
    }

    /// A listener whose requests are each answered with one finished response.
    ///
    /// - Parameters:
    ///   - mostBytes: The maximum size of a body from this address: nobody else can make this server take bodies.
    ///   - answer: How the requests of a connection from this address are answered.
    private func listener(
        _ address: ConfigurationFile.Listener,
        _ door: String,
        mostBytes: @escaping @Sendable (_ address: String?) -> Int,
        answer: @escaping @Sendable (_ address: String?) -> EndpointHandler.Answer
    ) -> ServerListener {
        let report = report(at: door)
        let connections = HTTPConnections(limits: limits.connection, report: report) { channel, peer in
            let handler = EndpointHandler(
                mostBytes: mostBytes(peer.address),
                report: report,
                answer: answer(peer.address)
            )
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        return ServerListener(address: address, limits: limits, configure: connections.configure)
    }

    /// Reports requests that are refused before any guard sees them.
    private func report(at door: String) -> HTTP1Codec.RefusalReport {
        { [mcpAuth] denial in mcpAuth.report(denial, at: door) }
    }

    private func requestGuard(at door: String, ignoringCase: Bool = false) -> RequestGuard {
        var requestGuard = mcpAuth.requestGuard(ignoringCase: ignoringCase)
        requestGuard.door = door
        requestGuard.observer = observation?.spans
        return requestGuard
    }

    private func proxyGuard(_ door: String, ignoringCase: Bool) -> ProxyGuard {
        ProxyGuard(
            requestGuard(at: door, ignoringCase: ignoringCase),
            identity: IdentityFields(settings.identity)
        )
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
            return ExtAuthzServer(
                extAuthz,
                endpoint,
                limits: limits,
                report: report(at: "ext_authz"),
                onListening: onListening
            )
        }
    }
}
#endif
