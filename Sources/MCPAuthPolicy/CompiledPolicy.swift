// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// A policy document, read, checked and ready for evaluation; immutable.
package final class CompiledPolicy: Sendable {
    package let identity: PolicyIdentity
    package let rules: [PolicyRule]
    package let scopeTable: ScopeTable
    let argumentTable: ArgumentTable
    /// The scopes of the short form, `required_scopes`.
    package let requiredScopes: ScopeSet
    /// False when the whole file is in shadow mode.
    package let isEnforced: Bool
    private let requiredBits: ScopeBits
    let index: RuleIndex

    /// Reads a policy file.
    ///
    /// - Parameter sha256: The SHA-256 of `bytes` in hexadecimal, which identifies the policy in decisions.
    /// - Throws: ``ConfigurationError`` with file, line and column; it also has the other mistakes of the file.
    package convenience init(file: String, bytes: [UInt8], sha256: String = "") throws(ConfigurationError) {
        let document = try DocumentReader(file: file, bytes: bytes)
        try document.refuseOtherVersions()
        var mistakes = Mistakes()
        let root = document.object(
            document.root,
            at: .root,
            allowing: PolicyGrammar.document.keys + ["$schema"],
            foreign: PolicyWords.document,
            noting: &mistakes
        )
        if let root, document.root["version"] == nil {
            mistakes.add(root.absence(of: ["version"], .missingKey, "missing key `version`"))
        }
        let requiredScopes = mistakes.noting(
            try root?.scopes(try root?.strings("required_scopes") ?? [], "required_scopes")
        )
        let isEnforced = mistakes.noting(try root?.boolean("enforce")) ?? true
        let table = mistakes.noting(try root.map(ScopeTable.read))
        var rules: [PolicyRule.Parts] = []
        var ids = Set<String>()
        for element in mistakes.noting(try root?.elements("rules")) ?? [] where !mistakes.isFull {
            let read = PolicyRule.Parts.read(element.value, at: element.pointer, in: document, &mistakes)
            if let id = read.id, !ids.insert(id).inserted {
                let message = "another rule has the id `\(id.printable)`"
                mistakes.add(document.error(.duplicate, message, at: element.pointer.appending("id")))
            }
            guard var rule = read.rule else { continue }
            if !isEnforced { rule.isEnforced = false }
            rules.append(rule)
        }
        try mistakes.check()
        self.init(
            PolicyIdentity(file: file, sha256: sha256),
            requiredScopes ?? [],
            isEnforced,
            rules,
            table ?? ScopeTable(implied: [:])
        )
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
        var arguments = ArgumentTable()
        rules = parts.map { PolicyRule($0, scopes: &table, arguments: &arguments) }
        table.finish()
        scopeTable = table
        argumentTable = arguments
        index = RuleIndex(rules)
    }

    /// The short form in code: a policy that requires these scopes for every operation.
    package static func requiring(_ scopes: ScopeSet) -> CompiledPolicy {
        CompiledPolicy(PolicyIdentity(file: "code", sha256: ""), scopes, true, [], ScopeTable(implied: [:]))
    }

    /// Whether the granted scopes satisfy the short form.
    package func hasRequiredScopes(_ granted: ScopeBits) -> Bool {
        granted.isSuperset(of: requiredBits)
    }

    /// Calls `body` once for each rule about an operation, with its position, in no particular order.
    package func forEachRule(
        about request: ProtectedResourceRequest,
        _ message: MCPMessage?,
        _ body: (PolicyRule, Int) -> Void
    ) {
        var found = FoundRules(request: request)
        guard index.visitCandidates(request, message, &found) else {
            for (position, rule) in rules.enumerated() where rule.isAbout(request, message) { body(rule, position) }
            return
        }
        for (rule, position) in found.rules { body(rule, position) }
    }

    private struct FoundRules: CandidateVisitor {
        let request: ProtectedResourceRequest
        var rules: [(PolicyRule, Int)] = []

        mutating func visit(
            _ rule: PolicyRule,
            at position: Int,
            _ hit: RuleIndex.Hit,
            _ method: String,
            _ name: String
        ) {
            if rule.isAbout(request, found: hit, method, name) { rules.append((rule, position)) }
        }
    }
}

extension DocumentReader {
    /// Refuses a file of another version before its other keys are read, since they may mean something else.
    package func refuseOtherVersions() throws(ConfigurationError) {
        guard let version = root["version"] else { return }
        let place = JSONPointer(tokens: ["version"])
        guard version.kind == .number else {
            throw error(.wrongType, "`version` is \(version.kind.inWords), expected 1", at: place)
        }
        guard version.integer == 1 else { throw error(.unsupportedVersion, "this program reads version 1", at: place) }
    }
}
