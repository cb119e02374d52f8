// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// The scopes of one policy that a caller has, and those that it can get from its issuer.
struct ScopeHolder {
    private let policy: CompiledPolicy
    private let granted: ScopeBits
    private let held: ScopeSet
    /// The scopes that the issuer may grant; `nil` for any.
    private let grantable: ScopeSet?

    /// - Parameter authInfo: `nil` for a caller without a token, about whom nothing is known.
    init(_ authInfo: AuthInfo?, _ policy: CompiledPolicy) {
        self.policy = policy
        held = authInfo?.scopes ?? []
        granted = policy.scopeTable.granted(by: held)
        grantable = authInfo?.grantableScopes
    }

    /// Whether the token has the scope, or one that implies it.
    func has(_ scope: String) -> Bool { policy.scopeTable.has(scope, in: granted) }

    /// The given scopes that the token lacks.
    func missing(_ scopes: ScopeSet) -> ScopeSet { policy.scopeTable.missing(scopes, in: granted) }

    /// Whether the issuer of the token may grant the scope at this resource.
    func isGrantable(_ scope: String) -> Bool { grantable?.contains(scope) ?? true }

    /// Whether a challenge can ask the client to get the scope.
    func canObtain(_ scope: String) -> Bool { scope != Self.neverAsked && isGrantable(scope) }

    /// The scopes to ask for, so that a client that replaces its scopes with these loses none that it needs.
    ///
    /// The given scopes, with one exception: a scope that the token has, and that the issuer may not grant, is replaced
    /// with the scope of the token that implies it.
    func requested(_ scopes: ScopeSet) -> ScopeSet {
        guard grantable != nil else { return scopes }
        return ScopeSet(
            scopes.map { scope in
                guard has(scope), !isGrantable(scope) else { return scope }
                return held.first { policy.scopeTable.has(scope, in: policy.scopeTable.granted(by: [$0])) } ?? scope
            }
        )
    }

    /// This scope asks the issuer for a refresh token; a resource server does not demand it (MCP 2026-07-28).
    private static let neverAsked = "offline_access"

    /// The given scopes that a challenge may name.
    static func withoutNeverAsked(_ scopes: ScopeSet) -> ScopeSet {
        scopes.contains(neverAsked) ? ScopeSet(scopes.filter { $0 != neverAsked }) : scopes
    }
}
