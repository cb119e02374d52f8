// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthVerification

/// `mcp-auth provider`: checks whether an authorization server suits MCP clients, and shows provider profiles.
struct ProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Check authorization servers, and show provider profiles.",
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
            abstract: "Test whether an authorization server is compatible with MCP.",
            discussion: """
                Looks for metadata where MCP clients do, in their order: RFC 8414, OpenID Connect with the path \
                inserted, OpenID Connect with the path appended. Uses the first document that has what clients need. \
                Then it fetches the keys that tokens are verified with.
                """
        )

        @Argument(help: "The issuer identifier.")
        var issuer: String

        func run() async throws {
            let check = try await MCPAuth.clientDiscovery(of: IssuerIdentifier(issuer))
            if let place = check.place { Output.line("metadata found by \(place)") }
            for finding in check.findings {
                let padding = String(repeating: " ", count: 9 - finding.severity.rawValue.count)
                let line = "\(finding.severity.rawValue)\(padding)\(finding.code): \(finding.description)"
                check.isUnreachable ? Output.error(line) : Output.line(line)
            }
            guard !check.isUnreachable else {
                Output.error("no metadata of `\(issuer.printable)`: no place responded")
                throw ProgramExit.unavailable
            }
            Output.line(check.isGood ? "Compatible with MCP" : "Not compatible with MCP")
            if !check.isGood { throw ProgramExit.invalid }
        }
    }
}
#endif
