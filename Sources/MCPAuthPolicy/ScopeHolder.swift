// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// What a caller has of the scopes that one policy names, and what it can ask its issuer for.
struct ScopeHolder {
    private let table: ScopeTable
    private let granted: ScopeBits
    private let held: ScopeSet
    /// `nil` for no bound.
    private let grantable: ScopeSet?

    init(_ authInfo: AuthInfo, _ policy: CompiledPolicy) {
        table = policy.scopeTable
        granted = table.granted(by: authInfo.scopes)
        held = authInfo.scopes
        grantable = authInfo.grantableScopes
    }

    /// A caller without a token, of whom nothing is known.
    init(withoutToken policy: CompiledPolicy) {
        table = policy.scopeTable
        granted = ScopeBits()
        held = []
        grantable = nil
    }

    /// Whether the token has the scope, or one that implies it.
    func has(_ scope: String) -> Bool { table.has(scope, in: granted) }

    /// Those of these scopes that the token lacks.
    func missing(_ scopes: ScopeSet) -> ScopeSet { table.missing(scopes, in: granted) }

    /// Whether the issuer of the token may grant the scope here.
    func isGrantable(_ scope: String) -> Bool { grantable?.contains(scope) ?? true }

    /// Whether a client can be asked to get the scope.
    func canObtain(_ scope: String) -> Bool { scope != Self.neverAsked && isGrantable(scope) }

    /// The scopes to ask for, so that a client that replaces its scopes by these loses none of them.
    ///
    /// As they are named, but for one that the token has by way of another and that the issuer may not grant: it is
    /// asked for by that other one.
    func requested(_ scopes: ScopeSet) -> ScopeSet {
        guard grantable != nil else { return scopes }
        return ScopeSet(
            scopes.map { scope in
                guard has(scope), !isGrantable(scope) else { return scope }
                return held.first { table.has(scope, in: table.granted(by: [$0])) } ?? scope
            }
        )
    }

    /// It asks the issuer for a refresh token; it is never ours to demand (MCP 2026-07-28).
    private static let neverAsked = "offline_access"

    /// Those of these scopes that a challenge may name at all.
    static func withoutNeverAsked(_ scopes: ScopeSet) -> ScopeSet {
        scopes.contains(neverAsked) ? ScopeSet(scopes.filter { $0 != neverAsked }) : scopes
    }
}
