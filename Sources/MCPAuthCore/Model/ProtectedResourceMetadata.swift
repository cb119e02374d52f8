// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The document that describes a protected resource (RFC 9728 section 2).
///
/// Members that are empty or absent are left out of the document, as section 3.2 requires.
public struct ProtectedResourceMetadata: Sendable, Hashable {
    /// The resource identifier.
    public var resource: ResourceIdentifier
    /// Issuer identifiers; MCP requires at least one.
    public var authorizationServers: [IssuerIdentifier]
    /// The URL of the JWK Set of the resource server.
    public var jwksURI: String?
    /// The scopes that a client should request first; not always all scopes.
    public var scopesSupported: [String]
    /// How tokens may be sent; this library accepts `header` only.
    public var bearerMethodsSupported: [String]
    /// The algorithms that the resource server signs with.
    public var resourceSigningAlgValuesSupported: [String]
    /// The name for human readers.
    public var resourceName: String?
    /// The URL of a page for developers.
    public var resourceDocumentation: String?
    /// The URL of a page about how data may be used.
    public var resourcePolicyURI: String?
    /// The URL of a page with the terms of service.
    public var resourceTOSURI: String?
    /// Whether tokens bound to client certificates are supported.
    public var tlsClientCertificateBoundAccessTokens: Bool
    /// The types of `authorization_details` (RFC 9396).
    public var authorizationDetailsTypesSupported: [String]
    /// The algorithms for DPoP proofs.
    public var dpopSigningAlgValuesSupported: [String]
    /// Whether every token must be bound to a key by DPoP.
    public var dpopBoundAccessTokensRequired: Bool
    /// A JWS of these values that was made elsewhere (RFC 9728 section 2.2).
    public var signedMetadata: String?

    /// Creates metadata; only the resource identifier is required.
    public init(
        resource: ResourceIdentifier,
        authorizationServers: [IssuerIdentifier] = [],
        jwksURI: String? = nil,
        scopesSupported: [String] = [],
        bearerMethodsSupported: [String] = ["header"],
        resourceSigningAlgValuesSupported: [String] = [],
        resourceName: String? = nil,
        resourceDocumentation: String? = nil,
        resourcePolicyURI: String? = nil,
        resourceTOSURI: String? = nil,
        tlsClientCertificateBoundAccessTokens: Bool = false,
        authorizationDetailsTypesSupported: [String] = [],
        dpopSigningAlgValuesSupported: [String] = [],
        dpopBoundAccessTokensRequired: Bool = false,
        signedMetadata: String? = nil
    ) {
        self.resource = resource
        self.authorizationServers = authorizationServers
        self.jwksURI = jwksURI
        self.scopesSupported = scopesSupported
        self.bearerMethodsSupported = bearerMethodsSupported
        self.resourceSigningAlgValuesSupported = resourceSigningAlgValuesSupported
        self.resourceName = resourceName
        self.resourceDocumentation = resourceDocumentation
        self.resourcePolicyURI = resourcePolicyURI
        self.resourceTOSURI = resourceTOSURI
        self.tlsClientCertificateBoundAccessTokens = tlsClientCertificateBoundAccessTokens
        self.authorizationDetailsTypesSupported = authorizationDetailsTypesSupported
        self.dpopSigningAlgValuesSupported = dpopSigningAlgValuesSupported
        self.dpopBoundAccessTokensRequired = dpopBoundAccessTokensRequired
        self.signedMetadata = signedMetadata
    }
}
