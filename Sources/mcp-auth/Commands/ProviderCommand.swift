// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthVerification

/// `mcp-auth provider`: whether an authorization server suits MCP clients.
struct ProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Look at authorization servers.",
        subcommands: [Check.self, Profiles.self]
    )

    /// `mcp-auth provider profiles`.
    struct Profiles: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the provider profiles that configurations can name, or show one."
        )

        @Argument(help: "The name of a profile, or the path of a profile file.")
        var name: String?

        func run() throws {
            guard let name else {
                for profile in try ProviderProfile.names.compactMap(ProviderProfile.named) {
                    let padding = String(repeating: " ", count: max(1, 16 - profile.name.count))
                    Output.line("\(profile.name)\(padding)\(profile.issuerForm)")
                }
                return
            }
            let isFile = name.contains("/") || name.hasSuffix(".json")
            guard let profile = try isFile ? ProviderProfile(file: name) : ProviderProfile.named(name) else {
                Output.error("no profile is named `\(name)`; `mcp-auth provider profiles` lists them")
                throw ProgramExit.invalid
            }
            Output.line("\(profile.name): \(profile.summary)")
            Output.line("issuer         \(profile.issuerForm)")
            if !profile.documentation.isEmpty { Output.line("documentation  \(profile.documentation)") }
            for note in profile.notes { Output.line("note           \(note)") }
        }
    }

    /// `mcp-auth provider check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Test whether an authorization server is compatible with MCP."
        )

        @Argument(help: "The issuer identifier.")
        var issuer: String

        func run() async throws {
            var lastError = "not tried"
            for (name, discovery) in [("RFC 8414", AuthorizationServer.Discovery.oauth), ("OpenID Connect", .oidc)] {
                let server = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: discovery)
                let directory = try MCPAuth.directory(for: server, dangerouslyAllowHTTP: false)
                guard let metadata = await directory.metadata(now: .now()) else {
                    lastError = directory.lastError ?? lastError
                    continue
                }
                return try report(MetadataValidation(metadata), foundBy: name)
            }
            Output.error("no metadata of `\(issuer)`: \(lastError)")
            throw ProgramExit.unavailable
        }

        private func report(_ validation: MetadataValidation, foundBy name: String) throws {
            Output.line("metadata found by \(name) discovery")
            for finding in validation.successes { Output.line("ok       \(finding.code): \(finding.description)") }
            for finding in validation.warnings { Output.line("warning  \(finding.code): \(finding.description)") }
            for finding in validation.errors { Output.line("error    \(finding.code): \(finding.description)") }
            Output.line(validation.isValid ? "Compatible with MCP" : "Not compatible with MCP")
            if !validation.isValid { throw ProgramExit.invalid }
        }
    }
}
#endif
