// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// A policy document that took part in a decision.
package struct PolicyIdentity: Sendable, Hashable {
    /// The file as the operator named it, or `code` for scopes that an application requires.
    package let file: String
    /// The SHA-256 of the file, in hexadecimal; empty for `code`.
    package let sha256: String

    package init(file: String, sha256: String) {
        self.file = file
        self.sha256 = sha256
    }
}

/// The result of one rule for one request.
package struct RuleFinding: Sendable, Hashable {
    /// The result of a rule or condition.
    package enum Result: String, Sendable, CaseIterable {
        /// The rule applies: an allow rule allows, a deny rule fires, a requirement is met.
        case isTrue = "true"
        /// It does not apply.
        case isFalse = "false"
        /// A claim that it needs is missing or has another type; a deny rule fires in this case.
        case unknown
        /// It does not cover the operation of the request.
        case notApplicable = "not_applicable"
    }

    /// The result of one condition on one claim.
    package struct Leaf: Sendable, Hashable {
        /// The place of the condition in the file, as a JSON Pointer.
        package let pointer: String
        /// The result of the condition.
        package let result: Result

        package init(pointer: String, result: Result) {
            self.pointer = pointer
            self.result = result
        }
    }

    /// The file of the rule.
    package let file: String
    /// The id of the rule.
    package let id: String
    /// `allow`, `deny` or `require`.
    package let effect: String
    /// Whether the rule is enforced; a rule in shadow mode decides nothing.
    package let isEnforced: Bool
    /// The result of the rule.
    package let result: Result
    /// The place in the file that led to the result, as a JSON Pointer.
    package let pointer: String
    /// The reason for the result, in words; claim values are redacted unless they were requested.
    package let why: String
    /// The results of all conditions on claims, in the order of the file.
    package let leaves: [Leaf]

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

/// The decision of a policy with the results of its rules.
package struct PolicyExplanation: Sendable {
    package let answer: PolicyDecision
    /// The rules of all documents, in file order; for a batch, those of each message.
    package let rules: [RuleFinding]

    package init(answer: PolicyDecision, rules: [RuleFinding]) {
        self.answer = answer
        self.rules = rules
    }
}
