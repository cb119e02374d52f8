// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The document that describes a protected resource (RFC 9728 section 2).
///
/// Members that are empty or absent are left out of the document, as section 3.2 demands.
public struct ProtectedResourceMetadata: Sendable, Hashable {
    /// The resource identifier.
    public var resource: ResourceIdentifier
    /// Issuer identifiers; MCP requires at least one.
    public var authorizationServers: [IssuerIdentifier]
    /// Where the keys of the resource server are.
    public var jwksURI: String?
    /// The scopes a client needs to begin with; not the catalogue.
    public var scopesSupported: [String]
    /// How tokens may be sent; `header` only, here.
    public var bearerMethodsSupported: [String]
    /// Algorithms the resource signs with.
    public var resourceSigningAlgValuesSupported: [String]
    /// A name for people.
    public var resourceName: String?
    /// A page for developers.
    public var resourceDocumentation: String?
    /// A page on how data may be used.
    public var resourcePolicyURI: String?
    /// A page with the terms of service.
    public var resourceTOSURI: String?
    /// Whether tokens bound to client certificates are supported.
    public var tlsClientCertificateBoundAccessTokens: Bool
    /// The types of `authorization_details` (RFC 9396).
    public var authorizationDetailsTypesSupported: [String]
    /// Algorithms for DPoP proofs.
    public var dpopSigningAlgValuesSupported: [String]
    /// Whether every token must be bound to a proof.
    public var dpopBoundAccessTokensRequired: Bool
    /// A JWS over these values, made elsewhere (RFC 9728 section 2.2).
    public var signedMetadata: String?

    /// Describes a protected resource; only its identifier must be said.
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
