// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthHTTP

/// The configuration of a protected resource.
public struct ResourceConfiguration: Sendable {
    /// The published metadata; its `authorization_servers` are those of ``authorizationServers``.
    public var metadata: ProtectedResourceMetadata
    /// The authorization servers, in the order in which they are published; clients often use only the first one.
    public var authorizationServers: [AuthorizationServer]
    /// The audiences a token may name; the resource identifier when empty.
    public var audiences: [String]
    /// Whether requests carry MCP messages.
    ///
    /// Otherwise policies see only the HTTP method and path.
    public var speaksMCP: Bool
    /// Scopes that each named issuer may grant here; other scopes in its tokens are dropped.
    public var allowedScopes: [IssuerIdentifier: ScopeSet]
    /// Values that each named issuer may give to normalised claims such as `roles` here; others are dropped.
    ///
    /// Scopes are bounded by ``allowedScopes``. Claims that identify the token (`iss`, `sub`, `client_id`, `aud`)
    /// cannot be bounded, nor can `exp`, `nbf`, `iat` and `cnf`.
    public var allowedClaims: [IssuerIdentifier: [String: Set<String>]]
    /// Answers a `tools/call` that lacks credentials or scopes with status 200 and a result that has the challenge in
    /// `_meta["mcp/www_authenticate"]`, for clients that react only to the results of tools.
    ///
    /// Without a token, this is possible only where a policy has rules for anyone; elsewhere the body is not read.
    public var challengeInToolResult = false
    /// Whether the MCP server behind a proxy refuses requests whose `Mcp-*` fields contradict their body (MCP
    /// 2026-07-28).
    ///
    /// Where only the proxy sees the body (forward auth), rules for single tools then apply by these fields, for requests
    /// of revision 2026-07-28. Otherwise the operation of such a request is unknown.
    public var upstreamValidatesMCPHeaders = false
    /// The name of the field that has the access token, in place of `Authorization`; `nil` for `Authorization`.
    ///
    /// For servers behind a proxy that signs who is calling, such as `Cf-Access-Jwt-Assertion`. `Authorization` does not
    /// count then. The field has the token alone.
    public var tokenField: String?
    /// The origins of web pages that may send requests, such as `https://app.example.com`.
    ///
    /// `nil` allows any origin, but only loopback origins at a resource on a loopback address.
    public var allowedOrigins: [String]?
    /// Verifiers of the application, asked before the keys of the authorization servers.
    public var verifiers: [AttachedVerifier]
    /// Change the claims of every token at this resource, after those of its authorization server.
    public var transformers: [any ClaimTransformer]
    /// The policies, which all apply; without one, a valid token is enough.
    public var policies: [Policy]
    /// Claims that affect a decision in other ways than through a condition on their value.
    static let claimsWithoutBounds: Set<String> = [
        "scope", "iss", "sub", "client_id", "aud", "exp", "nbf", "iat", "cnf",
    ]

    package var modules: [AttachedVerifier] = []
    /// The places of metadata members in the file that the resource was read from.
    package var metadataPlaces: [String: ConfigurationError.Location] = [:]

    /// - Throws: `ConfigurationError` when `resource` is not an absolute URL without fragment.
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

/// A verifier and the issuer of the tokens that it verifies.
///
/// Its tokens are checked like those of every verifier: audience, `exp`, subject or client, bounds and policy.
public struct AttachedVerifier: Sendable {
    /// The verifier.
    public var verifier: any TokenVerifier
    /// The issuer of the tokens it accepts; their claims may omit `iss`, but must not name another issuer.
    public var issuer: IssuerIdentifier

    /// Attaches a verifier to an issuer, which the resource then trusts.
    public init(_ verifier: any TokenVerifier, issuer: IssuerIdentifier) {
        self.verifier = verifier
        self.issuer = issuer
    }
}
