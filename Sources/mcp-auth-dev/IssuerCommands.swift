// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuthDevIssuer
internal import MCPAuthJSON

/// `mcp-auth-dev issuer`: an authorization server for development.
struct IssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issuer",
        abstract: "Run an authorization server on this machine."
    )

    @Option(help: "The port on 127.0.0.1.")
    var port: UInt16 = 8900

    @Option(help: "A resource identifier that tokens may be asked for; any when none is given.")
    var resource: [String] = []

    @Option(help: "A scope that is offered.")
    var scope: [String] = []

    @Flag(name: .customLong("auto-consent"), help: "Do not ask the person at the browser.")
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
        } catch let error as DevIssuerError {
            throw CommandFailure(description: "\(error)")
        }
        print("authorization server \(await issuer.issuer); Ctrl-C ends it")
        try await Task.sleep(for: .seconds(365 * 24 * 3600))
    }
}

/// `mcp-auth-dev token`: asks a running development issuer for a token.
struct DevTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Get a token from a development authorization server that runs with --auto-consent."
    )

    @Option(help: "The issuer identifier.")
    var issuer = "http://127.0.0.1:8900"

    @Option(help: "The scopes, separated by spaces.")
    var scope: String

    @Option(help: "The resource identifier.")
    var resource: String

    func run() async throws {
        let client = DemoClient()
        do {
            print(try await token(client))
        } catch let error as DemoClient.Failure {
            await client.shutdown()
            throw CommandFailure(description: "\(error)")
        }
        await client.shutdown()
    }

    private func token(_ client: DemoClient) async throws -> String {
        let discovered = try await client.get("\(issuer)/.well-known/oauth-authorization-server")
        guard let server = discovered.body, let registration = server["registration_endpoint"]?.string else {
            throw DemoClient.Failure(description: "`\(issuer)` is no development authorization server")
        }
        let registered = try await client.post(
            registration,
            json: [
                "client_name": "mcp-auth-dev", "redirect_uris": [.string(DemoClient.redirectURI)],
                "token_endpoint_auth_method": "none",
            ]
        )
        guard let clientID = registered.body?["client_id"]?.string else {
            throw DemoClient.Failure(description: "the registration gave no client identifier")
        }
        return try await client.authorize(server, clientID: clientID, scope: scope, resource: resource).token
    }
}
#endif
