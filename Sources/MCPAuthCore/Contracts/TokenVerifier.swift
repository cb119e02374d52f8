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

    /// Whether ``verify(_:of:now:)`` looks at the operation of the request.
    ///
    /// The body of a request is read after its token was verified, so that strangers cannot make a server read; only for a
    /// verifier that says so is it read before.
    var needsOperation: Bool { get }

    /// Judges the token of a request; most verifiers look at the token alone.
    func verify(_ token: AccessToken, of request: ProtectedResourceRequest, now: NumericDate) async -> VerifierAnswer
}

extension TokenVerifier {
    package var needsOperation: Bool { false }
}

/// What a verifier says about a token.
///
/// Only `notMine` lets the next verifier be asked.
package enum VerifierAnswer: Sendable {
    /// The token is genuine; these are its facts.
    case verified(TokenEvidence)
    /// The token is this verifier's to judge, and is not acceptable.
    case rejected(Denial.Reason, Diagnosis? = nil)
    /// Another verifier may know this token. The reason is for the trace and for the denial if nobody does.
    case notMine(Denial.Reason, Diagnosis? = nil)
    /// The verifier could not decide now, and why not.
    case unavailable(Denial.Reason, retryAfter: Int, Diagnosis? = nil)
}

/// What a verifier found in a genuine token.
///
/// It grants nothing: ``VerifierChain`` makes a ``VerifiedToken`` of it.
package struct TokenEvidence: Sendable {
    /// How long the verifier vouches for what it found without being asked again.
    package enum Reuse: Sendable {
        /// Its verdict may depend on more than the token.
        case never
        /// Until this moment.
        case until(Uptime)
        /// As long as what it trusted when it looked is still what it trusts.
        case whileCurrent(KeyFreshness, KeyFreshness.Stamp)
    }

    /// What the document is.
    package enum Form: Sendable {
        /// The payload of the token, which is a JWT with this `typ` in its header (in lower case, less `application/`).
        case jwt(type: String?)
        /// What somebody says of the token.
        case statement
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
    package let form: Form
    /// Told when what was found makes no acceptable access token, so that the verifier need not look again at once.
    package let onRefusal: (@Sendable (Denial.Reason, Diagnosis?) -> Void)?

    package init(
        issuer: IssuerIdentifier,
        document: JSONDocument,
        payload: [UInt8],
        form: Form = .statement,
        notAfter: NumericDate? = nil,
        audience: String? = nil,
        reuse: Reuse = .never,
        onRefusal: (@Sendable (Denial.Reason, Diagnosis?) -> Void)? = nil
    ) {
        self.issuer = issuer
        self.document = document
        self.payload = payload
        self.notAfter = notAfter
        self.audience = audience
        self.reuse = reuse
        self.form = form
        self.onRefusal = onRefusal
    }
}
