// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Why a request is refused, and what the client is told.
public struct Denial: Sendable, Hashable {
    /// A stable name for one cause, for logs and tests; clients see RFC 6750 codes only.
    public struct Reason: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The name in logs.
        public let rawValue: String

        /// Creates a reason for an extension.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        private init(_ rawValue: String) {
            self.rawValue = rawValue
        }

        /// The name in logs.
        public var description: String { rawValue }

        /// The request carries no bearer token.
        public static let noCredentials = Reason("no_credentials")
        /// `Authorization` is malformed or ambiguous.
        public static let malformedCredentials = Reason("malformed_credentials")
        /// The path can be interpreted in two ways.
        public static let ambiguousTarget = Reason("ambiguous_target")
        /// No protected resource matches.
        public static let noSuchResource = Reason("no_such_resource")
        /// The token is longer than the maximum.
        public static let tokenTooLong = Reason("token_too_long")
        /// The token is encrypted (JWE), which no verifier here can read.
        public static let encryptedToken = Reason("encrypted_token")
        /// The token is a malformed JWT.
        public static let malformedToken = Reason("malformed_token")
        /// No verifier recognises the token.
        public static let unrecognizedToken = Reason("unrecognized_token")
        /// The issuer is not trusted for this resource.
        public static let untrustedIssuer = Reason("untrusted_issuer")
        /// The issuer may not use this algorithm.
        public static let algorithmNotAllowed = Reason("algorithm_not_allowed")
        /// The issuer has no key that the token could be signed with.
        public static let unknownKey = Reason("unknown_key")
        /// The signature is wrong.
        public static let invalidSignature = Reason("invalid_signature")
        /// The token is genuine but not an access token.
        public static let wrongTokenType = Reason("wrong_token_type")
        /// The issuer says the token is not active.
        public static let inactiveToken = Reason("inactive_token")
        /// A verifier module rejects the token.
        public static let rejectedByModule = Reason("rejected_by_module")
        /// A verifier of the application rejects the token.
        public static let rejectedByVerifier = Reason("rejected_by_verifier")
        /// A claim has a type or value it must not have.
        public static let invalidClaim = Reason("invalid_claim")
        /// A claim has none of its required values.
        public static let unexpectedClaimValue = Reason("unexpected_claim_value")
        /// A claim transformer refused the claims, or changed a claim that it must not change.
        public static let transformFailed = Reason("transform_failed")
        /// The local revocation list contains the token.
        public static let revoked = Reason("revoked")
        /// The token has no expiry.
        public static let missingExpiry = Reason("missing_expiry")
        /// The token has expired.
        public static let expired = Reason("expired")
        /// The token is not valid yet.
        public static let notYetValid = Reason("not_yet_valid")
        /// The token is for another resource.
        public static let audienceMismatch = Reason("audience_mismatch")
        /// The token is bound to a key, so it is not accepted as a bearer token.
        public static let proofRequired = Reason("proof_required")
        /// More scopes are needed.
        public static let insufficientScope = Reason("insufficient_scope")
        /// The scopes suffice, but the sign-in is too old or too weak.
        public static let insufficientAuthentication = Reason("insufficient_authentication")
        /// The policy denies the request, and more scopes would not help.
        public static let deniedByPolicy = Reason("denied_by_policy")
        /// The issuer is not available now.
        public static let issuerUnavailable = Reason("issuer_unavailable")
        /// The token may be signed with a key that its issuer has published since its keys were fetched.
        ///
        /// Anybody can make such a token, so this says nothing about the issuer.
        public static let keyPending = Reason("key_pending")
        /// A verifier could not decide now.
        public static let verifierUnavailable = Reason("verifier_unavailable")
        /// A claim transformer in a module could not decide now.
        public static let transformerUnavailable = Reason("transformer_unavailable")
        /// The `Mcp-*` fields contradict the body.
        public static let headerMismatch = Reason("header_mismatch")
        /// The body is longer than the maximum.
        public static let bodyTooLarge = Reason("body_too_large")
        /// The body did not arrive in time.
        public static let bodyTooLate = Reason("body_too_late")
        /// The body is not valid JSON, or has duplicate members.
        public static let malformedBody = Reason("malformed_body")
        /// The body is JSON but not a JSON-RPC message.
        public static let invalidMessage = Reason("invalid_message")
        /// The body has a content coding or is not UTF-8.
        public static let unsupportedEncoding = Reason("unsupported_encoding")
        /// The body has more messages than one request may carry.
        public static let batchTooLarge = Reason("batch_too_large")
        /// The head of a request breaks the rules of HTTP or can be read in two ways, or a message of a proxy cannot be
        /// read.
        public static let malformedRequest = Reason("malformed_request")
        /// A proxy asks that may not, because of its address.
        public static let untrustedProxy = Reason("untrusted_proxy")
        /// The request with which a proxy asks does not describe one request of a client.
        public static let unreadableForwarding = Reason("unreadable_forwarding")
        /// The client sent a field that the server behind the proxy could take for one about the caller.
        public static let identityField = Reason("identity_field")
        /// The fields about the caller would be longer than proxies accept.
        public static let identityTooLong = Reason("identity_too_long")
        /// The `Origin` or `Host` of the request is not allowed.
        public static let invalidOrigin = Reason("invalid_origin")
    }

    /// The cause.
    public let reason: Reason
    /// The HTTP status code.
    public let status: Int
    /// The `WWW-Authenticate` challenge; `nil` if there is none.
    public let challenge: BearerChallenge?
    /// Seconds after which the same request may succeed.
    public let retryAfter: Int?
    /// Details for an operator; never sent to a client.
    public let diagnosis: Diagnosis?
    /// Who was refused, if the token is genuine; never sent to a client.
    public let caller: Caller?
    /// The kind of operation that was refused, such as `tools/call` or `POST`, if known.
    ///
    /// It leaves out paths, names and URIs: they come from the client and may contain what must not be logged.
    public let operation: String?
    /// The ids of the rules that refused it.
    public let rules: [String]

    /// The caller that a genuine token identifies: equal for all tokens of one subject and client at one issuer.
    public struct Caller: Sendable, Hashable {
        /// The issuer of the token.
        public let issuer: IssuerIdentifier
        /// The subject of the token.
        public let subject: String?
        /// The client that the token was issued to.
        public let clientID: String?
    }

    package init(
        _ reason: Reason,
        status: Int,
        challenge: BearerChallenge? = nil,
        retryAfter: Int? = nil,
        diagnosis: Diagnosis? = nil,
        caller: Caller? = nil,
        operation: String? = nil,
        rules: [String] = []
    ) {
        self.caller = caller
        self.operation = operation
        self.rules = rules
        self.reason = reason
        self.status = status
        self.challenge = challenge
        self.retryAfter = retryAfter
        self.diagnosis = diagnosis
    }

    /// The same denial with the caller, if there is a token, the operation and the rules that refused it.
    func about(_ facts: TokenFacts?, _ operation: String, rules: [String] = []) -> Denial {
        Denial(
            reason,
            status: status,
            challenge: challenge,
            retryAfter: retryAfter,
            diagnosis: diagnosis,
            caller: facts.map { Caller(issuer: $0.issuer, subject: $0.subject, clientID: $0.clientID) },
            operation: operation,
            rules: rules
        )
    }
}
