// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// Decides whether a caller may do what the request wants, after the floor rules passed.
///
/// Implementations are pure: the same input gives the same outcome. What they do not understand they deny.
package protocol PolicyEvaluator: Sendable {
    func evaluate(_ input: PolicyInput) -> PolicyOutcome

    /// The scopes to ask a client for that sent no token: those this operation needs whoever calls; empty when the
    /// policy does not know.
    func scopesToRequest(for operation: PolicyOperation) -> ScopeSet
}

/// What a policy may look at.
package struct PolicyInput: Sendable {
    package let authInfo: AuthInfo
    package let operation: PolicyOperation
    package let now: NumericDate

    package init(authInfo: AuthInfo, operation: PolicyOperation, now: NumericDate) {
        self.authInfo = authInfo
        self.operation = operation
        self.now = now
    }
}

/// What the request wants to do.
package struct PolicyOperation: Sendable {
    package let method: HTTPRequest.Method
    /// The canonical request path below the public authority.
    package let path: String
    package let operation: Operation

    package init(method: HTTPRequest.Method, path: String, operation: Operation) {
        self.method = method
        self.path = path
        self.operation = operation
    }
}

/// A policy's answer and the rules that made it.
package enum PolicyOutcome: Sendable, Hashable {
    /// `rules` are the ids of the rules that allowed.
    case allow(rules: [String])
    /// More scopes would do: these, all at once.
    case insufficientScope(ScopeSet, rules: [String])
    /// Scopes suffice; a newer or stronger sign-in would do.
    case insufficientAuthentication(AuthenticationRequirement, rules: [String])
    /// Nothing the client can ask for would do.
    case deny(rules: [String])
}

/// The policy `"authenticated"`: a valid token is enough.
package struct AuthenticatedPolicy: PolicyEvaluator {
    package init() {}

    package func evaluate(_ input: PolicyInput) -> PolicyOutcome { .allow(rules: ["authenticated"]) }
    package func scopesToRequest(for operation: PolicyOperation) -> ScopeSet { [] }
}
