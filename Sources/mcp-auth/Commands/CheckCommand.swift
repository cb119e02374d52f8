// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthVerification

/// `mcp-auth check`: checks whether a configuration can be served.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file with its policies, secrets and modules.",
        discussion: """
            Prints errors (exit code 3) and warnings (exit code 0), and runs the test files of the policies. It is \
            stricter than `serve`: metadata that clients cannot use is an error here, and a warning there.

            With --online it also fetches what tokens and clients will need from every issuer: metadata, keys, \
            endpoints. If an issuer does not respond, the exit code is 12.
            """
    )

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    @Flag(help: "Also fetch the metadata and the keys of every issuer.")
    var online = false

    func run() async throws {
        let file = try ConfigurationFile(path: config, environment: Input.environment)
        let mcpAuth = try MCPAuth(file.configuration)
        var diagnostics = Diagnostics()
        for finding in mcpAuth.findings { diagnostics.add(finding, isWarning: finding.code.isWarning) }
        for finding in try file.lintWarnings() { diagnostics.add(finding, isWarning: true) }
        diagnostics.print(asJSON: false)
        try await file.runPolicyTests()
        if online { try await checkIssuers(file.configuration) }
        if diagnostics.hasErrors { throw ProgramExit.invalid }
        let count = file.configuration.resources.count
        Output.line("\(config): ok, \(count) protected resource\(count == 1 ? "" : "s")")
    }

    private func checkIssuers(_ configuration: MCPAuthConfiguration) async throws {
        var seen = Set<IssuerIdentifier>()
        var isUnreachable = false
        var isWrong = false
        for server in configuration.resources.flatMap(\.authorizationServers) where seen.insert(server.issuer).inserted
        {
            let check = try await MCPAuth.onlineCheck(of: server, in: configuration)
            let issuer = "issuer \(server.issuer.description.printable)"
            for finding in check.findings {
                let line = "\(issuer): \(finding.severity.rawValue) \(finding.code): \(finding.description)"
                finding.severity == .error ? Output.error(line) : Output.line(line)
            }
            isUnreachable = isUnreachable || (check.isUnreachable && !check.isGood)
            isWrong = isWrong || (!check.isUnreachable && !check.isGood)
        }
        if isWrong { throw ProgramExit.invalid }
        if isUnreachable { throw ProgramExit.unavailable }
    }
}
#endif
