// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Which policy document took part in a decision.
public struct PolicyIdentity: Sendable, Hashable {
    /// The file as the operator named it, or `code` for scopes that an application requires.
    public let file: String
    /// The SHA-256 of the file, in hexadecimal; empty for `code`.
    public let sha256: String

    package init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}

/// How one rule came out for one request.
public struct RuleFinding: Sendable, Hashable {
    /// What became of the rule.
    public enum Result: String, Sendable, CaseIterable {
        /// It applies: an allow rule allows, a deny rule fires, a requirement is met.
        case isTrue = "true"
        /// It does not apply.
        case isFalse = "false"
        /// A claim it asks about is missing or of another type; a deny rule fires all the same.
        case unknown
        /// It is about other operations.
        case notApplicable = "not_applicable"
    }

    /// The result of one condition on one claim.
    public struct Leaf: Sendable, Hashable {
        /// Where the condition stands in the file, as a JSON Pointer.
        public let pointer: String
        /// What it came to.
        public let result: Result

        package init(pointer: String, result: Result) {
            self.pointer = pointer
            self.result = result
        }
    }

    /// The file of the rule.
    public let file: String
    /// The id of the rule.
    public let id: String
    /// `allow`, `deny` or `require`.
    public let effect: String
    /// False in shadow mode, in which a rule decides nothing.
    public let isEnforced: Bool
    /// What became of it.
    public let result: Result
    /// Where that was decided: a JSON Pointer into the file.
    public let pointer: String
    /// Why, in words; claim values are redacted unless asked for.
    public let why: String
    /// Every condition on a claim, in the order of the file.
    public let leaves: [Leaf]

    package init(
        file: String,
        id: String,
        effect: String,
        isEnforced: Bool,
        result: Result,
        pointer: String,
        why: String,
        leaves: [Leaf]
    ) {
        self.file = file
        self.id = id
        self.effect = effect
        self.isEnforced = isEnforced
        self.result = result
        self.pointer = pointer
        self.why = why
        self.leaves = leaves
    }

    package var json: JSON {
        [
            "file": .string(file), "id": .string(id), "effect": .string(effect), "enforce": .boolean(isEnforced),
            "result": .string(result.rawValue), "pointer": .string(pointer), "why": .string(why),
        ]
    }
}

/// A policy's answer with every rule that led to it.
package struct PolicyExplanation: Sendable {
    package let answer: PolicyDecision
    /// The rules of every document, in file order; for a batch those of each message.
    package let rules: [RuleFinding]

    package init(answer: PolicyDecision, rules: [RuleFinding]) {
        self.answer = answer
        self.rules = rules
    }
}
