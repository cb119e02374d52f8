// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import CMCPAuthSystem
internal import Foundation
internal import Logging
internal import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthServer
internal import Metrics
internal import NIOCore
internal import ServiceLifecycle
internal import UnixSignals

/// `mcp-auth serve`: serves every configured resource.
///
/// It serves metadata at its well-known paths and decides every request to a resource. The response to an allowed
/// request is the caller, as JSON. A changed configuration is put in force without a restart.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a configuration: decide requests, and respond with the caller.",
        discussion: """
            \(ServeCommand.whatItIs).

            It publishes the metadata of every resource and authorizes requests sent to it. The response to an allowed \
            request has status 200 and the caller as JSON; the request is not forwarded. There is no event stream: an \
            allowed GET, HEAD or DELETE of an MCP resource gets status 405. A proxy that asks about another request must \
            do so at its own listener in `forward_auth`; here it is refused.

            Refused requests are logged at the level `notice`, at most ten with the same reason per second. SIGHUP \
            reads the configuration again, as does a change of one of its files; SIGUSR1 discards fetched keys and metadata and the remembered tokens.
            """
    )

    private static let whatItIs =
        "`mcp-auth serve` authorizes requests and responds with the caller; it is not a proxy. Proxies (nginx "
        + "auth_request, Caddy forward_auth, Traefik ForwardAuth, HAProxy, Envoy ext_authz) ask at the listeners in "
        + "`forward_auth`"

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    @Option(help: "The lowest level that is logged.")
    var logLevel = LogLevel.notice

    @Option(help: "The form of log lines on standard error: text or json.")
    var logFormat = LogFormat.text

    @Option(help: "A file to which each request is appended for `mcp-auth policy diff --replay`, up to 256 MiB.")
    var record: String?

    @Option(help: "The name of a claim that is recorded; may be repeated.")
    var recordClaim: [String] = []

    @Option(help: "The name of an argument that is recorded; may be repeated.")
    var recordArgument: [String] = []

    func validate() throws {
        guard record != nil || (recordClaim.isEmpty && recordArgument.isEmpty) else {
            throw ValidationError("--record-claim and --record-argument need --record")
        }
    }

    func run() async throws {
        // Until they are handled, which is after the server listens, they must not end it. What they ask for is being done.
        signal(SIGHUP, SIG_IGN)
        signal(SIGUSR1, SIG_IGN)
        // By default there is a thread for each processor, but this process may be allowed to use only some of them.
        let usable = Int(mcp_usable_processors())
        if usable > 0 { NIOSingletons.groupLoopCountSuggestion = min(usable, System.coreCount) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        if logFormat == .json { LoggingSystem.bootstrap { JSONLogHandler(label: $0) } }
        var logger = Logger(label: "mcp-auth")
        logger.logLevel = logLevel.forLog
        let events = EventSink(logger)
        let onEvent = events.handler
        let files = FileSnapshot()
        let file = try ConfigurationFile(path: config, environment: Input.environment, onEvent: onEvent, files: files)
        try await file.runPolicyTests()
        var configuration = file.configuration
        configuration.recording = try record.map { path in
            let file = try RecordFile(path, onEvent)
            return RequestRecording(claims: Set(recordClaim), arguments: Set(recordArgument)) { file.append($0) }
        }
        let observation = try Observation(file.server, metrics: metrics, onEvent: onEvent)
        let isObserved = file.server.admin != nil || file.server.decisionLog != nil || observation.spans != nil
        configuration.onDecision = isObserved ? observation.handler : nil
        observation.spans?.bootstrap()
        let mcpAuth = try MCPAuth(configuration)
        // Standard output may have the decisions, one JSON object a line, and nothing else then.
        let isTaken = file.server.decisionLog?.file == DecisionLogSettings.standardOutput
        let say: @Sendable (String) -> Void = { isTaken ? Output.error($0) : Output.line($0) }
        say("\(Self.whatItIs).")
        for warning in mcpAuth.warnings { logger.warning("\(warning)") }

        let manager = ServiceManager(environment: Input.environment)
        let unready = Unready(servers: file.server.extAuthz == nil ? 1 : 2)
        var server = try DecisionServer(
            file.server,
            mcpAuth: mcpAuth,
            observation: observation,
            onEvent: onEvent
        ) { [logger] sockets in
            Self.say(sockets, file.server, mcpAuth, say)
            unready.countDown(telling: manager)
            for address in manager.unusedAddresses {
                logger.warning(
                    "a socket was passed for \(address), but no listener in the configuration has this address"
                )
            }
        }
        server.serviceManager = manager
        server.limits.fit(tokenBytes: file.configuration.maximumTokenBytes)
        let reloading = ConfigurationReloading(
            file,
            path: config,
            files: files,
            mcpAuth: mcpAuth,
            server: server,
            logger: logger,
            onEvent: onEvent
        )
        observation.reloads.answer(with: reloading.reload)
        // The first one ends last, and reports what the others caused.
        var services: [any Service] = [events, server, reloading]
        if let envoy = server.extAuthzServer(onListening: { address in
            say("ext_authz over gRPC: \(address)")
            unready.countDown(telling: manager)
        }) {
            services.append(envoy)
        }
        // First, so that they end last and have the last decisions.
        if let log = observation.log { services.insert(log, at: 0) }
        if let exporter = observation.exporter { services.insert(exporter, at: 0) }
        var group = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = Self.drainLimit
        try await ServiceGroup(configuration: group).run()
    }

    /// Prints where the server listens, and what for.
    private static func say(
        _ sockets: [DecisionServer.ListeningSocket],
        _ settings: ServerSettings,
        _ mcpAuth: MCPAuth,
        _ say: (String) -> Void
    ) {
        for (index, socket) in sockets.enumerated() {
            guard index > 0 else {
                say("mcp-auth listens on \(settings.tls == nil ? "http" : "https")://\(socket.address)")
                for resource in mcpAuth.engine.resources {
                    say("  \(resource.identifier)  metadata \(resource.identifier.metadataURL)")
                }
                continue
            }
            let scheme = socket.listener.socketPath == nil ? "http://" : ""
            say("\(socket.purpose): \(scheme)\(socket.address)")
        }
    }

    /// How long requests in progress may continue after the server was told to stop; then they are cancelled.
    private static let drainLimit = Duration.seconds(10)
}

/// The servers that do not listen yet.
private final class Unready: Sendable {
    private let count: Lock<Int>

    init(servers: Int) {
        count = Lock(servers)
    }

    /// Tells the service manager when the last one listens.
    func countDown(telling manager: ServiceManager) {
        let left = count.withLock { count in
            count -= 1
            return count
        }
        if left == 0 { manager.tell(.ready) }
    }
}

/// The form of a log line.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
}
#endif
