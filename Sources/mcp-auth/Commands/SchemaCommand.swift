// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthJSON

/// `mcp-auth schema`: prints the JSON Schema of a kind of file.
struct SchemaCommand: ParsableCommand {
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case server
        case policy
        case policyTest = "policy-test"
        case provider
        case revocations
        case decision

        var schema: JSON? { PublishedSchemas.all.first { $0.key == rawValue + "-1" }?.value }
    }

    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a kind of file, for editors and validators.",
        discussion: """
            With `--config`, the schema of a server configuration also has the schemas of the modules that the file \
            names. They are loaded for that.
            """
    )

    @Argument(help: "The kind of file.")
    var kind: Kind

    @Option(name: .shortAndLong, help: "A server configuration, whose modules the schema describes too.")
    var config: String?

    func validate() throws {
        guard config == nil || kind == .server else { throw ValidationError("--config is for `server` only") }
    }

    func run() throws {
        if let config {
            Output.json(try ModuleSchemas.serverSchema(withModulesOf: config))
            return
        }
        if let schema = kind.schema { Output.json(schema) }
    }
}
#endif
