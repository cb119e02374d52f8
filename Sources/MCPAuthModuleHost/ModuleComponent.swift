// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthCore

/// A verifier or transformer that a module offers.
package struct ModuleComponent: Sendable {
    package enum Kind: String, Sendable {
        case verifier
        case transformer
    }

    /// What the module says about it.
    struct Facts: Sendable {
        let kind: Kind
        let name: String
        let schemaText: String
        /// The flags of a verifier; 0 for a transformer.
        let flags: UInt32
        /// The names of the request fields that a verifier receives, in lower case.
        let requestFields: [String]
    }

    /// Where its functions run.
    enum Home: Sendable {
        case thisProcess(ModuleFunctions)
        /// In a process of their own.
        case ownProcess(ModuleProgram)
    }

    /// The name of the module that offers it.
    package let moduleName: String
    package let kind: Kind
    package let name: String
    /// The JSON Schema of its configuration.
    package let schemaText: String
    /// The names of the request fields that a verifier receives, in lower case.
    package let requestFields: [String]
    let schema: ModuleSchema
    let flags: UInt32
    let home: Home

    struct Fault: Error {
        let reason: String
    }

    init(_ facts: Facts, of module: String, home: Home) throws(Fault) {
        moduleName = module
        kind = facts.kind
        name = facts.name
        schemaText = facts.schemaText
        flags = facts.flags
        requestFields = try Self.checked(facts.requestFields)
        self.home = home
        do throws(ModuleSchema.Fault) { schema = try ModuleSchema(text: facts.schemaText) } catch {
            throw Fault(reason: error.reason)
        }
    }

    static let mostFields = 32
    /// Fields that carry the credentials of the client; the token is in the request already.
    private static let neverPassed: Set<String> = ["authorization", "cookie", "proxy-authorization"]

    private static func checked(_ fields: [String]) throws(Fault) -> [String] {
        for (index, name) in fields.enumerated() {
            guard name == name.lowercased(), !neverPassed.contains(name), index < mostFields else {
                throw Fault(
                    reason: "`request_fields` has `\(name.printable)`: names are in lower case, at most \(mostFields), "
                        + "without \(neverPassed.sorted().joined(separator: ", "))"
                )
            }
        }
        return fields
    }

    private func has(_ flag: UInt32) -> Bool { flags & flag != 0 }

    /// Whether functions of one instance may run at the same time; transformers always may.
    package var isReentrant: Bool { kind == .transformer || has(MCP_AUTH_VERIFIER_REENTRANT) }
    /// Whether the verdict depends on the token, the configuration and the clock alone.
    package var isPure: Bool { kind == .transformer || has(MCP_AUTH_VERIFIER_PURE) }
    /// Whether a verifier is told the unverified issuer.
    package var needsIssuer: Bool { has(MCP_AUTH_VERIFIER_NEEDS_ISSUER) }
    /// Whether the body of a request is read before it is verified.
    package var needsOperation: Bool { has(MCP_AUTH_VERIFIER_NEEDS_OPERATION) }
}
