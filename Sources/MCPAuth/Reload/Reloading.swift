// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore

extension MCPAuth {
    /// Reads a configuration file again and puts it in force: read, check, run the policies' own tests, swap.
    ///
    /// Of calls that overlap, the one that is ready last counts, which need not be the one that read last; make them one
    /// after the other. Where anything fails, the configuration that is in force stays so; ``status``, the log and the thrown error say
    /// why.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - environment: Where `{"env": …}` secrets are looked up.
    ///   - pluginDirectory: Replaces the directory of relative module paths, where given.
    ///   - onEvent: Takes what an operator should know from now on.
    /// - Returns: What was read.
    /// - Throws: ``ConfigurationError``.
    @discardableResult
    public func reload(
        path: String,
        environment: [String: String],
        pluginDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) async throws -> ConfigurationFile {
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile(
                path: path,
                environment: environment,
                pluginDirectory: pluginDirectory,
                onEvent: onEvent
            )
            try await file.runPolicyTests()
        } catch {
            refuseReload(error)
            throw error
        }
        try reload(file.configuration)
        return file
    }
}
