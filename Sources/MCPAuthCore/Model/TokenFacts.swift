// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// What a genuine token says, in the words of the standards whatever its issuer calls them.
///
/// Facts about the token alone: what they are worth at a resource is decided by ``MandatoryChecks`` and the policy.
package struct TokenFacts: Sendable {
    package let issuer: IssuerIdentifier
    package let subject: String?
    package let clientID: String?
    package let scopes: ScopeSet
    /// Empty when the token names none, or not as strings.
    package let audience: [String]
    package let expiresAt: NumericDate
    package let notBefore: NumericDate?
    package let issuedAt: NumericDate?
    /// Whether the token is bound to a proof (RFC 7800 `cnf`).
    package let isSenderConstrained: Bool
    /// A hash of the `jti`, 0 when there is none: few lists of revoked tokens name one, and a text for each would take memory.
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

    /// Never 0.
    static func hash(ofTokenID tokenID: String) -> Int { tokenID.hashValue | 1 }

    /// The `jti`, read from the claims.
    var tokenID: String? {
        tokenIDHash == 0 ? nil : claims.rawValue(at: JSONPointer(tokens: ["jti"]))?.string
    }

    /// As they are kept: the claims as text alone.
    func unparsed() -> TokenFacts {
        var facts = self
        facts.claims = claims.unparsed()
        return facts
    }
}

/// The facts of a genuine token whose issuer is trusted for a resource, without the token itself.
///
/// A class, so that a remembered token is handed out without copying its parts: threads that decide at once about
/// tokens of one issuer then have no reference count in common here.
package final class VerifiedFacts: Sendable {
    package let facts: TokenFacts
    package let issuer: TrustedIssuer
    /// The resource for which the issuer is trusted.
    let resource: ResourceIdentifier
    /// What the bounds of the issuer leave; `nil` when it has none.
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

    /// With bounds that were worked out before.
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

    /// Whether the verifier still vouches for them, by the steady clock, and the token has not expired, by the wall clock.
    func mayBeReused(now: NumericDate, _ clock: SteadyClock) -> Bool {
        now < facts.expiresAt && reuse.isPossible(clock)
    }

    /// As they are kept: the claims as text alone.
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
    /// How many bytes keeping them takes, roughly.
    var approximateBytes: Int {
        let texts =
            facts.scopes.values.reduce(0) { $0 + 40 + $1.utf8.count } + facts.audience.reduce(0) { $0 + $1.utf8.count }
        return 512 + facts.claims.payloadBytes + texts
    }
}
