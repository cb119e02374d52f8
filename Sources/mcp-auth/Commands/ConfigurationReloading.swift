// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuth
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again on SIGHUP, and when one of its files changed; throws away keys on SIGUSR1.
///
/// Files are compared by content, so it does not matter how they were replaced. A change counts once it was seen twice,
/// because a file may be seen while it is being written.
actor ConfigurationReloading: Service {
    private static let interval = Duration.seconds(1)

    private let path: String
    private let mcpAuth: MCPAuth
    private let onEvent: EngineEventHandler
    private let listener: ConfigurationFile.Listener
    /// The files that matter, with the SHA-256 of what was last read of each, whether it was acceptable or not.
    private var judged: [String: String]
    private var lastSeen: [String: String]
    private var isReloading = false
    private var isAskedAgain = false

    /// - Parameter files: What the configuration in force was read from.
    init(
        _ file: ConfigurationFile,
        path: String,
        files: FileSnapshot,
        mcpAuth: MCPAuth,
        onEvent: @escaping EngineEventHandler
    ) {
        self.path = path
        self.mcpAuth = mcpAuth
        self.onEvent = onEvent
        listener = file.listener
        judged = files.digests
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

    /// One reload at a time: what is asked for meanwhile is done after it.
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
            // Exactly what was read, so that whatever changed since is seen as a change.
            judged = files.digests
            if file.listener != listener { Output.error("warning: a new address to listen on needs a restart") }
            for warning in mcpAuth.warnings { Output.error("warning: \(warning)") }
        } catch {
            // What is wrong was logged as an event, and the old configuration stays in force. The files that the refused
            // one names are watched as well, so that whoever corrects one of them need not touch another.
            judged = before.merging(files.digests) { $1 }
        }
    }

    /// The SHA-256 of each file that matters, as it is now.
    private func current() -> [String: String] {
        Dictionary(uniqueKeysWithValues: judged.keys.map { ($0, FileSnapshot.currentDigest(of: $0)) })
    }
}
#endif
