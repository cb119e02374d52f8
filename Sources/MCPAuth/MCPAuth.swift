// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import MCPAuthCore
public import MCPAuthHTTP
internal import MCPAuthVerification

/// Protects resources: an OAuth 2.1 resource server for MCP servers and HTTP APIs.
///
/// Made once from a configuration, which is checked whole; it then holds no state of a request and may be shared by
/// all of them. Nothing is fetched before a token needs it. ``reload(_:)`` puts another configuration in force without
/// losing a request.
public struct MCPAuth: Sendable {
    private let live: LiveConfiguration
    /// Guards every resource.
    private let routedGuard: RequestGuard

    /// Protects what a configuration describes, with a fetcher of the application.
    ///
    /// - Parameter fetcher: Obtains metadata and keys, and sends introspection requests.
    /// - Throws: ``ConfigurationError``.
    public init(_ configuration: MCPAuthConfiguration, fetcher: any HTTPFetcher) throws {
        self.init(try LiveConfiguration(configuration) { _ in fetcher })
    }

    private init(_ live: LiveConfiguration) {
        self.live = live
        routedGuard = Self.routedGuard(live, ignoringCase: false)
    }

    /// Decides about a request without a body, or one whose body does not matter.
    ///
    /// - Parameter request: With the authority and path under which the client knows the resource.
    public func authorize(_ request: HTTPRequest) async -> Decision {
        await authorize(request) { _ in .bytes([]) }
    }

