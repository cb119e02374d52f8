// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
public import MCPAuthJSON

public import enum MCPAuthJOSE.HMACAlgorithm
public import enum MCPAuthJOSE.SignatureAlgorithm
public import enum MCPAuthVerification.AccessTokenProfile

/// An authorization server whose tokens a resource accepts, and how they are verified.
public struct AuthorizationServer: Sendable {
    /// How the metadata of the server is obtained.
    public enum Discovery: Sendable, Hashable {
        /// `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0).
        case oidc
        /// `/.well-known/oauth-authorization-server` inserted before the path (RFC 8414).
        case oauth
        /// At this URL.
        case metadataURL(String)
        /// This document; only keys are fetched.
        case inline(JSON)
    }

    /// The issuer identifier that clients discover: it is published, and must equal the `issuer` of the metadata byte
    /// for byte.
    public var issuer: IssuerIdentifier
    /// The `iss` of its tokens when it differs from ``issuer``, as with AD FS; `nil` when it does not.
    ///
    /// When set, tokens that name ``issuer`` are refused. Policies, revocation lists and `AuthInfo.issuer` use the
    /// `iss` of tokens.
    public var tokenIssuer: IssuerIdentifier?
    /// How the metadata is obtained.
    public var discovery: Discovery
    /// A JSON Merge Patch (RFC 7396) applied to the fetched metadata.
    public var overrides: JSON?
    /// Changes the fetched metadata; runs after ``overrides``.
    public var transformMetadata: (@Sendable (JSON) async throws -> JSON)?
    /// The algorithms its tokens may be signed with.
    public var algorithms: Set<SignatureAlgorithm>
    /// Which JWTs count as access tokens.
    public var profile: AccessTokenProfile
    /// Marks of other kinds of tokens, such as `nonce`, that the access tokens of this server also carry.
    ///
    /// A token with any other mark of an ID, refresh or logout token is refused.
    public var accessTokenMarks: Set<String>
    /// A PEM file with the certificate authorities that are trusted for the metadata, keys and introspection of this
    /// server, in place of the system's; `nil` to trust those of the system.
    public var caFile: String?
    /// Tolerated clock difference in seconds, 0 to 300.
    public var leeway: Double
    /// Which claims of its tokens carry scopes, client and other normalised claims.
    public var claims: ClaimMapping
    /// How its tokens are introspected; `nil` when they are not.
    public var introspection: Introspection?
    /// Secrets that it signs with instead of published keys; when set, nothing is fetched for its JWTs.
    public var hmacSecrets: [HMACSecret]
    /// Verifiers of the application for tokens of this server, asked before its keys.
    public var verifiers: [any TokenVerifier] = []
    /// Change the claims of its tokens, after the claim mapping and in this order.
    public var transformers: [any ClaimTransformer] = []

    /// Describes an authorization server; only issuer and discovery are required.
    public init(
        issuer: IssuerIdentifier,
        discovery: Discovery,
        overrides: JSON? = nil,
        transformMetadata: (@Sendable (JSON) async throws -> JSON)? = nil,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        profile: AccessTokenProfile = .lenient,
        leeway: Double? = nil,
        claims: ClaimMapping = ClaimMapping(),
        introspection: Introspection? = nil,
        hmacSecrets: [HMACSecret] = [],
        tokenIssuer: IssuerIdentifier? = nil,
        accessTokenMarks: Set<String> = [],
        caFile: String? = nil
    ) {
        self.issuer = issuer
        self.tokenIssuer = tokenIssuer
        self.accessTokenMarks = accessTokenMarks
        self.caFile = caFile
        self.discovery = discovery
        self.overrides = overrides
        self.transformMetadata = transformMetadata
        self.algorithms = algorithms
        self.profile = profile
        self.leeway = leeway ?? Double(NumberSetting.leewaySeconds.standard)
        self.claims = claims
        self.introspection = introspection
        self.hmacSecrets = hmacSecrets
    }

    /// The `iss` of its tokens.
    package var issuerOfTokens: IssuerIdentifier { tokenIssuer ?? issuer }

    /// Whether the metadata is needed, for keys or for the introspection endpoint.
    var needsMetadata: Bool {
        guard let introspection else { return hmacSecrets.isEmpty }
        return introspection.endpoint == nil || (introspection.tokens == .opaque && hmacSecrets.isEmpty)
    }
}

/// A secret that an authorization server and this resource server share, for HS256, HS384 or HS512.
public struct HMACSecret: Sendable {
    /// The only algorithm it is used with.
    public var algorithm: HMACAlgorithm
    /// The `kid` of tokens made with it; `nil` to ignore their `kid`.
    public var keyID: String?
    /// At least as long as the hash: 32, 48 or 64 bytes.
    public var secret: Secret

    /// Describes a shared secret.
    public init(_ algorithm: HMACAlgorithm, keyID: String? = nil, secret: Secret) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.secret = secret
    }
}
