// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthModuleHost

extension MCPAuth {
    /// Reads a configuration file, checks it, runs the tests of its policies and puts it in force.
    ///
    /// Each file is read once; the bytes that are checked and tested are those that are put in force. When calls
    /// overlap, the last one to finish wins, which need not be the last one to read, so make calls one after the other.
    /// On any error the current configuration stays in force; ``status``, the log and the thrown error say why.
    ///
    /// - Parameters:
    ///   - path: The configuration file.
    ///   - environment: Where `{"env": …}` secrets are looked up.
    ///   - moduleDirectory: Replaces the directory of relative module paths, when given.
    ///   - onEvent: Receives the events of the engine from now on; `nil` for the handler that is in force.
    ///   - change: Changes what was read before it is put in force. An application that sets verifiers, transformers or
    ///     policies in code sets them here too: a file does not have them, and those of the old configuration are not kept.
    /// - Returns: The configuration that was read, without the changes.
    /// - Throws: `ConfigurationError`, and what `change` throws.
    @discardableResult
    public func reload(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: EngineEventHandler? = nil,
        changing change: (inout MCPAuthConfiguration) throws -> Void = { _ in }
    ) async throws -> ConfigurationFile {
        try await reload(
            path: path,
            environment: environment,
            moduleDirectory: moduleDirectory,
            onEvent: onEvent ?? eventHandler,
            files: FileSnapshot(),
            changing: change
        )
    }

    /// The same, reading each file through `files`, whose paths are complete even when this throws.
    package func reload(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler,
        files: FileSnapshot,
        changing change: (inout MCPAuthConfiguration) throws -> Void = { _ in }
    ) async throws -> ConfigurationFile {
        let file: ConfigurationFile
        var configuration: MCPAuthConfiguration
        do {
            // Loading modules may block, so it must not happen on a thread that serves requests.
            file = try await OwnThread.value {
                try ConfigurationFile(
                    path: path,
                    environment: environment,
                    moduleDirectory: moduleDirectory,
                    onEvent: onEvent,
                    files: files
                )
            }
            try await file.runPolicyTests()
            configuration = file.configuration
            // A file does not say whether requests and decisions are recorded.
            configuration.recording = recording
            configuration.onDecision = decisionHandler
            try change(&configuration)
        } catch {
            refuseReload(error)
            throw error
        }
        try reload(configuration)
        return file
    }
}
