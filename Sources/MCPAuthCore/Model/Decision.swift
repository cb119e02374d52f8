// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The decision of the engine about a request.
public enum Decision: Sendable {
    /// The request may be handled, for this caller; `nil` for a caller without a token, where the policy allows anyone.
    case allow(AuthInfo?)
    /// The request must be refused.
    // Indirect, so that a decision fits into one word.
    indirect case deny(Denial)
}

/// The result of one stage: a value to continue with, or a denial.
package enum Checked<Value> {
    case passed(Value)
    // Indirect, so that a value does not need room for a denial.
    indirect case denied(Denial)
}

extension Checked: Sendable where Value: Sendable {}
