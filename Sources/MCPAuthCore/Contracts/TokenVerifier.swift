// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthJSON

/// Decides whether a token is genuine.
///
/// The JWT verifier, the introspection verifier, verifier modules and verifiers of applications implement it. They are
/// called in order until one recognises the token. A verifier does not decide whether the caller may do what the
/// request wants: audience, expiry, scopes and policy are always checked after it. It must not log the token.
///
/// A verifier of an application is attached to a resource or to an authorization server. A request waits at most 5
/// seconds for it, and at most 1,024 of its calls run at once for each resource. A call that exceeds a limit or throws
/// counts as *unavailable*. Test it with `VerifierConformanceTest` in MCPAuthTesting.
public protocol TokenVerifier: Sendable {
    /// A name for logs and traces.
    var name: String { get }

    /// Whether ``verify(_:of:now:)`` uses the operation of the request; false by default.
    ///
    /// The body of a request is normally read after its token was verified, so that clients without a valid token
    /// cannot make a server read bodies. If this is true, the body is read first.
    var needsOperation: Bool { get }

    /// Verifies the token of a request.
    ///
    /// - Parameters:
    ///   - token: The token that the client presented.
    ///   - request: The request; its operation is known only if ``needsOperation`` is true.
    ///   - now: The current time, for checks that the verifier makes itself.
    /// - Throws: Any error, if the verifier cannot decide now. Its text is not logged, because it could contain the
    ///   token.
    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict
}

extension TokenVerifier {
    /// False, because most verifiers use only the token.
    public var needsOperation: Bool { false }
}

/// The answer of a verifier about a token.
///
/// Only after `notMine` is the next verifier called.
public enum TokenVerdict: Sendable {
    /// The token is genuine, with this evidence.
    case verified(TokenEvidence)
    /// The verifier is responsible for the token and refuses it.
    case rejected(Denial.Reason = .rejectedByVerifier, Diagnosis? = nil)
    /// The verifier is not responsible for the token; another one may be.
    ///
    /// The reason is for the trace, and for the denial if no verifier recognises the token.
    case notMine(Denial.Reason = .unrecognizedToken, Diagnosis? = nil)
    /// The verifier could not decide now; the client may try again after this many seconds.
    case unavailable(Denial.Reason = .verifierUnavailable, retryAfter: Int, Diagnosis? = nil)

    /// The token is genuine, and these are its claims (see ``TokenEvidence/init(claims:notAfter:audience:keptFor:)``).
    public static func verified(claims: [String: JSON], keptFor seconds: Double = 0) throws -> TokenVerdict {
        .verified(try TokenEvidence(claims: claims, keptFor: seconds))
    }
}

/// What a verifier found out about a genuine token.
///
/// It grants nothing: issuer, audience, times, bounds and policy are checked after the verifier.
public struct TokenEvidence: Sendable {
    /// How long the evidence may be reused without calling the verifier again.
    package enum Reuse: Sendable {
        /// Not at all, because the verdict may depend on more than the token.
        case never
        /// For this many seconds; used by a verifier that has no clock.
        case forSeconds(Double)
        /// Until this moment.
        case until(Uptime)
        /// While the keys that the verifier used are still current.
        case whileCurrent(KeyFreshness, KeyFreshness.Stamp)
    }

    /// What kind of document the claims come from.
    package enum Form: Sendable {
        /// The payload of a JWT with this `typ` in its header (in lower case, without `application/`).
        case jwt(type: String?)
        /// A statement about the token, such as an introspection response.
        case statement
    }

    /// The issuer of the token; `nil` for the issuer to which the verifier is attached.
    package let issuer: IssuerIdentifier?
    /// The parsed document; its root is the claims object.
    package let document: JSONDocument
    /// The JSON text of ``document``.
    package let payload: [UInt8]
    /// When the verdict ends; if the claims have an `exp`, the earlier of both counts.
    package let notAfter: NumericDate?
    /// The audience to use if the claims have no `aud`, for credentials of a kind that never carries one.
    package let audience: String?
    package let reuse: Reuse
    package let form: Form
    /// Called if the evidence is refused, so that the verifier need not verify the same token again at once.
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

    /// Creates the evidence of a verifier of an application.
    ///
    /// - Parameters:
    ///   - claims: Claims with the names of RFC 7519 and RFC 9068, before the claim mapping of the issuer: `sub` or
    ///     `client_id`, `aud`, `exp`, `scope` and any others. `iss` can be left out; if present, it must be the issuer
    ///     to which the verifier is attached.
    ///   - notAfter: When the verdict ends; required if the claims have no `exp`.
    ///   - audience: The audience to use if the claims have no `aud`, for credentials of a kind that never carries one.
    ///   - seconds: How long the same token need not be verified again. Use more than 0 only if the verdict depends on
    ///     the token alone. A verifier that needs the operation is called for every request.
    /// - Throws: `JSONParsingError` when the claims are nested deeper than 32 levels or longer than 256 KiB.
    public init(
        claims: [String: JSON],
        notAfter: NumericDate? = nil,
        audience: String? = nil,
        keptFor seconds: Double = 0
    ) throws {
        let payload = JSON.object(claims).encodedExactly()
        try self.init(parsing: payload, notAfter: notAfter, audience: audience, keptFor: seconds)
    }

    /// Creates the evidence from claims as JSON text, which must be an object without duplicate members.
    ///
    /// - Throws: `JSONParsingError` when the text is not such an object, or is nested deeper than 32 levels or longer
    ///   than 256 KiB.
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

    /// The same evidence, for a verifier that is attached to `issuer`.
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
