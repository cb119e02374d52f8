// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

extension PolicyCommand {
    /// `mcp-auth policy explain`.
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Explain a decision, rule by rule.",
            discussion: """
                Without --claims and --token, the caller has no token. With policy files, claims are used unchanged. \
                With --config and --resource, the issuers, mappings, bounds and policies of that resource apply, and \
                --token is verified as the server would.

                  mcp-auth policy explain notes.json --claims alice.json --call tools/call:create_note
                  mcp-auth policy explain --config mcp-auth.json --resource URL --token token.txt --call ping
                """
        )

        @Option(name: .shortAndLong, help: "A configuration file.")
        var config: String?

        @Option(help: "The resource identifier; with --config one of its resources.")
        var resource: String?

        @Option(help: "A file with the claims of a token as a JSON object, `-` for standard input.")
        var claims: String?

        @Option(help: "A file with a token, `-` for standard input; needs --config.")
        var token: String?

        @Option(help: "`tools/call:NAME`, another MCP method, `@stream`, `@session-end`, or `GET /path`.")
        var call: String

        @Option(help: "The arguments of a call, as a JSON object; without them, conditions on arguments are unknown.")
        var arguments: String?

        @Flag(help: "Show the values of claims, arguments and captures.")
        var reveal = false

        @Flag(help: "Print JSON.")
        var json = false

        @Argument(help: "Policy files, evaluated together as those of one resource.")
        var policies: [String] = []

        func validate() throws {
            guard (config == nil) != policies.isEmpty else {
                throw ValidationError("name policy files, or a --config with a --resource")
            }
            guard config == nil || resource != nil else { throw ValidationError("--config needs --resource") }
            guard token == nil || (config != nil && claims == nil) else {
                throw ValidationError("--token needs --config, and excludes --claims")
            }
            do {
                _ = try policyCall()
            } catch let mistake as PolicyCall.Mistake {
                throw ValidationError("--call: \(mistake)")
            } catch let error as ConfigurationError {
                throw ValidationError("\(error)")
            }
        }

        func run() async throws {
            let call = try policyCall()
            let began = ContinuousClock.now
            var trace = try await decide(call)
            trace.duration = (ContinuousClock.now - began).inSeconds
            if json {
                Output.json(trace.json)
            } else {
                Output.line(reveal ? TraceText(trace).revealed : TraceText(trace).whole)
            }
            guard case .deny(let denial)? = trace.decision else { return }
            throw ProgramExit.code(for: denial)
        }

        private func policyCall() throws -> PolicyCall {
            guard let arguments else { return try PolicyCall(reading: call) }
            let limits = JSONDocument.Limits.fetched
            let bytes = Array(arguments.utf8)
            let root: JSONView
            do throws(JSONParsingError) {
                root = try JSONDocument(parsing: bytes, limits: limits).root
            } catch {
                throw DocumentReader.error(error, in: "--arguments", bytes, limits)
            }
            guard root.kind == .object else { throw ValidationError("--arguments is not a JSON object") }
            return try PolicyCall(reading: call, arguments: JSON(root))
        }

        private func decide(_ call: PolicyCall) async throws -> DecisionTrace {
            let given = try claims.map(readClaims)
            guard let config, let resource else {
                var mistakes = Mistakes()
                var compiled: [CompiledPolicy] = []
                for path in policies {
                    do {
                        compiled.append(try PolicyFiles.policy(at: path))
                    } catch let error as ConfigurationError {
                        mistakes.add(error)
                    }
                }
                try mistakes.check()
                let name = resource ?? "https://resource.test/mcp"
                let trial = try PolicyTrial(
                    compiled,
                    resource: name,
                    claims: given?.claims ?? [:],
                    payload: given?.text
                )
                return await trial.decide(call, hasToken: given != nil, now: .now(), revealingClaims: reveal)
            }
            let mcpAuth = try MCPAuth(try ConfigurationFile(path: config, environment: Input.environment).configuration)
            let protected = try mcpAuth.protectedResource(resource)
            if let token {
                let request = call.request(of: try Input.token(from: token), at: protected)
                var trace: DecisionTrace? = DecisionTrace(revealingClaims: reveal)
                _ = await AuthorizationEngine.authorize(request, at: protected, now: .now(), trace: &trace)
                return trace ?? DecisionTrace()
            }
            let trial = PolicyTrial(at: protected, claims: given?.claims ?? [:], payload: given?.text)
            return await trial.decide(call, hasToken: given != nil, now: .now(), revealingClaims: reveal)
        }

        /// The claims, and their JSON text, which may contain values that cannot be represented.
        private func readClaims(_ path: String) throws -> (claims: JSON, text: [UInt8]) {
            guard let bytes = Input.bytes(from: path) else {
                throw ConfigurationError(.unreadableFile, "cannot read the claims from `\(path.printable)`")
            }
            let limits = JSONDocument.Limits.fetched
            do throws(JSONParsingError) {
                let root = try JSONDocument(parsing: bytes, limits: limits).root
                if root.kind == .object { return (JSON(root), bytes) }
            } catch {
                throw DocumentReader.error(error, in: path, bytes, limits)
            }
            throw ConfigurationError(.wrongType, "the claims in `\(path.printable)` are not a JSON object")
        }
    }
}
#endif
