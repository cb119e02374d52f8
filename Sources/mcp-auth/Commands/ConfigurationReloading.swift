// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuth
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
    private var isReloading = false
    private var isAskedAgain = false

    /// - Parameter files: The files that the configuration in force was read from.
    init(
        _ file: ConfigurationFile,
        path: String,
        files: FileSnapshot,
        mcpAuth: MCPAuth,
        server: DecisionServer,
        onEvent: @escaping EngineEventHandler
    ) {
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

    /// Runs one reload at a time; requests during a reload cause one more afterwards.
    private func reload() async {
        guard !isReloading else {
            isAskedAgain = true
            return
        }
        isReloading = true
        repeat {
            isAskedAgain = false
            await reloadOnce()
        } while isAskedAgain
        isReloading = false
    }

    private func reloadOnce() async {
        let before = current()
        let files = FileSnapshot()
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
            do { try server.reloadCertificate() } catch { Output.error("error: \(error)") }
            if file.server != settings { Output.error("warning: a change of where it listens needs a restart") }
            for warning in mcpAuth.warnings { Output.error("warning: \(warning)") }
        } catch {
            // The error was logged as an event, and the old configuration stays in force. The files that the refused
            // one names are watched too, so that correcting one of them is enough.
            judged = before.merging(files.digests) { $1 }
        }
    }

    /// The SHA-256 of the current content of each watched file.
    private func current() -> [String: String] {
        Dictionary(uniqueKeysWithValues: judged.keys.map { ($0, FileSnapshot.currentDigest(of: $0)) })
    }
}
#endif
