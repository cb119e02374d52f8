// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Finds the rules that may be about a message without looking at the others.
///
/// It may name a rule whose targets do not match, never leave out one whose targets do: ``Targets`` decides.
struct RuleIndex: Sendable {
    private let all: [Int]
    /// Rules that no exact name leads to: for any target, for HTTP only, with a pattern, or with `@basics`.
    private let unnamed: [Int]
    private let byMethod: [String: [Int]]
    private let byTool: [String: [Int]]

    init(_ rules: [PolicyRule]) {
        var unnamed: [Int] = []
        var byMethod: [String: [Int]] = [:]
        var byTool: [String: [Int]] = [:]
        for (position, rule) in rules.enumerated() {
            guard let names = rule.targets.exactNames else {
                unnamed.append(position)
                continue
            }
            for method in names.methods { byMethod[method, default: []].append(position) }
            for tool in names.tools { byTool[tool, default: []].append(position) }
        }
        all = Array(rules.indices)
        self.unnamed = unnamed
        self.byMethod = byMethod
        self.byTool = byTool
    }

    /// Positions of rules in file order; every rule when the message is not known.
    func candidates(for message: MCPMessage?) -> [Int] {
        guard let message else { return all }
        guard case .call(let method, let name) = message else { return unnamed }
        let tools = method == "tools/call" ? name.flatMap { byTool[$0] } ?? [] : []
        let named = (byMethod[method] ?? []) + tools
        return named.isEmpty ? unnamed : Set(unnamed + named).sorted()
    }
}
