// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthVerification

/// Checks a configuration and makes the engine's resources of it.
struct EngineBuilder {
    private let configuration: Configuration
    private let fetcher: any HTTPFetcher
    private var directories: [DirectoryKey: IssuerDirectory] = [:]
    private(set) var warnings: [String] = []

    /// Resources that configure an issuer alike share what is fetched of it.
    private struct DirectoryKey: Hashable {
        let issuer: IssuerIdentifier
        let discovery: AuthorizationServer.Discovery
        let overrides: String?
    }

    init(_ configuration: Configuration, fetcher: any HTTPFetcher) {
        self.configuration = configuration
        self.fetcher = fetcher
    }

    /// - Throws: ``ConfigurationError``.
    mutating func resources() throws -> [ProtectedResource] {
        guard !configuration.resources.isEmpty else {
            throw ConfigurationError(.missingKey, "no protected resource is configured")
        }
        var resources: [ProtectedResource] = []
        for resource in configuration.resources { resources.append(try build(resource)) }
        return resources
    }

    private mutating func build(_ resource: ResourceConfiguration) throws -> ProtectedResource {
        let identifier = resource.metadata.resource
        try checkIssuers(of: resource)
        var jwtIssuers: [JWTVerifier.Issuer] = []
        var introspections: [any TokenVerifier] = []
        for server in resource.authorizationServers {
            let directory = try directory(of: server)
            jwtIssuers.append(.init(directory: directory, algorithms: server.algorithms, profile: server.profile))
            if let introspection = server.introspection {
                introspections.append(try verifier(introspection, of: server, directory))
            }
        }
        var metadata = resource.metadata
        metadata.authorizationServers = resource.authorizationServers.map(\.issuer)
        let audiences = resource.audiences.isEmpty ? [identifier.description] : resource.audiences
        return ProtectedResource(
            identifier: identifier,
            issuers: trustedIssuers(of: resource),
            acceptedAudiences: audiences.map(ResourceAudience.init),
            verifiers: resource.modules.map(\.verifier) + [JWTVerifier(issuers: jwtIssuers)] + introspections,
            policy: resource.policies.isEmpty ? AuthenticatedPolicy() : PolicySet(resource.policies),
            metadata: metadata,
            speaksMCP: resource.speaksMCP
        )
    }

    private mutating func checkIssuers(of resource: ResourceConfiguration) throws {
        let name = resource.metadata.resource.description.printable
        let servers = resource.authorizationServers
        var seen = Set<IssuerIdentifier>()
        for server in servers {
            let issuer = server.issuer.description.printable
            guard seen.insert(server.issuer).inserted else {
                throw ConfigurationError(.duplicate, "the issuer `\(issuer)` is named twice for the resource `\(name)`")
            }
            guard (0...300).contains(server.leeway) else {
                throw ConfigurationError(.invalidValue, "the leeway of `\(issuer)` must be 0 to 300 seconds")
            }
            guard !server.algorithms.isEmpty else {
                throw ConfigurationError(.invalidValue, "the issuer `\(issuer)` may use no algorithm at all")
            }
            if servers.count > 1, resource.allowedScopes[server.issuer] == nil {
                warnings.append("`\(name)` trusts several issuers and `\(issuer)` may grant any scope")
            }
        }
        let prefixes = servers.compactMap(\.introspection?.tokenPrefix)
        for (index, prefix) in prefixes.enumerated() {
            guard !prefixes.enumerated().contains(where: { $0.offset != index && $0.element.hasPrefix(prefix) }) else {
                throw ConfigurationError(
                    .conflict,
                    "several issuers of `\(name)` introspect: each needs a token prefix that no other one's begins with"
                )
            }
        }
    }

    mutating func directory(of server: AuthorizationServer) throws -> IssuerDirectory {
        let key = DirectoryKey(issuer: server.issuer, discovery: server.discovery, overrides: server.overrides)
        if server.transformMetadata == nil, let directory = directories[key] { return directory }
        let directory = IssuerDirectory(
            issuer: server.issuer,
            source: try source(of: server),
            override: try override(of: server),
            fetcher: fetcher
        )
        if server.transformMetadata == nil { directories[key] = directory }
        return directory
    }

    private func source(of server: AuthorizationServer) throws -> IssuerDirectory.Source {
        switch server.discovery {
        case .oidc:
            _ = try fetchable(server.issuer.description)
            return .oidc
        case .oauth:
            _ = try fetchable(server.issuer.description)
            return .oauth
        case .metadataURL(let url):
            return .url(try fetchable(url))
        case .inline(let text):
            let document = try Self.json(text, "the inline metadata of `\(server.issuer.description.printable)`")
            guard try AuthorizationServerMetadata(document).issuer == server.issuer else {
                throw ConfigurationError(
                    .invalidServerMetadata,
                    "the inline metadata names another issuer than `\(server.issuer.description.printable)`"
                )
            }
            return .inline(document)
        }
    }

    private func override(of server: AuthorizationServer) throws -> IssuerDirectory.Override? {
        let patch = try server.overrides.map {
            try Self.json($0, "the overrides of `\(server.issuer.description.printable)`")
        }
        let transform = server.transformMetadata
        guard patch != nil || transform != nil else { return nil }
        return { document in
            let patched = patch.map(document.merging) ?? document
            guard let transform else { return patched }
            let text = try await transform(String(decoding: patched.encoded(), as: UTF8.self))
            return try Self.json(text, "the transformed metadata")
        }
    }

    private func verifier(
        _ introspection: AuthorizationServer.Introspection,
        of server: AuthorizationServer,
        _ directory: IssuerDirectory
    ) throws -> IntrospectionVerifier {
        let endpoint: IntrospectionVerifier.Endpoint =
            if let url = introspection.endpoint {
                .url(try fetchable(url))
            } else {
                .discovered(directory, IssuerDirectory.provenance(of: server.issuer, try source(of: server)))
            }
        return IntrospectionVerifier(
            issuer: server.issuer,
            endpoint: endpoint,
            clientID: introspection.clientID,
            clientSecret: introspection.clientSecret.bytes,
            tokenPrefix: introspection.tokenPrefix,
            fetcher: fetcher
        )
    }

    private func trustedIssuers(of resource: ResourceConfiguration) -> [TrustedIssuer] {
        let servers = resource.authorizationServers.map { server in
            TrustedIssuer(
                identifier: server.issuer,
                leeway: server.leeway,
                claimMapping: server.claims,
                allowedScopes: resource.allowedScopes[server.issuer]
            )
        }
        let modules = resource.modules.map { module in
            TrustedIssuer(identifier: module.issuer, allowedScopes: resource.allowedScopes[module.issuer])
        }
        return servers + modules.filter { module in !servers.contains { $0.identifier == module.identifier } }
    }

    private func fetchable(_ text: String) throws -> HTTPURL {
        guard let url = HTTPURL(text) else {
            throw ConfigurationError(.invalidValue, "`\(text.printable)` is not an absolute https URL")
        }
        guard url.scheme == "https" || url.isLoopback || configuration.dangerouslyAllowHTTP else {
            throw ConfigurationError(
                .invalidValue,
                "`\(text.printable)` is not https; plain http is for loopback addresses, or with `dangerously_allow_http`"
            )
        }
        return url
    }

    private static func json(_ text: String, _ what: String) throws -> JSON {
        do throws(JSONParsingError) {
            return JSON(try JSONDocument(parsing: Array(text.utf8), limits: .fetched).root)
        } catch {
            throw ConfigurationError(.invalidJSON, "\(what): \(error.message) at line \(error.line)")
        }
    }
}
