// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthPolicy

/// `mcp-auth token`: looks at a token from standard input or a file, never from the command line, which others see.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Look at a token.",
        subcommands: [Inspect.self, Verify.self]
    )

    /// What may stand around a token.
    private static let forms = """
        The token may be wrapped in whatever it came in, up to 1 MiB: `Authorization: Bearer`, quotes, a command, a URL, \
        a JSON answer, the lines of a mail or a log.
        """

    /// `mcp-auth token inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print header and claims of a JWT, believing nothing.",
            discussion: TokenCommand.forms
        )

        @Flag(help: "Say that you know nothing of this is verified.")
        var unverified = false

        @Argument(help: "The file that holds the token, `-` for standard input.")
        var file = "-"

        func validate() throws {
            guard unverified else { throw ValidationError("`inspect` verifies nothing; say --unverified") }
        }

        func run() throws {
            let inspection = TokenInspection(try Input.token(from: file), now: .now())
            for line in inspection.text { Output.line(line) }
            guard let problem = inspection.problem else { return }
            Output.error(problem)
            throw ProgramExit.tokenInvalid
        }
    }

    /// `mcp-auth token verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide about a token at one resource, and say how the decision came about.",
            discussion: """
                A refusal says what was expected and what the token has, with claim values: it is for your terminal only.

                \(TokenCommand.forms)
                """
        )

        @Option(name: .shortAndLong, help: "The configuration file.")
        var config: String

        @Option(help: "The resource identifier.")
        var resource: String

        @Option(help: "The tool that is called.")
        var tool: String?

        @Argument(help: "The file that holds the token, `-` for standard input.")
        var file = "-"

        func run() async throws {
            let configuration = try ConfigurationFile(path: config, environment: Input.environment).configuration
            let mcpAuth = try MCPAuth(configuration)
            let protected = try mcpAuth.protectedResource(resource)
            guard let call = PolicyCall(tool.map { "tools/call:\($0)" } ?? "initialize") else {
                throw ProgramExit.usage
            }
            let request = call.request(of: try Input.token(from: file), at: protected)
            var trace: DecisionTrace? = DecisionTrace()
            _ = await AuthorizationEngine.authorize(request, at: protected, now: .now(), trace: &trace)
            guard let trace, let decision = trace.decision else { return }
            Output.line(TraceText(trace).revealed)
            guard case .deny(let denial) = decision else { return }
            throw ProgramExit.code(for: denial)
        }
    }
}
#endif
