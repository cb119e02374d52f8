// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuthDevIssuer

/// `mcp-auth-dev issuer`: an authorization server for development.
struct IssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issuer",
        abstract: "Run an authorization server on this machine.",
        discussion: """
            It offers authorization code with PKCE, refresh tokens, client credentials, dynamic registration and \
            introspection. Every program on this machine can get a token for any subject, as `mcp-auth-dev token` \
            does: POST ISSUER/_dev/token with a JSON object: resource, and optionally scope, sub and claims.
            """
    )

    @Option(help: "The port on 127.0.0.1; 0 picks a free one.")
    var port: UInt16 = 8900

    @Option(help: "A resource identifier that tokens may be requested for; any when none is given.")
    var resource: [String] = []

    @Option(help: "A scope that is offered; any when none is given.")
    var scope: [String] = []

    @Flag(name: .customLong("auto-consent"), help: "Do not ask the user for consent.")
    var autoConsent = false

    func run() async throws {
        let issuer = DevIssuer(
            configuration: DevIssuer.Configuration(
                port: port,
                autoConsent: autoConsent,
                resources: resource,
                scopesSupported: scope
            )
        )
        do {
            try await issuer.start()
        } catch {
            throw CommandFailure(ProgramExit.invalid, "\(error); choose another one with --port")
        }
        Output.line("authorization server \(await issuer.issuer); Ctrl-C ends it")
        try await Task.sleep(for: .seconds(365 * 24 * 3600))
    }
}
#endif
