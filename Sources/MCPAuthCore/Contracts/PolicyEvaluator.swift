// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Decides whether a caller may do what the request wants, after the mandatory checks passed.
///
/// Implementations are pure: the same input gives the same answer. What they do not understand they deny.
package protocol PolicyEvaluator: Sendable {
    func evaluate(_ input: PolicyInput) -> PolicyDecision

    /// The same answer with every rule and how it came out.
    ///
    /// - Parameter revealingClaims: Whether claim values may stand in the words; they are redacted otherwise.
    func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation

    /// The scopes to ask a client for that sent no token: those that the operation needs whoever calls; empty when the
    /// policy does not know.
    func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet

    /// The documents this policy was made of.
    var identities: [PolicyIdentity] { get }
}

/// What a policy may look at.
package struct PolicyInput: Sendable {
    package let authInfo: AuthInfo
    package let request: ProtectedResourceRequest
    package let now: NumericDate

    package init(authInfo: AuthInfo, request: ProtectedResourceRequest, now: NumericDate) {
        self.authInfo = authInfo
        self.request = request
        self.now = now
    }
}

/// What a policy decides about a request.
package struct PolicyDecision: Sendable, Hashable {
    /// The decision and the rules that made it.
    package enum Kind: Sendable, Hashable {
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

    package let kind: Kind
    /// Ids of the rules in shadow mode that would have denied.
    package let wouldDeny: [String]

    package init(_ kind: Kind, wouldDeny: [String] = []) {
        self.kind = kind
        self.wouldDeny = wouldDeny
    }
}

/// The policy `"authenticated"`: a valid token is enough.
package struct AuthenticatedPolicy: PolicyEvaluator {
    package init() {}

    package var identities: [PolicyIdentity] { [] }
    package func evaluate(_ input: PolicyInput) -> PolicyDecision { PolicyDecision(.allow(rules: Self.rules)) }
    package func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        PolicyExplanation(answer: evaluate(input), rules: [])
    }
    package func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet { [] }

    private static let rules = ["authenticated"]
}
