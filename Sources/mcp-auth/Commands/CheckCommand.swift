// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthVerification

/// `mcp-auth check`: whether a configuration can be served.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file with its policies, secrets and modules."
    )

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    @Flag(help: "Also fetch the metadata of every issuer.")
    var online = false

    func run() async throws {
        let file = try ConfigurationFile(path: config, environment: Input.environment)
        let mcpAuth = try MCPAuth(file.configuration)
        for warning in mcpAuth.warnings { Output.line("warning: \(warning)") }
        try await file.runPolicyTests()
        if online { try await checkIssuers(file.configuration) }
        let count = file.configuration.resources.count
        Output.line("\(config): ok, \(count) protected resource\(count == 1 ? "" : "s")")
    }

    private func checkIssuers(_ configuration: Configuration) async throws {
        var seen = Set<IssuerIdentifier>()
        var isDown = false
        for server in configuration.resources.flatMap(\.authorizationServers) where seen.insert(server.issuer).inserted
        {
            let directory = try mcpAuthDirectory(server, configuration)
            if await directory.metadata(now: .now()) != nil {
                Output.line("issuer \(server.issuer): metadata ok")
            } else {
                isDown = true
                Output.error("issuer \(server.issuer): \(directory.lastError ?? "no metadata")")
            }
        }
        if isDown { throw ProgramExit.unavailable }
    }

    private func mcpAuthDirectory(
        _ server: AuthorizationServer,
        _ configuration: Configuration
    ) throws -> IssuerDirectory {
        try MCPAuth.directory(for: server, dangerouslyAllowHTTP: configuration.dangerouslyAllowHTTP)
    }
}
#endif
