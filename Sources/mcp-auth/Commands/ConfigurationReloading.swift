// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Logging
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthServer
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again on SIGHUP, and when one of its files changed; discards fetched keys on SIGUSR1.
///
/// Files are compared by content, so it does not matter how they were replaced. A change must be seen twice, because a
/// file may be read while it is being written.
actor ConfigurationReloading: Service {
    private static let interval = Duration.seconds(1)

    private let path: String
    private let mcpAuth: MCPAuth
    private let onEvent: EngineEventHandler
    private let server: DecisionServer
    private let settings: ServerSettings
    /// The watched files, each with the SHA-256 of the content that was last read, accepted or not.
    private var judged: [String: String]
    private var lastSeen: [String: String]
    private var running: Task<[ConfigurationError], Never>?
    /// A reload that was asked for and has not begun, so that it reads everything that was written before.
    private var next: Task<[ConfigurationError], Never>?
    private let logger: Logger

    /// - Parameter files: The files that the configuration in force was read from.
    init(
        _ file: ConfigurationFile,
        path: String,
        files: FileSnapshot,
        mcpAuth: MCPAuth,
        server: DecisionServer,
        logger: Logger,
        onEvent: @escaping EngineEventHandler
    ) {
        self.logger = logger
        self.path = path
        self.mcpAuth = mcpAuth
        self.onEvent = onEvent
        self.server = server
        settings = file.server
        judged = files.digests
        for path in server.certificateFiles { judged[path] = FileSnapshot.currentDigest(of: path) }
        lastSeen = judged
    }

    nonisolated func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in await UnixSignalsSequence(trapping: .sighup, .sigusr1).cancelOnGracefulShutdown() {
                    if signal == .sigusr1 { self.mcpAuth.purge() } else { await self.reload() }
                }
            }
            group.addTask {
                try await cancelWhenGracefulShutdown {
                    while !Task.isCancelled {
                        try await Task.sleep(for: Self.interval)
                        await self.look()
                    }
                }
            }
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }

    private func look() async {
        let seen = current()
        defer { lastSeen = seen }
        if seen != judged, seen == lastSeen { await reload() }
    }

    /// Reloads, after a reload that is under way has ended; returns what is wrong, or nothing.
    ///
    /// All who ask before a reload begins share it.
    @discardableResult
    func reload() async -> [ConfigurationError] {
        if let next { return await next.value }
        let task = Task { [running] in
            _ = await running?.value
            return await self.begin()
        }
        next = task
        return await task.value
    }

    private func begin() async -> [ConfigurationError] {
        running = next
        next = nil
        return await reloadOnce()
    }

    private func reloadOnce() async -> [ConfigurationError] {
        let before = current()
        let files = FileSnapshot()
        // First: a renewed certificate must not wait for a correct configuration.
        var mistakes: [ConfigurationError] = []
        do { try server.reloadCertificate() } catch {
            logger.error("\(error)")
            mistakes = (error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")).all
        }
        do {
            let file = try await mcpAuth.reload(
                path: path,
                environment: Input.environment,
                onEvent: onEvent,
                files: files
            )
            // The digests are those of what was read, so that every later change is noticed.
            judged = files.digests
            for path in server.certificateFiles { judged[path] = before[path] }
            if file.server != settings {
                logger.warning(
                    "a change of a listener, of its secrets, of `identity`, `decision_log` or `tracing` needs a restart"
                )
            }
            for warning in mcpAuth.warnings { logger.warning("\(warning)") }
            return mistakes
        } catch {
            // The error was logged as an event, and the old configuration stays in force. The files that the refused
            // one names are watched too, so that correcting one of them is enough.
            judged = before.merging(files.digests) { $1 }
            let refusal = error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")
            return mistakes + refusal.all
        }
    }

    /// The SHA-256 of the current content of each watched file.
    private func current() -> [String: String] {
        Dictionary(uniqueKeysWithValues: judged.keys.map { ($0, FileSnapshot.currentDigest(of: $0)) })
    }
}
#endif
