// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// Decides whether a caller may do what the request wants, after the mandatory checks passed.
///
/// Implementations are pure: the same input gives the same answer. What they do not understand they deny.
package protocol PolicyEvaluator: Sendable {
    func evaluate(_ input: PolicyInput) -> PolicyAnswer

    /// The same answer with every rule and how it came out.
    ///
    /// - Parameter revealingClaims: Whether claim values may stand in the words; they are redacted otherwise.
    func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation

    /// The scopes to ask a client for that sent no token: those this operation needs whoever calls; empty when the
    /// policy does not know.
    func scopesToRequest(for operation: PolicyOperation) -> ScopeSet

    /// The documents this policy was made of.
    var identities: [PolicyIdentity] { get }
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
    /// The canonical request path below the public authority, without a slash at its end unless it is the root.
    package let path: String
    /// The same with the slash, where the request had one: hosts route both to one handler, so what either denies is
    /// denied.
    package let pathWithSlash: String?
    /// Whether the host takes paths that differ only in case for one: what denies or requires is then about each of them.
    package let ignoresCase: Bool
    package let operation: Operation

    package init(method: HTTPRequest.Method, path: String, operation: Operation, ignoresCase: Bool = false) {
        let path = RequestPath.canonical(path) ?? path
        let shorter = RequestPath.withoutTrailingSlash(path)
        self.method = method
        self.ignoresCase = ignoresCase
        self.path = shorter.isEmpty ? "/" : shorter
        pathWithSlash = path.utf8.count > self.path.utf8.count ? path : nil
        self.operation = operation
    }
}

extension PolicyOperation: CustomStringConvertible {
    /// The MCP messages, or method and path; for traces, with names shown in printable form.
    package var description: String {
        switch operation {
        case .http: "\(method.rawValue) \(path.printable)"
        case .unknown: "unknown MCP operation"
        case .mcp(let messages): messages.map(\.description).joined(separator: ", ")
        }
    }
}

/// What a policy says about a request.
package struct PolicyAnswer: Sendable, Hashable {
    package let outcome: PolicyOutcome
    /// Ids of the rules in shadow mode that would have denied.
    package let wouldDeny: [String]

    package init(_ outcome: PolicyOutcome, wouldDeny: [String] = []) {
        self.outcome = outcome
        self.wouldDeny = wouldDeny
    }
}

/// A policy's outcome and the rules that made it.
package enum PolicyOutcome: Sendable, Hashable {
    /// `rules` has, for each message, the id of the first rule that allowed.
    case allow(rules: [String])
    /// More scopes would do: these, all at once.
    case insufficientScope(ScopeSet, rules: [String])
    /// Scopes suffice; a newer or stronger sign-in would do.
    case insufficientAuthentication(AuthenticationRequirement, rules: [String])
    /// Nothing the client can ask for would do.
    case deny(rules: [String])

    /// The rules that made it.
    package var rules: [String] {
        switch self {
        case .allow(let rules), .deny(let rules), .insufficientScope(_, let rules),
            .insufficientAuthentication(_, let rules):
            rules
        }
    }
}

/// The policy `"authenticated"`: a valid token is enough.
package struct AuthenticatedPolicy: PolicyEvaluator {
    package init() {}

    package var identities: [PolicyIdentity] { [] }
    package func evaluate(_ input: PolicyInput) -> PolicyAnswer { PolicyAnswer(.allow(rules: Self.rules)) }
    package func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        PolicyExplanation(answer: evaluate(input), rules: [])
    }
    package func scopesToRequest(for operation: PolicyOperation) -> ScopeSet { [] }

    private static let rules = ["authenticated"]
}
