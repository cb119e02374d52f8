// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// The scopes and claims of a token that are within the bounds of its issuer, computed once per token.
///
/// A class, because most issuers have no bounds, and then a cached token keeps only an empty reference.
final class IssuerBounds: Sendable {
    /// The scopes within the bounds.
    let scopes: ScopeSet
    /// Claims that replace those of the token; `null` for a claim that is hidden.
    let members: [String: JSON]
    /// What was dropped, in words; it contains no claim values other than scopes.
    let dropped: [String]

    init(scopes: ScopeSet, members: [String: JSON], dropped: [String]) {
        self.scopes = scopes
        self.members = members
        self.dropped = dropped
    }

    /// `nil` when the issuer has no bounds.
    convenience init?(_ facts: TokenFacts, of issuer: TrustedIssuer) {
        guard issuer.hasBounds else { return nil }
        var dropped: [String] = []
        let scopes: ScopeSet
        if let allowed = issuer.allowedScopes, !allowed.isSuperset(of: facts.scopes) {
            scopes = ScopeSet(facts.scopes.filter(allowed.contains))
            dropped.append("scope `\(ScopeSet(facts.scopes.filter { !allowed.contains($0) }))`")
        } else {
            scopes = facts.scopes
        }
        var members: [String: JSON] = [:]
        for (name, values) in issuer.allowedClaims {
            switch facts.claims.value(at: JSONPointer(tokens: [name])) {
            case nil: continue
            case .string(let value) where values.contains(where: value.isExactly): continue
            case .array(let elements):
                let left = elements.filter { element in values.contains { element.string?.isExactly($0) ?? false } }
                members[name] = .array(left)
                if left.count < elements.count {
                    dropped.append("\(elements.count - left.count) values of claim `\(name.printable)`")
                }
            default:
                members[name] = .null
                dropped.append("claim `\(name.printable)`")
            }
        }
        self.init(scopes: scopes, members: members, dropped: dropped.sorted())
    }
}
