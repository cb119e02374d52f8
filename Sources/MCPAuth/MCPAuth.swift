// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
package import MCPAuthHTTP
internal import MCPAuthPolicy
package import MCPAuthVerification

/// Protects resources: an OAuth 2.1 resource server for MCP servers and HTTP APIs.
///
/// Made once from a configuration, which is checked whole; it then holds no state of a request and may be shared by
/// all of them. Nothing is fetched before a token needs it.
public struct MCPAuth: Sendable {
    package let engine: AuthorizationEngine
    package let metadataEndpoint: MetadataEndpoint
    /// What is allowed and probably not meant.
    public let warnings: [String]
    private let tokenCache: TokenCache?
    private let revocations: Revocations
    private let directories: [IssuerDirectory]
    private let onEvent: EngineEventHandler

    /// - Throws: ``ConfigurationError``.
    package init(_ configuration: Configuration, fetcher: any HTTPFetcher) throws {
        var builder = EngineBuilder(configuration, fetcher: fetcher)
        let resources = try builder.resources()
        engine = try AuthorizationEngine(resources: resources, authority: configuration.authorityRule)
        metadataEndpoint = MetadataEndpoint(resources, rootResource: configuration.rootResource)
        warnings = builder.warnings
        tokenCache = builder.tokenCache
        revocations = builder.revocations
        directories = builder.allDirectories
        onEvent = configuration.onEvent
    }

    /// Refuses these tokens from now on, and no longer those that the list before this one named.
    public func replaceDenyList(with list: DenyList) {
        revocations.replace(with: list)
        onEvent(EngineEvent(.info, .denyListReplaced, "\(list.count) entries"))
    }

    /// Throws away all fetched metadata and keys, those that lately vanished, and every remembered token.
    ///
    /// For a key that an issuer had to withdraw: the next token makes its keys be fetched again.
    public func purge() {
        for directory in directories { directory.purge() }
        tokenCache?.removeAll()
    }

    /// How the cache of verified tokens did since this was made.
    public var tokenCacheStatistics: TokenCacheStatistics {
        let statistics = tokenCache?.statistics ?? .init()
        return TokenCacheStatistics(
            hits: statistics.hits,
            misses: statistics.misses,
            evictions: statistics.evictions,
            entries: statistics.count
        )
    }

    /// Guards every resource, each request routed by its authority and path.
    package func requestGuard() -> RequestGuard {
        RequestGuard(routing: engine)
    }

    /// Guards routes of one resource, which may narrow what the resource accepts.
    ///
    /// - Throws: ``ConfigurationError`` when there is no such resource.
    package func requestGuard(
        resource name: String,
        audience: [String],
        requiredScopes: [String]
    ) throws -> RequestGuard {
        let identifier = try ResourceIdentifier(name)
        guard let resource = engine.resources.first(where: { $0.identifier == identifier }) else {
            let known = engine.resources.map(\.identifier.description)
            throw ConfigurationError(
                .unknownName,
                "no protected resource `\(name.printable)` is configured\(Suggestion.text(for: name, among: known))"
            )
        }
        let scopes = ScopeSet(requiredScopes)
        guard scopes.count == Set(requiredScopes).count else {
            throw ConfigurationError(.invalidValue, "a required scope has a character that scopes cannot have")
        }
        var policy = resource.policy
        if !scopes.isEmpty {
            let inCode = CompiledPolicy.requiring(scopes)
            policy = (policy as? PolicySet)?.adding(inCode) ?? PolicySet([inCode])
        }
        let audiences = audience.isEmpty ? resource.acceptedAudiences : audience.map(ResourceAudience.init)
        return RequestGuard(resource.narrowed(acceptedAudiences: audiences, policy: policy))
    }
}

#if AsyncHTTPClient
extension MCPAuth {
    /// Protects these resources.
    ///
    /// - Throws: ``ConfigurationError``.
    public init(protectedResources: [ResourceConfiguration]) throws {
        try self.init(Configuration(resources: protectedResources))
    }

    /// Protects what a configuration describes.
    ///
    /// - Throws: ``ConfigurationError``.
    public init(_ configuration: Configuration) throws {
        let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: configuration.dangerouslyAllowHTTP)
        try self.init(configuration, fetcher: fetcher)
    }
}
#endif

#if AsyncHTTPClient
extension MCPAuth {
    /// What one authorization server publishes, fetched as a server would; for tools that look at it alone.
    package static func directory(
        for server: AuthorizationServer,
        dangerouslyAllowHTTP: Bool
    ) throws -> IssuerDirectory {
        let configuration = Configuration(resources: [], dangerouslyAllowHTTP: dangerouslyAllowHTTP)
        let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: dangerouslyAllowHTTP)
        var builder = EngineBuilder(configuration, fetcher: fetcher)
        return try builder.directory(of: server)
    }
}
#endif

/// How the cache of verified tokens did.
public struct TokenCacheStatistics: Sendable, Hashable {
    /// Tokens that needed no verification.
    public let hits: Int
    /// Look-ups that found nothing good.
    public let misses: Int
    /// Entries that had to make room.
    public let evictions: Int
    /// Entries there are now.
    public let entries: Int
}
