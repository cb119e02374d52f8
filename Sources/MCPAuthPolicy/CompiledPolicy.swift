// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// A policy document, read, checked and ready to be evaluated; immutable.
package final class CompiledPolicy: Sendable {
    package let identity: PolicyIdentity
    let rules: [PolicyRule]
    let scopeTable: ScopeTable
    /// The scopes of the short form.
    let requiredScopes: ScopeSet
    /// False when the whole file is in shadow mode.
    let isEnforced: Bool
    private let requiredBits: ScopeBits
    private let index: RuleIndex

    /// Reads a policy file.
    ///
    /// - Parameter sha256: The SHA-256 of `bytes` in hexadecimal, which decisions are labelled with.
    /// - Throws: ``ConfigurationError`` with file, line and column.
    package convenience init(file: String, bytes: [UInt8], sha256: String = "") throws(ConfigurationError) {
        let document = try DocumentReader(file: file, bytes: bytes)
        let root = try document.rootObject(allowing: PolicyGrammar.document.keys)
        guard try root.required("version", try root.integer("version", in: .min ... .max)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        let requiredScopes = try root.scopes(try root.strings("required_scopes") ?? [], "required_scopes")
        let isEnforced = try root.boolean("enforce") ?? true
        let table = try ScopeTable.read(root)
        var rules: [PolicyRule.Parts] = []
        var ids = Set<String>()
        for element in try root.elements("rules") ?? [] {
            var rule = try PolicyRule.Parts.read(element.value, at: element.pointer, in: document)
            if !isEnforced { rule.isEnforced = false }
            guard ids.insert(rule.id).inserted else {
                throw document.error(
                    .duplicate,
                    "another rule has the id `\(rule.id.printable)`",
                    at: element.pointer.appending("id")
                )
            }
            rules.append(rule)
        }
        self.init(PolicyIdentity(file: file, sha256: sha256), requiredScopes, isEnforced, rules, table)
    }

    private init(
        _ identity: PolicyIdentity,
        _ requiredScopes: ScopeSet,
        _ isEnforced: Bool,
        _ parts: [PolicyRule.Parts],
        _ table: ScopeTable
    ) {
        var table = table
        self.identity = identity
        self.requiredScopes = requiredScopes
        self.isEnforced = isEnforced
        requiredBits = table.bits(naming: requiredScopes)
        rules = parts.map { PolicyRule($0, scopes: &table) }
        table.finish()
        scopeTable = table
        index = RuleIndex(rules)
    }

    /// The short form in code: these scopes for every operation.
    package static func requiring(_ scopes: ScopeSet) -> CompiledPolicy {
        CompiledPolicy(PolicyIdentity(file: "code", sha256: ""), scopes, true, [], ScopeTable(implied: [:]))
    }

    /// Whether scopes worth this much satisfy the short form.
    func hasRequiredScopes(_ granted: ScopeBits) -> Bool {
        granted.isSuperset(of: requiredBits)
    }

    /// Calls `body` with each rule about an operation, and its position; not in order.
    func forEachRule(
        about operation: PolicyOperation,
        _ message: MCPMessage?,
        _ body: (PolicyRule, Int) -> Void
    ) {
        index.forEachCandidate(operation, message) { position, isCertain in
            let rule = rules[position]
            if isCertain ? rule.matchesHTTP(operation) : rule.isAbout(operation, message) {
                body(rule, position)
            }
        }
    }
}
