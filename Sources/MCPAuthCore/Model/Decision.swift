// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The engine's answer.
public enum Decision: Sendable {
    case allow(AuthInfo)
    case deny(Denial)
}

/// How a decision came about, for `explain` and debugging.
///
/// It holds names of stages, reasons and rules; never a token or a claim value.
public struct DecisionTrace: Sendable {
    /// One stage of the request.
    public struct Step: Sendable, Hashable {
        /// `route`, `verify`, `floor` or `policy`.
        public let stage: String
        /// What the stage found, in words.
        public let finding: String
    }

    /// The stages in the order they ran.
    public private(set) var steps: [Step] = []

    package init() {}

    package mutating func record(_ stage: String, _ finding: @autoclosure () -> String) {
        steps.append(Step(stage: stage, finding: finding()))
    }
}

/// The result of one stage: something to go on with, or the end.
package enum Stage<Value> {
    case passed(Value)
    case denied(Denial)
}

extension Stage: Sendable where Value: Sendable {}
