// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthJSON

/// Decides whether a token is genuine.
///
/// Implemented by the JWT verifier, the introspection verifier, verifier modules and verifiers of applications; asked in
/// their order until one knows the token. An implementation does not decide whether the caller may do what it wants:
/// audience, expiry, scopes and policy are checked after it, whatever it says. It must not log the token.
///
/// A verifier of an application is attached to a resource or to an authorization server. A request waits for it no longer
/// than for an issuer (5 s), and at each resource at most 1,024 calls of it are under way. What takes longer, or throws, is
/// *unavailable*, never an acceptance. Tests: `VerifierConformance` in MCPAuthTesting.
public protocol TokenVerifier: Sendable {
    /// A name for logs and traces.
    var name: String { get }

    /// Whether ``verify(_:of:now:)`` looks at the operation of the request; false unless said otherwise.
    ///
    /// The body of a request is read after its token was verified, so that strangers cannot make a server read; only for a
    /// verifier that says so is it read before.
    var needsOperation: Bool { get }

    /// Judges the token of a request; most verifiers look at the token alone.
    ///
    /// - Parameter now: The time, for whatever the verifier checks itself.
    /// - Throws: Any error, when the verifier cannot decide now. Its text is not logged, since it could hold the token.
    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict
}

extension TokenVerifier {
    /// Most verifiers look at the token alone.
    public var needsOperation: Bool { false }
}

/// What a verifier says about a token.
///
/// Only `notMine` lets the next verifier be asked.
public enum TokenVerdict: Sendable {
    /// The token is genuine; this is what it says.
    case verified(TokenEvidence)
    /// The token is this verifier's to judge, and is not acceptable.
    case rejected(Denial.Reason = .rejectedByVerifier, Diagnosis? = nil)
    /// Another verifier may know this token.
    ///
    /// The reason is for the trace and for the denial if nobody does.
    case notMine(Denial.Reason = .unrecognizedToken, Diagnosis? = nil)
    /// The verifier could not decide now; the client may try again after so many seconds.
    case unavailable(Denial.Reason = .verifierUnavailable, retryAfter: Int, Diagnosis? = nil)

    /// The token is genuine, and these are its claims (see ``TokenEvidence/init(claims:notAfter:audience:keptFor:)``).
    public static func verified(claims: [String: JSON], keptFor seconds: Double = 0) throws -> TokenVerdict {
        .verified(try TokenEvidence(claims: claims, keptFor: seconds))
    }
}

/// What a verifier found in a genuine token.
///
/// It grants nothing: issuer, audience, times, bounds and policy are checked after it.
public struct TokenEvidence: Sendable {
    /// How long the verifier vouches for what it found without being asked again.
    package enum Reuse: Sendable {
        /// Its verdict may depend on more than the token.
        case never
        /// For so many seconds, as a verifier without a clock says it.
        case forSeconds(Double)
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

    /// The issuer the token belongs to; `nil` where that is the one to which the verifier is attached.
    package let issuer: IssuerIdentifier?
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
        issuer: IssuerIdentifier?,
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

    /// What a verifier of an application found.
    ///
    /// - Parameters:
    ///   - claims: With the names of RFC 7519 and RFC 9068, before the claim mapping of the issuer: `sub` or `client_id`,
    ///     `aud`, `exp`, `scope` and whatever else there is. `iss` may be left out; another issuer than the one to which the
    ///     verifier is attached is not accepted.
    ///   - notAfter: The end of what the verifier vouches for; needed where the claims have no `exp`.
    ///   - audience: The audience where the claims have no `aud`, for credentials of a kind that never carries one.
    ///   - seconds: For how long the same token need not be verified again; above 0 only where the verdict depends on
    ///     the token alone. A verifier that needs the operation is asked each time.
    /// - Throws: ``JSONParsingError`` when the claims are nested deeper than 32 levels or longer than 256 KiB.
    public init(
        claims: [String: JSON],
        notAfter: NumericDate? = nil,
        audience: String? = nil,
        keptFor seconds: Double = 0
    ) throws {
        let payload = JSON.object(claims).encodedExactly()
        try self.init(parsing: payload, notAfter: notAfter, audience: audience, keptFor: seconds)
    }

    /// The same with claims as JSON text, which must be an object without duplicate members.
    ///
    /// - Throws: ``JSONParsingError``.
    public init(
        parsing claims: [UInt8],
        notAfter: NumericDate? = nil,
        audience: String? = nil,
        keptFor seconds: Double = 0
    ) throws {
        let document = try JSONDocument(parsing: claims, limits: .token)
        guard document.root.kind == .object else {
            throw JSONParsingError(message: "the claims are not an object", line: 1, column: 1)
        }
        self.init(
            issuer: nil,
            document: document,
            payload: claims,
            notAfter: notAfter,
            audience: audience,
            reuse: seconds > 0 ? .forSeconds(seconds) : .never
        )
    }

    /// The same, as the finding of a verifier that is attached to an issuer.
    package func attached(to issuer: IssuerIdentifier, at moment: Uptime, mayBeKept: Bool) -> TokenEvidence {
        var reuse = mayBeKept ? reuse : .never
        if case .forSeconds(let seconds) = reuse { reuse = .until(moment.adding(seconds)) }
        return TokenEvidence(
            issuer: issuer,
            document: document,
            payload: payload,
            form: form,
            notAfter: notAfter,
            audience: audience,
            reuse: reuse,
            onRefusal: onRefusal
        )
    }
}
