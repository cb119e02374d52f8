// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// Writes a policy or test file in the one layout of this project.
///
/// Keys come in the order of the grammar, so that two people who write the same rule write the same text. A value that
/// fits on a line is on one line; values are not changed, and `description` and `$comment` are kept.
package struct PolicyFormat: Sendable {
    /// The maximum length of a line, in characters, unless one value is longer.
    private static let width = 116
    private static let policyOrder = order([
        PolicyGrammar.documentKeys, PolicyGrammar.ruleKeys, PolicyGrammar.scopeKeys, PolicyGrammar.conditionKeys,
    ])
    private static let testOrder = order([
        PolicyTestGrammar.document.keys, PolicyTestGrammar.test.keys, PolicyTestGrammar.expect.keys,
    ])

    private let ranks: [String: Int]

    /// - Throws: `ConfigurationError` when the file cannot be loaded, or has a value that could not be written again.
    package static func format(file: String, bytes: [UInt8]) throws(ConfigurationError) -> [UInt8] {
        let isTest = file.hasSuffix(".test.json")
        if isTest {
            _ = try PolicyTestFile(file: file, bytes: bytes)
        } else {
            _ = try CompiledPolicy(file: file, bytes: bytes)
        }
        let document = try DocumentReader(file: file, bytes: bytes)
        let root = JSON(document.root)
        guard root.encoded() == root.encodedExactly() else {
            throw document.error(.invalidValue, "a number in the file cannot be written without a loss", at: .root)
        }
        let format = PolicyFormat(ranks: isTest ? testOrder : policyOrder)
        return Array((format.text(document.root, depth: 0) + "\n").utf8)
    }

    private init(ranks: [String: Int]) {
        self.ranks = ranks
    }

    /// The rank of each key: `$schema`, what names an object, comments, then the keys of the grammars.
    private static func order(_ grammars: [[String]]) -> [String: Int] {
        let first = ["$schema", "version", "id", "name", "description", "$comment"]
        var ranks: [String: Int] = [:]
        for key in first + grammars.flatMap({ $0 }) where ranks[key] == nil { ranks[key] = ranks.count }
        return ranks
    }

    private func sorted(_ members: [(name: String, value: JSONView)]) -> [(name: String, value: JSONView)] {
        // Keys that are names, such as those of claims, have no rank and stay in their order.
        members.enumerated().sorted { left, right in
            let (one, other) = (ranks[left.element.name] ?? .max, ranks[right.element.name] ?? .max)
            return one == other ? left.offset < right.offset : one < other
        }.map(\.element)
    }

    private func text(_ value: JSONView, depth: Int) -> String {
        let line = line(value)
        // The members of a file are always on lines of their own.
        if depth > 0, line.count + 2 * depth <= Self.width { return line }
        let indent = String(repeating: "  ", count: depth + 1)
        let end = "\n" + String(repeating: "  ", count: depth)
        if let members = value.members, !members.isEmpty {
            let lines = sorted(members).map { name, value in
                "\(indent)\(Self.text(.string(name))): \(text(value, depth: depth + 1))"
            }
            return "{\n" + lines.joined(separator: ",\n") + end + "}"
        }
        if let elements = value.array, !elements.isEmpty {
            let lines = elements.map { indent + text($0, depth: depth + 1) }
            return "[\n" + lines.joined(separator: ",\n") + end + "]"
        }
        return line
    }

    private func line(_ value: JSONView) -> String {
        if let members = value.members, !members.isEmpty {
            let parts = sorted(members).map { "\(Self.text(.string($0))): \(line($1))" }
            return "{ " + parts.joined(separator: ", ") + " }"
        }
        if let elements = value.array { return "[" + elements.map(line).joined(separator: ", ") + "]" }
        return Self.text(JSON(value))
    }

    private static func text(_ value: JSON) -> String { String(decoding: value.encoded(), as: UTF8.self) }
}
