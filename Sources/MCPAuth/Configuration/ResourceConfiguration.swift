// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthPolicy

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
    /// All of them apply; none means that a valid token is enough.
    package var policies: [CompiledPolicy] = []
    package var modules: [ModuleInstance] = []

    /// - Throws: ``ConfigurationError`` when `resource` is not an absolute URL without fragment.
    public init(
        _ resource: String,
        authorizationServers: [AuthorizationServer],
        audiences: [String] = [],
        scopesSupported: [String] = [],
        name: String? = nil,
        speaksMCP: Bool = true
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
    }
}

/// A verifier module together with the issuer it speaks for.
package struct ModuleInstance: Sendable {
    package let issuer: IssuerIdentifier
    package let verifier: any TokenVerifier

    package init(issuer: IssuerIdentifier, verifier: any TokenVerifier) {
        self.issuer = issuer
        self.verifier = verifier
    }
}

/// Everything one server protects.
public struct Configuration: Sendable {
    /// The protected resources, in the order they are listed.
    public var resources: [ResourceConfiguration]
    /// The resource whose metadata is also served under the well-known path without suffix.
    public var rootResource: ResourceIdentifier?
    /// Lets metadata and keys be fetched over plain HTTP from other machines.
    public var dangerouslyAllowHTTP: Bool
    package var authorityRule: ResourceRouter.AuthorityRule = .exact

    /// Describes what one server protects.
    public init(
        resources: [ResourceConfiguration],
        rootResource: ResourceIdentifier? = nil,
        dangerouslyAllowHTTP: Bool = false
    ) {
        self.resources = resources
        self.rootResource = rootResource
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
    }
}
