// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser

/// The `mcp-auth-dev` program: a demonstration, an authorization server and tokens, all for development.
@main
struct MCPAuthDevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp-auth-dev",
        abstract: "Development tools of mcp-auth. Loopback only; nothing here is for production.",
        subcommands: [DemoCommand.self, IssuerCommand.self, DevTokenCommand.self]
    )
}
#else
/// The program as built without its trait.
@main
enum MCPAuthDevCommand {
    static func main() {
        print("mcp-auth-dev was built without the trait `Programs`: swift build --traits Programs")
    }
}
#endif
