// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// The normalised content of a genuine token.
///
/// These are facts about the token alone; ``MandatoryChecks`` and the policy decide what they permit at a resource.
package struct TokenFacts: Sendable {
    package let issuer: IssuerIdentifier
    package let subject: String?
    package let clientID: String?
    package let scopes: ScopeSet
    /// Empty if the token has no audience, or one that is not made of strings.
    package let audience: [String]
    package let expiresAt: NumericDate
    package let notBefore: NumericDate?
    package let issuedAt: NumericDate?
    /// Whether the token is bound to a key (`cnf` of RFC 7800, or a DPoP token type).
    package let isSenderConstrained: Bool
    /// A hash of the `jti`, or 0 if there is none.
    ///
    /// It saves the memory of the text, because few revocations have a
    /// `jti`.
    let tokenIDHash: Int
    package private(set) var claims: Claims

    package init(
        issuer: IssuerIdentifier,
        subject: String?,
        clientID: String?,
        scopes: ScopeSet,
        audience: [String],
        expiresAt: NumericDate,
        notBefore: NumericDate? = nil,
        issuedAt: NumericDate? = nil,
        isSenderConstrained: Bool = false,
        tokenID: String? = nil,
        claims: Claims
    ) {
        self.issuer = issuer
        self.subject = subject
        self.clientID = clientID
        self.scopes = scopes
        self.audience = audience
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.isSenderConstrained = isSenderConstrained
        tokenIDHash = tokenID.map(Self.hash(ofTokenID:)) ?? 0
        self.claims = claims
    }

    /// The hash of a `jti`; never 0.
    static func hash(ofTokenID tokenID: String) -> Int { tokenID.hashValue | 1 }

    /// The `jti`, read from the claims.
    var tokenID: String? {
        tokenIDHash == 0 ? nil : claims.rawValue(at: JSONPointer(tokens: ["jti"]))?.string
    }

    /// The form in which facts are cached: with only the JSON text of the claims.
    func unparsed() -> TokenFacts {
        var facts = self
        facts.claims = claims.unparsed()
        return facts
    }
}

/// The facts of a genuine token whose issuer is trusted for a resource, without the token itself.
///
/// A class, so that a cache hit copies no parts. Otherwise threads would change the same reference counts of parts that
/// tokens of one issuer share.
package final class VerifiedFacts: Sendable {
    package let facts: TokenFacts
    package let issuer: TrustedIssuer
    /// The resource for which the issuer is trusted.
    let resource: ResourceIdentifier
    /// The scopes and claims within the bounds of the issuer; `nil` if it has none.
    let bounds: IssuerBounds?
    private let reuse: TokenEvidence.Reuse

    convenience init(
        _ facts: TokenFacts,
        issuer: TrustedIssuer,
        resource: ResourceIdentifier,
        reuse: TokenEvidence.Reuse = .never
    ) {
        self.init(facts, issuer, resource, IssuerBounds(facts, of: issuer), reuse)
    }

    /// Uses bounds that were computed before.
    init(
        _ facts: TokenFacts,
        _ issuer: TrustedIssuer,
        _ resource: ResourceIdentifier,
        _ bounds: IssuerBounds?,
        _ reuse: TokenEvidence.Reuse
    ) {
        self.facts = facts
        self.issuer = issuer
        self.resource = resource
        self.bounds = bounds
        self.reuse = reuse
    }

    /// Whether the verdict is still current by the steady clock, and the token has not expired by the wall clock.
    func mayBeReused(now: NumericDate, _ clock: SteadyClock) -> Bool {
        now < facts.expiresAt && reuse.isPossible(clock)
    }

    /// The form in which facts are cached: with only the JSON text of the claims.
    func unparsed() -> VerifiedFacts {
        VerifiedFacts(facts.unparsed(), issuer, resource, bounds, reuse)
    }
}

extension TokenEvidence.Reuse {
    fileprivate func isPossible(_ clock: SteadyClock) -> Bool {
        switch self {
        case .never, .forSeconds: false
        case .until(let end): clock.now < end
        case .whileCurrent(let keys, let stamp): keys.isCurrent(stamp, at: clock.now)
        }
    }
}

/// A genuine token of a trusted issuer, not yet checked against the resource.
package struct VerifiedToken: Sendable {
    package let token: AccessToken
    package let verified: VerifiedFacts

    /// Only ``VerifierChain`` calls this.
    init(token: AccessToken, verified: VerifiedFacts) {
        self.token = token
        self.verified = verified
    }
}

extension VerifiedFacts {
    /// The approximate size in the cache, in bytes.
    var approximateBytes: Int {
        let texts =
            facts.scopes.values.reduce(0) { $0 + 40 + $1.utf8.count } + facts.audience.reduce(0) { $0 + $1.utf8.count }
        return 512 + facts.claims.payloadBytes + texts
    }
}
