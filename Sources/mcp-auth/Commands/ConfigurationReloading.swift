// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuth
internal import MCPAuthJOSE
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again on SIGHUP, and when one of its files changed; throws away keys on SIGUSR1.
///
/// Files are compared by content, so it does not matter how they were replaced. A change counts once it was seen twice,
/// lest a file that is being written be read half.
actor ConfigurationReloading: Service {
    private static let interval = Duration.seconds(1)

    private let path: String
    private let mcpAuth: MCPAuth
    private let onEvent: EngineEventHandler
    private let listener: ConfigurationFile.Listener
    private var files: [String]
    /// The content that was last read, whether it was acceptable or not.
    private var judged: [String]
    private var lastSeen: [String]
    private var isReloading = false
    private var isAskedAgain = false

    init(_ file: ConfigurationFile, path: String, mcpAuth: MCPAuth, onEvent: @escaping EngineEventHandler) {
        self.path = path
        self.mcpAuth = mcpAuth
        self.onEvent = onEvent
        listener = file.listener
        files = file.files
        judged = Self.contents(file.files)
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
        let contents = Self.contents(files)
        defer { lastSeen = contents }
        if contents != judged, contents == lastSeen { await reload() }
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
        // Looked at before anything is read, so that a change in between is seen as one.
        judged = Self.contents(files)
        let environment = Input.environment
        // What is wrong was logged as an event, and the old configuration stays in force.
        guard let file = try? await mcpAuth.reload(path: path, environment: environment, onEvent: onEvent) else {
            return
        }
        if file.files != files {
            files = file.files
            // Nothing is known of files that are new, so all are looked at again.
            judged = []
        }
        if file.listener != listener { Output.error("warning: a new address to listen on needs a restart") }
        for warning in mcpAuth.warnings { Output.error("warning: \(warning)") }
    }

    /// A digest for each file; empty for one that cannot be read.
    private static func contents(_ files: [String]) -> [String] {
        files.map { path in
            FileManager.default.contents(atPath: path).map { Digest.hexadecimalSHA256([UInt8]($0)) } ?? ""
        }
    }
}
#endif
