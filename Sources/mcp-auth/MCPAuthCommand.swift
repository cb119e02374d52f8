// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore

/// The `mcp-auth` program: serves, checks and explains configurations.
///
/// It cannot create tokens.
@main
struct MCPAuthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp-auth",
        abstract: "Authorization for MCP servers and HTTP APIs.",
        discussion: "Exit codes: 0 ok, 2 usage, 3 invalid, 10 token invalid, 11 denied, 12 unavailable.",
        version: Version.current,
        subcommands: [
            InitCommand.self, ServeCommand.self, AdminCommand.self, CheckCommand.self, DoctorCommand.self,
            PolicyCommand.self, TokenCommand.self, ProviderCommand.self, PluginCommand.self, KeysCommand.self,
            SchemaCommand.self,
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ConfigurationError {
            for mistake in error.all { Output.error("\(mistake)") }
            exit(withError: ProgramExit.invalid)
        } catch let code as ExitCode {
            exit(withError: code)
        } catch {
            let isUsage = exitCode(for: error) != .success
            guard isUsage else { exit(withError: error) }
            Output.error(fullMessage(for: error))
            exit(withError: ProgramExit.usage)
        }
    }
}
#else
internal import Foundation

/// The program when it is built without the trait `Programs`: it says so and fails.
@main
enum MCPAuthCommand {
    static func main() {
        let message = "mcp-auth was built without the trait `Programs`: swift build --traits Programs\n"
        try? FileHandle.standardError.write(contentsOf: Data(message.utf8))
        exit(1)
    }
}
#endif
