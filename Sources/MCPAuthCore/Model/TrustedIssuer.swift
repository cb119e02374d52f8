// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What one resource accepts from one issuer.
package final class TrustedIssuer: Sendable {
    package let identifier: IssuerIdentifier
    /// The tolerated clock difference in seconds, 0 to 300.
    package let leeway: Double
    package let claimMapping: ClaimMapping
    /// Scopes that this issuer may grant here; `nil` if there is no bound.
    package let allowedScopes: ScopeSet?
    /// Values that this issuer may give to claims here, by normalised name; other claims have no bound.
    package let allowedClaims: [String: Set<String>]
    /// Marks of other kinds of tokens that the access tokens of this issuer also carry.
    package let accessTokenMarks: Set<String>
    /// The transformers that are applied after the mapping, in this order.
    package let transformers: [any ClaimTransformer]
    /// Whether the issuer has any bound.
    let hasBounds: Bool
    /// Whether the mapping reads the subject from another claim than `sub`.
    let mapsSubject: Bool
    /// Whether the mapping reads the audience from another claim than `aud`.
    let mapsAudience: Bool

    package init(
        identifier: IssuerIdentifier,
        leeway: Double = Double(NumberSetting.leewaySeconds.standard),
        claimMapping: ClaimMapping = ClaimMapping(),
        allowedScopes: ScopeSet? = nil,
        allowedClaims: [String: Set<String>] = [:],
        accessTokenMarks: Set<String> = [],
        transformers: [any ClaimTransformer] = []
    ) {
        self.transformers = transformers
        self.accessTokenMarks = accessTokenMarks
        self.identifier = identifier
        self.leeway = leeway
        self.claimMapping = claimMapping
        self.allowedScopes = allowedScopes
        self.allowedClaims = allowedClaims
        hasBounds = allowedScopes != nil || !allowedClaims.isEmpty
        mapsSubject = claimMapping.subject != ["sub"]
        mapsAudience = claimMapping.audience != ["aud"]
    }
}
