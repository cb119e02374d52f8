// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthModuleHost

extension MCPAuth {
    /// Reads a configuration file again and puts it in force: read, check, run the policies' own tests, swap.
    ///
    /// Each file is read once, and what was read is what is checked, tested and put in force. Of calls that overlap, the
    /// one that is ready last counts, which need not be the one that read last; make them one after the other. Where
    /// anything fails, the configuration that is in force stays so; ``status``, the log and the thrown error say why.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - environment: Where `{"env": …}` secrets are looked up.
    ///   - moduleDirectory: Replaces the directory of relative module paths, where given.
    ///   - onEvent: Takes what an operator should know from now on.
    /// - Returns: What was read.
    /// - Throws: ``ConfigurationError``.
    @discardableResult
    public func reload(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler = EngineEvent.log()
    ) async throws -> ConfigurationFile {
        try await reload(
            path: path,
            environment: environment,
            moduleDirectory: moduleDirectory,
            onEvent: onEvent,
            files: FileSnapshot()
        )
    }

    /// The same with every file as `files` has it; which files there are is known also when this throws.
    package func reload(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler,
        files: FileSnapshot
    ) async throws -> ConfigurationFile {
        let file: ConfigurationFile
        do {
            // Modules are made here, which may block: not on a thread that serves requests.
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
        } catch {
            refuseReload(error)
            throw error
        }
        try reload(file.configuration)
        return file
    }
}
