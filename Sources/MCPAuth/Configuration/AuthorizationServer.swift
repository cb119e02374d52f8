// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

public import enum MCPAuthJOSE.SignatureAlgorithm
public import enum MCPAuthVerification.AccessTokenProfile

/// An authorization server whose tokens a resource accepts, and how they are verified.
public struct AuthorizationServer: Sendable {
    /// How the metadata of the server is had.
    public enum Discovery: Sendable, Hashable {
        /// `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery 1.0).
        case oidc
        /// `/.well-known/oauth-authorization-server` inserted before the path (RFC 8414).
        case oauth
        /// At this URL.
        case metadataURL(String)
        /// This JSON text; nothing is fetched but keys.
        case inline(json: String)
    }

    /// How opaque tokens of this server are checked (RFC 7662).
    public struct Introspection: Sendable {
        /// `nil` for the `introspection_endpoint` of the metadata.
        public var endpoint: String?
        /// The client identifier of this resource server at the authorization server.
        public var clientID: String
        /// Its secret, sent by `client_secret_basic`.
        public var clientSecret: Secret
        /// Only tokens that begin so are shown to this server; needed when several servers of a resource introspect.
        public var tokenPrefix: String

        /// Describes how to introspect.
        public init(endpoint: String? = nil, clientID: String, clientSecret: Secret, tokenPrefix: String = "") {
            self.endpoint = endpoint
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.tokenPrefix = tokenPrefix
        }
    }

    /// Compared byte for byte with `iss` and with the `issuer` of the metadata.
    public var issuer: IssuerIdentifier
    /// How the metadata is had.
    public var discovery: Discovery
    /// A JSON Merge Patch (RFC 7396) applied to the fetched metadata.
    public var overrides: String?
    /// Changes the fetched metadata, given and returned as JSON text; runs after ``overrides``.
    public var transformMetadata: (@Sendable (String) async throws -> String)?
    /// The algorithms its tokens may be signed with.
    public var algorithms: Set<SignatureAlgorithm>
    /// Which JWTs count as access tokens.
    public var profile: AccessTokenProfile
    /// Tolerated clock difference in seconds, 0 to 300.
    public var leeway: Double
    /// Where its tokens carry scopes and client.
    public var claims: ClaimMapping
    /// How its opaque tokens are checked; `nil` when it issues none.
    public var introspection: Introspection?

    /// Describes an authorization server; only issuer and discovery must be said.
    public init(
        issuer: IssuerIdentifier,
        discovery: Discovery,
        overrides: String? = nil,
        transformMetadata: (@Sendable (String) async throws -> String)? = nil,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        profile: AccessTokenProfile = .lenient,
        leeway: Double = 60,
        claims: ClaimMapping = ClaimMapping(),
        introspection: Introspection? = nil
    ) {
        self.issuer = issuer
        self.discovery = discovery
        self.overrides = overrides
        self.transformMetadata = transformMetadata
        self.algorithms = algorithms
        self.profile = profile
        self.leeway = leeway
        self.claims = claims
        self.introspection = introspection
    }
}
