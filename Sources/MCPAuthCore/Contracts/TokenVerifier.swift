// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Decides whether a token is genuine.
///
/// Implemented by the JWT verifier, the introspection verifier, verifier modules and verify functions; asked by
/// ``VerifierChain`` once per request and resource. An implementation must not decide whether the caller may do what it
/// wants: audience, expiry, scope and policy are checked after it, whatever it says. It must answer within its own time
/// limit and must never log the token.
package protocol TokenVerifier: Sendable {
    /// A name for logs and traces.
    var name: String { get }

    /// Judges the token of a request; most verifiers look at the token alone.
    func verify(_ token: AccessToken, of request: ProtectedResourceRequest, now: NumericDate) async -> VerifierAnswer
}

/// What a verifier says about a token.
///
/// Only `notMine` lets the next verifier be asked.
package enum VerifierAnswer: Sendable {
    /// The token is genuine; these are its facts.
    case verified(TokenEvidence)
    /// The token is this verifier's to judge, and is not acceptable.
    case rejected(Denial.Reason)
    /// Another verifier may know this token. The reason is for the trace and for the denial if nobody does.
    case notMine(Denial.Reason)
    /// The verifier could not decide now.
    case unavailable(Denial.Reason, retryAfter: Int)
}

/// What a verifier found in a genuine token.
///
/// It grants nothing: ``VerifierChain`` makes a ``VerifiedToken`` of it.
package struct TokenEvidence: Sendable {
    /// How long the verifier vouches for what it found without being asked again.
    package enum Reuse: Sendable {
        /// Its verdict may depend on more than the token.
        case never
        /// Until this time.
        case until(NumericDate)
        /// As long as what it trusted when it looked is still what it trusts.
        case whileCurrent(Trust, Trust.Mark)
    }

    /// The issuer the token belongs to.
    package let issuer: IssuerIdentifier
    /// The document whose top is the claims object.
    package let document: JSONDocument
    /// The JSON text of ``document``.
    package let payload: [UInt8]
    /// The end of what the verifier vouches for; with an `exp` in the claims the earlier of both counts.
    package let notAfter: NumericDate?
    /// The audience the verifier vouches for where the claims have no `aud`, because the credential is of a kind
    /// that never carries one.
    package let audience: String?
    package let reuse: Reuse

    package init(
        issuer: IssuerIdentifier,
        document: JSONDocument,
        payload: [UInt8],
        notAfter: NumericDate? = nil,
        audience: String? = nil,
        reuse: Reuse = .never
    ) {
        self.issuer = issuer
        self.document = document
        self.payload = payload
        self.notAfter = notAfter
        self.audience = audience
        self.reuse = reuse
    }
}
