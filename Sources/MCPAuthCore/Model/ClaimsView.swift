// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The claims for one evaluation, so that their document is opened only once.
package struct ClaimsView: Sendable {
    private let claims: Claims?
    private let root: JSONView?
    /// The claims object of the token itself; usually the same.
    private let ownRoot: JSONView?

    /// The claims of a caller without a token: there are none.
    package static let none = ClaimsView()

    private init() {
        (claims, root, ownRoot) = (nil, nil, nil)
    }

    package init(_ claims: Claims) {
        self.claims = claims
        root = claims.root
        ownRoot = claims.isTransformed ? claims.ownRoot : root
    }

    /// The normalised claim at `pointer`, without a copy.
    package func claim(at pointer: JSONPointer) -> PolicyValue? {
        guard let first = pointer.tokens.first, claims?.replacement(of: first) == nil else {
            return claims?.value(at: pointer).map(PolicyValue.made)
        }
        return root?[pointer].map(PolicyValue.view)
    }

    /// The token's own claim, before any mapping and transformer, without a copy.
    package func rawClaim(at pointer: JSONPointer) -> PolicyValue? {
        ownRoot?[pointer].map(PolicyValue.view)
    }

    /// Whether a claim that was not found may still exist, inside a value that cannot be represented.
    package func isHidden(at pointer: JSONPointer, raw: Bool) -> Bool {
        guard (raw ? ownRoot : root)?.isBesideUnrepresentable ?? false else { return false }
        return pointer.tokens.indices.dropFirst().contains { length in
            let outer = JSONPointer(tokens: Array(pointer.tokens.prefix(length)))
            return (raw ? rawClaim(at: outer) : claim(at: outer))?.isUnrepresentable ?? false
        }
    }
}
