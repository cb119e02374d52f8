// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// Observes decisions of a ``RequestGuard``, such as for tracing.
package protocol DecisionObserver: AnyObject, Sendable {
    /// Calls `decide`, once, which decides about a request, and returns its result.
    ///
    /// The ``DecisionRecord`` of the decision is made meanwhile, in the same task.
    ///
    /// - Parameter request: The request of the client.
    func observe<Decided>(_ request: HTTPRequest, _ decide: () async throws -> Decided) async rethrows -> Decided
}
