// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// A policy document, read, checked and ready to be evaluated; immutable.
package struct CompiledPolicy: Sendable {
    let rules: [PolicyRule]
    let scopeGraph: ScopeGraph
    /// The scopes of the short form.
    let requiredScopes: ScopeSet
    private let index: RuleIndex

    /// Reads a policy file.
    ///
    /// - Throws: ``ConfigurationError`` with file, line and column.
    package init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        let document = try DocumentReader(file: file, bytes: bytes)
        let root = try document.rootObject(allowing: ["version", "required_scopes", "scope_implies", "rules"])
        guard try root.required("version", try root.integer("version", in: .min ... .max)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        requiredScopes = try PolicyRule.scopeSet(try root.strings("required_scopes") ?? [], "required_scopes", root)
        scopeGraph = try ScopeGraph.read(root)
        var rules: [PolicyRule] = []
        var ids = Set<String>()
        for element in try root.elements("rules") ?? [] {
            let rule = try PolicyRule.read(element.value, at: element.pointer, in: document)
            guard ids.insert(rule.id).inserted else {
                throw document.error(
                    .duplicate,
                    "another rule has the id `\(rule.id.printable)`",
                    at: element.pointer.appending("id")
                )
            }
            rules.append(rule)
        }
        self.rules = rules
        index = RuleIndex(rules)
    }

    private init(requiredScopes: ScopeSet) {
        rules = []
        index = RuleIndex([])
        scopeGraph = .empty
        self.requiredScopes = requiredScopes
    }

    /// The short form in code: these scopes for every operation.
    package static func requiring(_ scopes: ScopeSet) -> CompiledPolicy {
        CompiledPolicy(requiredScopes: scopes)
    }

    /// The enforced rules about an operation, in file order.
    func rules(about operation: PolicyOperation, _ message: MCPMessage?) -> [PolicyRule] {
        index.candidates(for: message).map { rules[$0] }
            .filter { $0.isEnforced && $0.isAbout(operation, message) }
    }

    /// Every scope the policy names.
    package var scopesNamed: ScopeSet {
        rules.reduce(requiredScopes) { $0.union($1.allScopes).union($1.anyScopes) }
    }
}
