// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthModuleHost
internal import MCPAuthPolicyTools

/// `mcp-auth plugin`: creates, shows and tries modules.
struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "Create, show and try modules: verifiers and transformers.",
        discussion: """
            `list`, `inspect` and `test` load modules, which then have all rights of this program; `test` with \
            `"isolation": "process"` loads in a process of its own.
            """,
        subcommands: [New.self, List.self, Inspect.self, Test.self]
    )

    /// `mcp-auth plugin list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the modules in a directory.")

        @Argument(help: "The directory.")
        var directory = "."

        func run() throws {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
                throw ConfigurationError(.unreadableFile, "cannot read the directory `\(directory.printable)`")
            }
            let libraries = names.filter { $0.hasSuffix(".so") || $0.hasSuffix(".dylib") }.sorted()
            for name in libraries {
                do throws(ConfigurationError) {
                    let library = try ModuleTrial.library(at: directory + "/" + name)
                    let offered = library.components.map { "\($0.kind) \($0.name.printable)" }.joined(separator: ", ")
                    Output.line("\(name.printable)  \(library.name.printable) \(library.version.printable)  \(offered)")
                } catch {
                    Output.line("\(name.printable)  \(error)")
                }
            }
            if libraries.isEmpty { Output.line("there is no module in `\(directory.printable)`") }
        }
    }

    /// `mcp-auth plugin inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a module offers, its hash, and the JSON Schema of its configuration."
        )

        @Argument(help: "The shared library.")
        var file: String

        func run() throws {
            let library = try ModuleTrial.library(at: file)
            Output.line("\(library.name.printable) \(library.version.printable), ABI 1.\(library.abiMinor)")
            Output.line("sha256 \(library.digest)")
            for component in library.components {
                Output.line("\n\(component.kind) \(component.name.printable)")
                for line in Self.properties(of: component) { Output.line("  \(line)") }
                if let schema = try? JSON(parsing: Array(component.schemaText.utf8)) { Output.json(schema) }
            }
        }

        private static func properties(of component: ModuleComponent) -> [String] {
            guard component.kind == .verifier else { return ["changes the claims of genuine tokens"] }
            var lines: [String] = []
            lines.append(
                component.isPure
                    ? "PURE: the verdict depends on the token, the configuration and the clock alone"
                    : "not PURE: it is told the method and the URL, and asked for every request"
            )
            lines.append(
                component.isReentrant
                    ? "REENTRANT: several calls run at the same time" : "not REENTRANT: one call after the other"
            )
            if component.isPure, component.isReentrant, !component.needsIssuer {
                lines.append("with `\"isolation\": \"none\"`, runs on the thread of the request when it is quick")
            }
            if component.needsOperation {
                lines.append("NEEDS_OPERATION: the body is read before the token is verified")
            }
            if component.needsIssuer { lines.append("NEEDS_ISSUER: it is told the unverified issuer of a JWT") }
            if !component.requestFields.isEmpty {
                lines.append("request fields: \(component.requestFields.map(\.printable).joined(separator: ", "))")
            }
            return lines
        }
    }

    /// `mcp-auth plugin test`.
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify a token with a module, or transform claims.",
            discussion: """
                The configuration file has the members of one of the `modules` of a server configuration, without \
                `path` and `sha256`: `issuer`, `config`, `secrets`, `hosts`, `isolation`, and `verifier` or \
                `transformer`. An accepted token goes \
                through all checks that it would go through at a server whose only resource is \
                \(ModuleTrial.resource). The output has claim values: for your terminal only. The exit code is 0 if the \
                token is accepted, 3 for a mistake in the configuration or the library, 10 if the token is refused, and \
                12 if the module could not decide.

                  mcp-auth plugin test my-module.so --config my-module.json --token-file token.txt
                  mcp-auth plugin test libtenant.so --config tenant.json --claims-file claims.json
                """
        )

        @Option(name: .shortAndLong, help: "The file with the configuration of the module.")
        var config: String

        @Option(help: "The file that contains the token and nothing else, `-` for standard input.")
        var tokenFile: String?

        @Option(help: "The file that contains the claims for a transformer, as a JSON object; `-` for standard input.")
        var claimsFile: String?

        @Option(help: "The issuer of these claims.")
        var issuer = "https://issuer.test"

        @Argument(help: "The shared library.")
        var file: String

        func validate() throws {
            guard (tokenFile == nil) != (claimsFile == nil) else {
                throw ValidationError("give either --token-file or --claims-file")
            }
        }

        func run() async throws {
            let trial = try ModuleTrial(library: file, entry: config, environment: Input.environment) { event in
                if event.code != .moduleCounted { Output.error("\(event)") }
            }
            guard trial.isTransformer == (claimsFile != nil) else {
                let needed = trial.isTransformer ? "a transformer needs --claims-file" : "a verifier needs --token-file"
                throw ConfigurationError(.conflict, needed)
            }
            if let claimsFile { try transform(claimsIn: claimsFile, trial) }
            if let tokenFile { try await verify(tokenIn: tokenFile, trial) }
        }

        private func transform(claimsIn path: String, _ trial: ModuleTrial) throws {
            guard let bytes = Input.bytes(from: path), let claims = (try? JSON(parsing: bytes))?.members else {
                throw ConfigurationError(.unreadableFile, "`\(path.printable)` cannot be read, or is not a JSON object")
            }
            let transformed: [String: JSON]
            do { transformed = try trial.transform(claims, of: IssuerIdentifier(issuer)) } catch {
                let isUndecided = error is TransformerUnavailable
                Output.error("the transformer " + (isUndecided ? "could not decide" : "refuses these claims"))
                throw isUndecided ? ProgramExit.unavailable : ProgramExit.tokenInvalid
            }
            Output.json(.object(transformed))
        }

        /// The claims, with issuer, audience and expiry as they count, also where the module left them out.
        private static func shown(_ authInfo: AuthInfo) -> JSON {
            var claims = authInfo.claims.members
            claims["iss"] = .string(authInfo.issuer.description)
            claims["aud"] = .array(authInfo.audience.map(JSON.string))
            claims["exp"] = .integer(Int64(authInfo.expiresAt.secondsSinceEpoch))
            return .object(claims)
        }

        private func verify(tokenIn path: String, _ trial: ModuleTrial) async throws {
            // As it is, without the line end: a module may know tokens that look like nothing else.
            guard var token = Input.bytes(from: path) else {
                throw ConfigurationError(.unreadableFile, "`\(path.printable)` cannot be read, or has more than 1 MiB")
            }
            while token.last == UInt8(ascii: "\n") || token.last == UInt8(ascii: "\r") { token.removeLast() }
            let mcpAuth = try MCPAuth(try trial.configuration())
            let protected = try mcpAuth.protectedResource(ModuleTrial.resource)
            let call = try PolicyCall(reading: "initialize")
            var trace: DecisionTrace? = DecisionTrace()
            let request = call.request(of: token, at: protected)
            let decision = await AuthorizationEngine.authorize(request, at: protected, now: .now(), trace: &trace)
            if let trace { Output.line(TraceText(trace).revealed) }
            switch decision {
            case .allow(let authInfo):
                if let authInfo { Output.json(Self.shown(authInfo)) }
            case .deny(let denial): throw ProgramExit.code(for: denial)
            }
        }
    }
}
#endif
