// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

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
            let identifier = try ResourceIdentifier(resource)
            guard let protected = mcpAuth.engine.resources.first(where: { $0.identifier == identifier }) else {
                throw ConfigurationError(.unknownName, "no protected resource `\(resource)` is configured")
            }
            let message = MCPMessage.call(method: tool == nil ? "initialize" : "tools/call", name: tool)
            let request = ProtectedResourceRequest(
                method: .post,
                authority: nil,
                path: identifier.url.path,
                credentials: .bearer(AccessToken(bytes: try Input.token(from: file))),
                operation: protected.speaksMCP ? .mcp([message]) : .http
            )
            var trace: DecisionTrace? = DecisionTrace()
            let decision = await AuthorizationEngine.authorize(request, at: protected, now: .now(), trace: &trace)
            for step in trace?.steps ?? [] { Output.line("\(step.stage): \(step.finding)") }
            try report(decision)
        }

        private func report(_ decision: Decision) throws {
            switch decision {
            case .allow(let authInfo):
                Output.line(
                    "allow: subject \(authInfo.subject ?? "-"), client \(authInfo.clientID ?? "-"), scope \(authInfo.scopes)"
                )
            case .deny(let denial):
                Output.line("deny: \(denial.reason), status \(denial.status)")
                switch denial.status {
                case 503: throw ProgramExit.unavailable
                case 401, 400: throw ProgramExit.tokenInvalid
                default: throw ProgramExit.denied
                }
            }
        }
    }
}
#endif
