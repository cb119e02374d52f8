// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// `mcp-auth token`: looks at a token from standard input or a file, never from the command line, which others see.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Look at a token.",
        subcommands: [Inspect.self, Verify.self]
    )

    /// `mcp-auth token inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print header and claims of a JWT, believing nothing."
        )

        @Flag(help: "Say that you know nothing of this is verified.")
        var unverified = false

        @Argument(help: "The file that holds the token, `-` for standard input.")
        var file = "-"

        func validate() throws {
            guard unverified else { throw ValidationError("`inspect` verifies nothing; say --unverified") }
        }

        func run() throws {
            let parts = try Input.token(from: file).split(
                separator: UInt8(ascii: "."),
                omittingEmptySubsequences: false
            )
            guard parts.count == 3 else {
                Output.error("not a JWT: \(parts.count) parts where a JWT has three")
                throw ProgramExit.tokenInvalid
            }
            for (name, part) in zip(["header", "claims"], parts) {
                guard let bytes = Base64URL.decode(part),
                    let root = try? JSONDocument(parsing: bytes, limits: .token).root
                else {
                    Output.error("the \(name) is not base64url of JSON")
                    throw ProgramExit.tokenInvalid
                }
                Output.line("\(name) (not verified):")
                Output.line(String(decoding: JSON(root).encoded(pretty: true), as: UTF8.self))
            }
        }
    }

    /// `mcp-auth token verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide about a token at one resource, and say how the decision came about."
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
            Output.line(TraceText(trace).whole)
            if case .deny(let denial) = decision { throw ProgramExit.code(for: denial) }
        }
    }
}
#endif
