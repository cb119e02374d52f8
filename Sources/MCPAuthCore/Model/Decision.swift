// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The engine's answer.
public enum Decision: Sendable {
    case allow(AuthInfo)
    // Apart, so that an answer is one word to hand on.
    indirect case deny(Denial)
}

/// The result of one stage: something to go on with, or the end.
package enum Checked<Value> {
    case passed(Value)
    // Apart, so that what passes is not moved around in room for a denial.
    indirect case denied(Denial)
}

extension Checked: Sendable where Value: Sendable {}
