// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

extension PolicyCommand {
    /// `mcp-auth policy show`.
    struct Show: ParsableCommand {
        enum Format: String, CaseIterable, ExpressibleByArgument {
            case text
            case markdown
            case json
        }

        static let configuration = CommandConfiguration(
            abstract: "Show at a glance who may do what, and what it takes.",
            discussion: """
                A row for each rule: the operations, the callers, the scopes, the conditions and the sign-in. What no \
                row allows is denied; a deny or an unmet require beats every allow.

                  mcp-auth policy show notes.json --format markdown
                  mcp-auth policy show --config mcp-auth.json
                """
        )

        @Option(name: .shortAndLong, help: "A configuration file whose resources are shown.")
        var config: String?

        @Option(help: "`text`, `markdown` or `json`.")
        var format = Format.text

        @Argument(help: "Policy files, shown together as those of one resource.")
        var files: [String] = []

        func validate() throws {
            guard files.isEmpty != (config == nil) else { throw ValidationError("name policy files, or a --config") }
        }

        func run() throws {
            var tables: [(title: String?, table: PolicyTable)] = []
            if let config {
                let file = try ConfigurationFile(path: config, environment: Input.environment)
                for resource in file.configuration.resources {
                    let table = PolicyTable(resource.policies.map(\.compiled))
                    tables.append(("\(resource.metadata.resource)", table))
                }
            } else {
                tables.append((nil, PolicyTable(try files.map { try PolicyFiles.policy(at: $0) })))
            }
            switch format {
            case .json:
                Output.json(
                    .array(tables.map { ["resource": $0.title.map(JSON.string) ?? .null, "rules": $0.table.json] })
                )
            case .text, .markdown:
                for (title, table) in tables {
                    if let title { Output.line(format == .markdown ? "## \(title)\n" : "\(title)") }
                    Output.line(format == .markdown ? table.markdown : table.text)
                }
            }
        }
    }
}
#endif
