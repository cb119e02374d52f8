// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthDevIssuer

/// The `mcp-auth-dev` program: a demonstration, an authorization server and tokens, all for development.
@main
struct MCPAuthDevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp-auth-dev",
        abstract: "Development tools of mcp-auth. Loopback only; nothing here is for production.",
        discussion: """
            Exit codes: 0 ok, 1 a step of `demo --check` was not as expected, 2 usage, 3 invalid configuration or port in \
            use, 11 the authorization server refused, 12 it does not respond.
            """,
        subcommands: [DemoCommand.self, IssuerCommand.self, DevTokenCommand.self]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Output.error("\(failure)")
            exit(withError: failure.code)
        } catch let error as ConfigurationError {
            Output.error("\(error)")
            exit(withError: ProgramExit.invalid)
        } catch let error as DevIssuerError {
            Output.error("\(error)")
            exit(withError: ProgramExit.invalid)
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
enum MCPAuthDevCommand {
    static func main() {
        let message = "mcp-auth-dev was built without the trait `Programs`: swift build --traits Programs\n"
        try? FileHandle.standardError.write(contentsOf: Data(message.utf8))
        exit(1)
    }
}
#endif