    /// Decides about a request: finds its resource, verifies its token, reads the MCP operation and asks the policy.
    ///
    /// For hosts without an adapter whose refusals are their own to render; a preflight is a request like any other here.
    ///
    /// - Parameters:
    ///   - request: With the authority and path under which the client knows the resource.
    ///   - body: Called at most once, and only when the request has a token that is good and the operation is in the body:
    ///     reads the body up to the given number of bytes.
    /// - Throws: What `body` throws.
    public func authorize(
        _ request: HTTPRequest,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decision {
        try await authorize(request, now: NumericDate.now, body: body)
    }

    /// The same at a time that is passed in.
    package func authorize(
        _ request: HTTPRequest,
        now: () -> NumericDate,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decision {
        var noTrace: DecisionTrace?
        return try await routedGuard.decide(request, now: now, trace: &noTrace, body: body)
    }

    /// Puts another configuration in force.
    ///
    /// It is built and checked whole before it replaces the one there is; requests that are under way end as they
    /// began. Keys and metadata of issuers that are configured alike are kept, tokens are verified anew.
    ///
    /// - Throws: ``ConfigurationError``; the old configuration then stays in force.
    public func reload(_ configuration: MCPAuthConfiguration) throws {
        try live.replace(with: configuration)
    }

    /// Which configuration is in force, and whether a newer one was refused.
    public var status: ReloadStatus {
        ReloadStatus(generation: live.current.number, lastRefusal: live.lastRefusal)
    }

    /// Notes that a new configuration could not be read, so that ``status`` and the log say so.
    package func refuseReload(_ error: any Error) {
        live.refuse(error)
    }

    /// What is allowed and probably not meant.
    public var warnings: [String] { findings.map(\.description) }

    /// The same with their codes; those with the code of an error leave the server usable, and not for every client.
    package var findings: [ConfigurationError] { live.current.warnings }

    package var engine: AuthorizationEngine { live.engine() }
    package var fetcher: any HTTPFetcher { live.current.fetcher }
    package var metadataEndpoint: MetadataEndpoint { live.current.metadataEndpoint }

    /// Refuses these tokens from now on, and no longer those that the list before this one named.
    ///
    /// What it names is refused after a reload too, beside the list that the new configuration brings; only another call
    /// of this function changes that.
    public func replaceRevocations(with list: RevocationList) {
        live.revoke(list)
        live.current.configuration.onEvent(EngineEvent(.info, .revocationsReplaced, "\(list.count) entries"))
    }

    /// Throws away all fetched metadata and keys, those that lately vanished, and every remembered token, be it that it
    /// was accepted or refused.
    ///
    /// For a key that an issuer had to withdraw: the next token makes its keys be fetched again.
    public func purge() {
        let generation = live.current
        generation.configuration.onEvent(EngineEvent(.info, .purged, "keys, metadata and remembered tokens"))
        for directory in generation.directories.all { directory.purge() }
        for introspection in generation.introspections { introspection.purge() }
        generation.tokenCache?.removeAll()
    }

    /// How the cache of verified tokens did since the configuration came into force.
    public var tokenCacheStatistics: TokenCacheStatistics {
        let statistics = live.current.tokenCache?.statistics ?? .init()
        return TokenCacheStatistics(
            hits: statistics.hits,
            misses: statistics.misses,
            evictions: statistics.evictions,
            entries: statistics.count
        )
    }

    /// One of the protected resources, by its identifier.
    ///
    /// - Throws: ``ConfigurationError`` when there is none of that name.
    package func protectedResource(_ name: String) throws -> ProtectedResource {
        try live.current.resource(try ResourceIdentifier(name), named: name)
    }

    /// Guards every resource, each request routed by its authority and path.
    ///
    /// - Parameter ignoringCase: Whether the host ignores case in its routes.
    public func requestGuard(ignoringCase: Bool = false) -> RequestGuard {
        ignoringCase ? Self.routedGuard(live, ignoringCase: true) : routedGuard
    }

    private static func routedGuard(_ live: LiveConfiguration, ignoringCase: Bool) -> RequestGuard {
        RequestGuard(
            routing: { live.engine() },
            cors: { live.corsSettings },
            ignoresCase: ignoringCase,
            bodySeconds: live.current.configuration.bodySeconds,
            report: live.report
        )
    }

    /// The answer to what anybody may ask before there is a token: the metadata of resources at its well-known paths
    /// (RFC 9728 section 3), and preflights at the paths of resources; `nil` for every other request.
    ///
    /// An adapter answers it before it looks for a route.
    public func openResponse(to request: HTTPRequest) -> RenderedResponse? {
        metadataEndpoint.response(to: request) ?? routedGuard.preflightResponse(to: request)
    }

    /// The answer below `/.well-known/` where a host has no route: 404 with CORS fields; `nil` for other paths.
    ///
    /// Web clients look there for documents that a resource server does not have, and go on only when they can read that.
    public func notFoundResponse(to request: HTTPRequest) -> RenderedResponse? {
        metadataEndpoint.notFound(request)
    }

    /// Guards routes of one resource, which may narrow what the resource accepts.
    ///
    /// - Parameters:
    ///   - name: The resource identifier.
    ///   - audience: The audiences a token may name on these routes; those of the resource when empty.
    ///   - requiredScopes: Scopes needed on these routes beside what the policy of the resource says.
    ///   - ignoringCase: Whether the host ignores case in its routes.
    /// - Throws: ``ConfigurationError`` when there is no such resource.
    public func requestGuard(
        resource name: String,
        audience: [String] = [],
        requiredScopes: [String] = [],
        ignoringCase: Bool = false
    ) throws -> RequestGuard {
        let live = live
        let narrowed = try RouteRestriction(name, audience: audience, requiredScopes: requiredScopes, of: live)
        return RequestGuard(
            resource: narrowed.current,
            cors: { live.corsSettings },
            ignoresCase: ignoringCase,
            bodySeconds: live.current.configuration.bodySeconds,
            report: live.report
        )
    }
}

#if AsyncHTTPClient
extension MCPAuth {
    /// Protects these resources.
    ///
    /// - Throws: ``ConfigurationError``.
    public init(protectedResources: [ResourceConfiguration]) throws {
        try self.init(MCPAuthConfiguration(resources: protectedResources))
    }

    /// Protects what a configuration describes.
    ///
    /// - Throws: ``ConfigurationError``.
    public init(_ configuration: MCPAuthConfiguration) throws {
        self.init(try LiveConfiguration(configuration, makeFetcher: Self.fetcher))
    }
}
#endif

#if AsyncHTTPClient
extension MCPAuth {
    /// What an operator needs to know of an authorization server before tokens come, fetched as a server would.
    ///
    /// - Throws: ``ConfigurationError`` when what is said of it is not allowed.
    package static func onlineCheck(
        of server: AuthorizationServer,
        in configuration: MCPAuthConfiguration
    ) async throws -> OnlineCheck {
        try await OnlineCheck(server, in: configuration, fetcher: Self.fetcher(for: configuration))
    }

    /// What MCP clients find at an authorization server, fetched as a server would.
    package static func clientDiscovery(of issuer: IssuerIdentifier) async throws -> OnlineCheck {
        let configuration = MCPAuthConfiguration(resources: [])
        return try await OnlineCheck(clientsOf: issuer, fetcher: Self.fetcher(for: configuration))
    }

    private static func fetcher(for configuration: MCPAuthConfiguration) -> any HTTPFetcher {
        AsyncHTTPFetcher(dangerouslyAllowHTTP: configuration.dangerouslyAllowHTTP)
    }
}
#endif

/// Which configuration is in force.
public struct ReloadStatus: Sendable {
    /// Counted from 1 since the start of the process.
    public let generation: Int
    /// Why a newer configuration is not in force; `nil` when the newest one is.
    public let lastRefusal: ConfigurationError?
}

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
