// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthDevIssuer

/// `mcp-auth-dev demo`: everything at once, on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run an authorization server and two protected MCP servers, and show every outcome."
    )

    @Option(help: "The configuration file.")
    var config = "Examples/demo/mcp-auth.json"

    @Option(help: "The directory of the built verifier module; that of this program by default.")
    var plugins: String?

    @Flag(help: "Play a whole client, print each step, and end.")
    var check = false

    @Flag(name: .customLong("auto-consent"), help: "Do not ask the person at the browser.")
    var autoConsent = false

    func run() async throws {
        do {
            try await demonstrate()
        } catch let error as ConfigurationError {
            throw CommandFailure(description: "\(error)")
        } catch let error as DevIssuerError {
            throw CommandFailure(description: "\(error)")
        }
    }

    private func demonstrate() async throws {
        let demo = try await DemoServer.start(
            configPath: config,
            pluginDirectory: plugins ?? Self.programDirectory,
            autoConsent: check || autoConsent
        )
        let isCheck = check
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (listening, announce) = AsyncStream.makeStream(of: Void.self)
            group.addTask { try await demo.run { announce.yield() } }
            group.addTask {
                for await _ in listening { break }
                guard isCheck else { return await DemoAnnouncement(demo).print() }
                print("A client that knows only \(demo.base)/notes:")
                try await DemoCheck(demo) { print($0) }.run()
                print("Every step was as expected.")
            }
            try await group.next()
            if isCheck { group.cancelAll() }
            try await group.next()
        }
        await demo.issuer.stop()
    }

    private static var programDirectory: String {
        let program = CommandLine.arguments.first ?? "."
        guard let slash = program.lastIndex(of: "/") else { return "." }
        return String(program[..<slash])
    }
}

/// An error whose text is all there is to say.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
}

/// What a person reads who started the demonstration.
struct DemoAnnouncement {
    private let demo: DemoServer

    init(_ demo: DemoServer) {
        self.demo = demo
    }

    func print() async {
        let notes = "\(demo.base)/notes"
        let issuer = await demo.issuer.issuer
        let call = { (tool: String) in
            "-H 'Content-Type: application/json' -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
                + "\"params\":{\"name\":\"\(tool)\",\"arguments\":{\"text\":\"hi\"}}}'"
        }
        let reader = await token("read:notes", notes)
        let writer = await token("read:notes write:notes", notes)
        Swift.print(
            """

            Running, on this machine only:
              authorization server  \(issuer)
              MCP server notes      \(notes)
              MCP server calendar   \(demo.base)/calendar
            Policies: policies/examples/notes.json and policies/examples/calendar.json.

            401, no token; the challenge says where to get one:
              curl -i \(notes) \(call("list_notes"))

            200, a token with read:notes:
              curl -i \(notes) -H 'Authorization: Bearer \(reader)' \(call("list_notes"))

            403, the same token, a tool that needs more; the challenge says what:
              curl -i \(notes) -H 'Authorization: Bearer \(reader)' \(call("create_note"))

            200, a token with write:notes too:
              curl -i \(notes) -H 'Authorization: Bearer \(writer)' \(call("create_note"))

            401, the token for notes at calendar:
              curl -i \(demo.base)/calendar -H 'Authorization: Bearer \(reader)' \(call("list_events"))

            200, a token that the C module accepts:
              curl -i \(notes) -H 'Authorization: Bearer \(demo.helloToken)' \(call("list_notes"))

            The metadata of the protected resource:
              curl -i \(demo.base)/.well-known/oauth-protected-resource/notes

            Ctrl-C ends it. `mcp-auth-dev demo --check` plays a whole client.
            """
        )
    }

    private func token(_ scope: String, _ resource: String) async -> String {
        let minted = try? await demo.issuer.mintToken(
            subject: "alice",
            clientID: "demo",
            scope: scope,
            resource: resource,
            lifetime: 8 * 3600
        )
        return minted ?? "no-token"
    }
}
#endif
