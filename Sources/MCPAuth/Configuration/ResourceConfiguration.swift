// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore

/// A protected resource as an application or a configuration file describes it.
public struct ResourceConfiguration: Sendable {
    /// The published metadata; its `authorization_servers` are those of ``authorizationServers``.
    public var metadata: ProtectedResourceMetadata
    /// In the order they are published; clients often look at the first only.
    public var authorizationServers: [AuthorizationServer]
    /// The audiences a token may name; the resource identifier when empty.
    public var audiences: [String]
    /// Whether requests carry MCP messages.
    ///
    /// Otherwise only HTTP method and path are known to policies.
    public var speaksMCP: Bool
    /// Scopes that each named issuer may grant here; others it puts into tokens are dropped.
    public var allowedScopes: [IssuerIdentifier: ScopeSet]
    /// Values that each named issuer may give to normalised claims such as `roles` here; others are dropped.
    ///
    /// Scopes are bounded by ``allowedScopes``; what says whose token it is (`iss`, `sub`, `client_id`, `aud`) cannot be.
    public var allowedClaims: [IssuerIdentifier: [String: Set<String>]]
    /// The origins of web pages that may send requests, such as `https://app.example.com`.
    ///
    /// `nil` for any origin, and for loopback origins only at a resource on a loopback address.
    public var allowedOrigins: [String]?
    /// Verifiers of the application, asked before the authorization servers' keys are.
    public var verifiers: [AttachedVerifier]
    /// Change the claims of every token at this resource, after those of its authorization server.
    public var transformers: [any ClaimTransformer]
    /// All of them apply; none means that a valid token is enough.
    public var policies: [Policy]
    /// Claims that decide otherwise than by their value in a condition.
    static let claimsWithoutBounds: Set<String> = [
        "scope", "iss", "sub", "client_id", "aud", "exp", "nbf", "iat", "cnf",
    ]

    package var modules: [AttachedVerifier] = []
    /// Where members of the metadata stand in the file that the resource was read from.
    package var metadataPlaces: [String: ConfigurationError.Location] = [:]

    /// - Throws: ``ConfigurationError`` when `resource` is not an absolute URL without fragment.
    public init(
        _ resource: String,
        authorizationServers: [AuthorizationServer],
        audiences: [String] = [],
        scopesSupported: [String] = [],
        name: String? = nil,
        speaksMCP: Bool = true,
        policies: [Policy] = []
    ) throws {
        let identifier = try ResourceIdentifier(resource)
        metadata = ProtectedResourceMetadata(
            resource: identifier,
            scopesSupported: scopesSupported,
            resourceName: name
        )
        self.authorizationServers = authorizationServers
        self.audiences = audiences
        self.speaksMCP = speaksMCP
        allowedScopes = [:]
        allowedClaims = [:]
        allowedOrigins = nil
        verifiers = []
        transformers = []
        self.policies = policies
    }
}

/// A verifier together with the issuer it speaks for.
///
/// What it says is checked like what every verifier says: audience, `exp`, subject or client, bounds and policy.
public struct AttachedVerifier: Sendable {
    /// The verifier.
    public var verifier: any TokenVerifier
    /// The issuer of the tokens it accepts; their claims may leave `iss` out, and name no other.
    public var issuer: IssuerIdentifier

    /// Attaches a verifier to an issuer, which the resource then trusts.
    public init(_ verifier: any TokenVerifier, issuer: IssuerIdentifier) {
        self.verifier = verifier
        self.issuer = issuer
    }
}

/// Everything one server protects.
public struct MCPAuthConfiguration: Sendable {
    /// The protected resources, in the order they are listed.
    public var resources: [ResourceConfiguration]
    /// The resource whose metadata is also served under the well-known path without suffix.
    public var rootResource: ResourceIdentifier?
    /// Lets metadata and keys be fetched over plain HTTP from other machines.
    public var dangerouslyAllowHTTP: Bool
    /// The longest token that is looked at in bytes, 1024 to 262144; a longer one is answered 431.
    public var maximumTokenBytes: Int
    /// The origins of web pages that may read responses (CORS): `["*"]` for any, none for no page at all.
    ///
    /// Nothing here depends on cookies, so any page may read what it has a token for unless this says otherwise.
    public var corsAllowedOrigins: [String]
    /// How many verified tokens are remembered; 0 to verify each time.
    public var tokenCacheCapacity: Int
    /// Tokens to refuse although their issuer does not.
    public var revocations: RevocationList
    /// Takes what an operator should know; it is called from any thread.
    ///
    /// Unless said otherwise it goes to a logger, at most ten events of a kind in a second.
    public var onEvent: EngineEventHandler
    package var authorityRule: ResourceRouter.AuthorityRule = .exact
    /// The longest that a request to an issuer takes and that a request of a client waits for one, in seconds.
    package var fetchDeadline = 5.0
    /// How long a host waits for the body of a request, in seconds.
    package var bodySeconds = 30.0
    /// The files that it was read from, as they were then; `nil` when it was made in code.
    package var files: FileSnapshot?

    /// Describes what one server protects.
    ///
    /// - Parameter onEvent: Takes events, refusals among them; `EngineEvent.log(to:)` gives them to a logger.
    public init(
        resources: [ResourceConfiguration],
        rootResource: ResourceIdentifier? = nil,
        dangerouslyAllowHTTP: Bool = false,
        tokenCacheCapacity: Int = 100_000,
        revocations: RevocationList = RevocationList(),
        maximumTokenBytes: Int = 16 * 1024,
        corsAllowedOrigins: [String] = ["*"],
        onEvent: @escaping EngineEventHandler = EngineEvent.log()
    ) {
        self.resources = resources
        self.maximumTokenBytes = maximumTokenBytes
        self.corsAllowedOrigins = corsAllowedOrigins
        self.rootResource = rootResource
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        self.tokenCacheCapacity = tokenCacheCapacity
        self.revocations = revocations
        self.onEvent = onEvent
    }
}
