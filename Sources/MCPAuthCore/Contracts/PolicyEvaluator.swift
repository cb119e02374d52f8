// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Decides whether a caller may do what the request wants, after the mandatory checks passed.
///
/// Implementations are pure: the same input gives the same decision. They deny what they do not understand.
package protocol PolicyEvaluator: Sendable {
    func evaluate(_ input: PolicyInput) -> PolicyDecision

    /// Makes the same decision, and explains it with the result of every rule.
    ///
    /// - Parameter revealingClaims: Whether the explanation may contain claim values; they are redacted otherwise.
    func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation

    /// Whether the policy may allow an operation to a caller without a token.
    var mayAllowAnyone: Bool { get }

    /// The scopes to request from a client that sent no token: those that every caller needs for the operation; empty
    /// if the policy cannot know them.
    func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet

    /// The documents from which this policy was made.
    var identities: [PolicyIdentity] { get }
}

/// The input of a policy.
package struct PolicyInput: Sendable {
    /// The caller; `nil` without a token.
    package let authInfo: AuthInfo?
    package let request: ProtectedResourceRequest
    package let now: NumericDate
    /// Whether the question is if the caller could do this with some arguments, which are not known yet.
    package let withAnyArguments: Bool

    package init(
        authInfo: AuthInfo?,
        request: ProtectedResourceRequest,
        now: NumericDate,
        withAnyArguments: Bool = false
    ) {
        self.authInfo = authInfo
        self.request = request
        self.now = now
        self.withAnyArguments = withAnyArguments
    }
}

/// What a policy decides about a request.
package struct PolicyDecision: Sendable, Hashable {
    /// The decision and the rules that led to it.
    package enum Kind: Sendable, Hashable {
        /// `rules` has, for each message, the id of the first rule that allowed it.
        case allow(rules: [String])
        /// The request would be allowed with these scopes, all of them.
        case insufficientScope(ScopeSet, rules: [String])
        /// The scopes suffice, but a newer or stronger sign-in is needed.
        case insufficientAuthentication(AuthenticationRequirement, rules: [String])
        /// No scope and no sign-in would help.
        case deny(rules: [String])

        /// The ids of the rules that led to the decision.
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
    package var mayAllowAnyone: Bool { false }
    package func evaluate(_ input: PolicyInput) -> PolicyDecision {
        PolicyDecision(input.authInfo == nil ? .deny(rules: []) : .allow(rules: Self.rules))
    }
    package func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        PolicyExplanation(answer: evaluate(input), rules: [])
    }
    package func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet { [] }

    private static let rules = ["authenticated"]
}
