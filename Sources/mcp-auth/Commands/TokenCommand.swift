// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// `mcp-auth token`: inspects or verifies a token from standard input or a file.
///
/// Tokens are never read from the command line, which other users of the machine can see.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Inspect or verify a token.",
        subcommands: [Inspect.self, Verify.self]
    )

    /// Help about the text that may surround a token.
    private static let forms = """
        The token may be surrounded by other text, up to 1 MiB: `Authorization: Bearer`, quotes, a command, a URL, a \
        JSON response, the lines of a mail or a log.
        """

    /// `mcp-auth token inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print header and claims of a JWT without verifying it.",
            discussion: TokenCommand.forms
        )

        @Flag(help: "Confirm that you know that nothing is verified.")
        var unverified = false

        @Argument(help: "The file that contains the token, `-` for standard input.")
        var file = "-"

        func validate() throws {
            guard unverified else { throw ValidationError("`inspect` verifies nothing; add --unverified") }
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
            abstract: "Decide whether one resource accepts a token, and explain the decision.",
            discussion: """
                A denial shows what was expected and what the token has, with claim values: for your terminal only.

                \(TokenCommand.forms)
                """
        )

        @Option(name: .shortAndLong, help: "The configuration file.")
        var config: String

        @Option(help: "The resource identifier.")
        var resource: String

        @Option(help: "The tool that is called.")
        var tool: String?

        @Argument(help: "The file that contains the token, `-` for standard input.")
        var file = "-"

        func run() async throws {
            let configuration = try ConfigurationFile(path: config, environment: Input.environment).configuration
            let mcpAuth = try MCPAuth(configuration)
            let protected = try mcpAuth.protectedResource(resource)
            let call: PolicyCall
            do { call = try PolicyCall(reading: tool.map { "tools/call:\($0)" } ?? "initialize") } catch {
                throw ValidationError("\(error)")
            }
            let request = call.request(of: try Input.token(from: file), at: protected)
            var trace: DecisionTrace? = DecisionTrace()
            let decision = await AuthorizationEngine.authorize(request, at: protected, now: .now(), trace: &trace)
            if let trace { Output.line(TraceText(trace).revealed) }
            guard case .deny(let denial) = decision else { return }
            throw ProgramExit.code(for: denial)
        }
    }
}
#endif
