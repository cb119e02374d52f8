// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuthDevIssuer

/// `mcp-auth-dev demo`: runs all servers of the demonstration on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run an authorization server and three MCP servers, and show every outcome."
    )

    @Option(help: "The configuration file.")
    var config = "Examples/demo/mcp-auth.json"

    @Option(help: "The port of the MCP servers on 127.0.0.1; that of the configuration by default.")
    var port: UInt16?

    @Option(help: "The port of the authorization server on 127.0.0.1; that of the configuration by default.")
    var issuerPort: UInt16?

    @Option(help: "The directory of the built verifier module; that of this program by default.")
    var modules: String?

    @Flag(help: "Run a complete client, print each step, and exit.")
    var check = false

    @Flag(name: .customLong("auto-consent"), help: "Do not ask the user for consent.")
    var autoConsent = false

    func validate() throws {
        guard port != 0, issuerPort != 0 else {
            throw ValidationError("the port cannot be 0, because the identifiers of the servers contain it")
        }
    }

    func run() async throws {
        let demo = try await DemoServer.start(
            DemoConfiguration(path: config, port: port, issuerPort: issuerPort),
            moduleDirectory: modules ?? ProgramDirectory.path,
            autoConsent: check || autoConsent
        )
        let isCheck = check
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (listening, announce) = AsyncStream.makeStream(of: Void.self)
            group.addTask { try await demo.run { announce.yield() } }
            group.addTask {
                for await _ in listening { break }
                // When the servers could not be started, there is nothing to print.
                try Task.checkCancellation()
                guard isCheck else { return try await DemoAnnouncement(demo).print() }
                Output.line("A client that knows only \(demo.base)/notes:")
                try await DemoCheck.run(demo)
                Output.line("Every step was as expected.")
            }
            try await group.next()
            if isCheck { group.cancelAll() }
            try await group.next()
        }
        await demo.issuer.stop()
    }
}

/// The text that is printed when the demonstration has started.
struct DemoAnnouncement {
    private let demo: DemoServer

    init(_ demo: DemoServer) {
        self.demo = demo
    }

    func print() async throws {
        let notes = "\(demo.base)/notes"
        let guestbook = "\(demo.base)/guestbook"
        let issuer = await demo.issuer.issuer
        let call = { (tool: String) in
            "-H 'Content-Type: application/json' -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
                + "\"params\":{\"name\":\"\(tool)\",\"arguments\":{\"text\":\"hi\"}}}'"
        }
        let reader = try await token("read:notes", notes)
        let writer = try await token("read:notes write:notes", notes)
        let newest = MCPRevision.newest.rawValue
        Output.line(
            """

            Running, on this machine only:
              authorization server  \(issuer)
              MCP server notes      \(notes)
              MCP server calendar   \(demo.base)/calendar
              MCP server guestbook  \(guestbook), which anyone may read
            Policies: notes.json, calendar.json and guestbook.json in policies/examples.

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
              curl -i \(notes) -H 'Authorization: Bearer \(demo.hmacToken)' \(call("list_notes"))

            200, no token, a tool for anyone:
              curl -i \(guestbook) \(call("list_entries"))

            401, no token, another tool of the same server:
              curl -i \(guestbook) \(call("sign_guestbook"))

            200, the same for clients that read only results; the challenge is in the result:
              curl -i \(guestbook)/results \(call("sign_guestbook"))

            200 in revision \(newest) of MCP, where every request names its revision:
              curl -i \(notes) -H 'Authorization: Bearer \(reader)' -H 'MCP-Protocol-Version: \(newest)' \(discover(newest))

            The metadata of the protected resource:
              curl -i \(demo.base)/.well-known/oauth-protected-resource/notes

            Ctrl-C ends it. `mcp-auth-dev demo --check` runs a complete client.
            """
        )
    }

    private func discover(_ revision: String) -> String {
        let prefix = "io.modelcontextprotocol"
        let meta = #"{"\#(prefix)/protocolVersion":"\#(revision)","\#(prefix)/clientCapabilities":{}}"#
        let message = #"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":\#(meta)}}"#
        return "-H 'Mcp-Method: server/discover' -H 'Content-Type: application/json' -d '\(message)'"
    }

    private func token(_ scope: String, _ resource: String) async throws -> String {
        try await demo.issuer.mintToken(
            subject: "alice",
            clientID: "demo",
            scope: scope,
            resource: resource,
            lifetime: 8 * 3600
        )
    }
}
#endif
