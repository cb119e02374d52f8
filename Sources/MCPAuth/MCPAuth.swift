// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import MCPAuthCore
public import MCPAuthHTTP
package import MCPAuthVerification

/// Protects resources: an OAuth 2.1 resource server for MCP servers and HTTP APIs.
///
/// Created from a configuration, which is validated completely. It has no state per request, so one value serves all
/// requests. Nothing is fetched before a token needs it. ``reload(_:)`` replaces the configuration without losing a
/// request.
public struct MCPAuth: Sendable {
    private let live: LiveConfiguration
    /// Guards every resource.
    private let routedGuard: RequestGuard

    /// Protects the resources of a configuration, with a fetcher of the application.
    ///
    /// - Parameters:
    ///   - configuration: What is protected.
    ///   - fetcher: Fetches metadata and keys, and sends introspection requests.
    /// - Throws: `ConfigurationError`.
    public init(_ configuration: MCPAuthConfiguration, fetcher: any HTTPFetcher) throws {
        self.init(try LiveConfiguration(configuration) { _ in fetcher })
    }

    private init(_ live: LiveConfiguration) {
        self.live = live
        routedGuard = Self.routedGuard(live, ignoringCase: false)
    }

    /// Decides whether to allow a request that has no body, or whose body is not needed.
    ///
    /// - Parameter request: Its authority and path must be those that the client uses for the resource.
    public func authorize(_ request: HTTPRequest) async -> Decision {
        await authorize(request) { _ in .bytes([]) }
    }

    /// Decides whether to allow a request: finds its resource, verifies its token, reads the MCP operation and
    /// evaluates the policy.
    ///
    /// For hosts without an adapter that render denials themselves. Preflight requests get no special treatment here.
    ///
    /// - Parameters:
    ///   - request: Its authority and path must be those that the client uses for the resource.
    ///   - body: Reads the body, up to the given number of bytes. Called at most once, and only when the operation is in
    ///     the body, and the token is good or the policy may allow anyone.
    /// - Throws: What `body` throws.
    public func authorize(
        _ request: HTTPRequest,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decision {
        try await authorize(request, now: NumericDate.now, body: body)
    }

    /// The same, with a clock that is passed in.
    package func authorize(
        _ request: HTTPRequest,
        now: () -> NumericDate,
        body: (_ mostBytes: Int) async throws -> CollectedBody
    ) async rethrows -> Decision {
        var noTrace: DecisionTrace?
        return try await routedGuard.decide(request, now: now, trace: &noTrace, body: body)
    }

    /// Replaces the configuration in force.
    ///
    /// The new configuration is built and validated before it replaces the current one. Requests in progress finish
    /// with the configuration they started with. Keys and metadata of issuers whose configuration did not change are
    /// kept; tokens are verified again.
    ///
    /// - Throws: `ConfigurationError`; the current configuration then stays in force.
    public func reload(_ configuration: MCPAuthConfiguration) throws {
        try live.replace(with: configuration)
    }

    /// Which configuration is in force, and why a newer one was refused.
    public var status: ReloadStatus {
        ReloadStatus(generation: live.current.number, lastRefusal: live.lastRefusal)
    }

    /// Records that a new configuration could not be read, for ``status`` and the log.
    package func refuseReload(_ error: any Error) {
        live.refuse(error)
    }

    /// Settings that are allowed but probably unintended.
    public var warnings: [String] { findings.map(\.description) }

    /// The same with their codes.
    ///
    /// With one that has the code of an error, the server works, but not for every client.
    package var findings: [ConfigurationError] { live.current.warnings }

    /// Receives the events of the configuration in force.
    var eventHandler: EngineEventHandler { live.current.configuration.onEvent }

    /// Receives the decisions of the configuration in force.
    var decisionHandler: DecisionHandler? { live.current.configuration.onDecision }

    /// Records the requests of the configuration in force.
    var recording: RequestRecording? { live.current.configuration.recording }

    package var engine: AuthorizationEngine { live.engine }
    package var fetcher: any HTTPFetcher { live.current.fetcher }
    package var metadataEndpoint: MetadataEndpoint { live.current.metadataEndpoint }

    /// Replaces the revocations in force, including those of the configuration.
    ///
    /// The list stays in force after a reload, in addition to the list of the new configuration. Only another call of
    /// this function replaces it.
    public func replaceRevocations(with list: RevocationList) {
        live.revoke(list)
        live.current.configuration.onEvent(EngineEvent(.info, .revocationsReplaced, "\(list.count) entries"))
    }

    /// Refuses the tokens that match an entry from now on, beside all others that are refused.
    ///
    /// The entry stays in force after a reload, until ``replaceRevocations(with:)`` is called or the process ends.
    ///
    /// - Returns: The number of entries that were added at run time.
    @discardableResult
    public func revoke(_ entry: RevocationList.Entry) -> Int {
        let count = live.revoke(entry)
        live.current.configuration.onEvent(EngineEvent(.info, .revocationsReplaced, "\(count) entries at run time"))
        return count
    }

    /// What is known of each issuer whose keys are needed, in the order of the configuration; nothing is fetched.
    ///
    /// Those whose tokens are introspected, or verified with a shared secret, are not listed.
    package var issuerStatus: [(issuer: IssuerIdentifier, keys: IssuerKeys)] {
        live.current.documentsWithKeys.map { ($0.issuer, $0.keyStatus) }
    }

    /// Fetches the keys of all issuers that need them and have none, for at most the time that a request would wait.
    package func prepareIssuers() async {
        let documents = live.current.documentsWithKeys
        await withTaskGroup(of: Void.self) { group in
            for issuer in documents { group.addTask { await issuer.prepare() } }
        }
    }

    /// Reports a request that was refused before it could be decided about, because of what a connection sent.
    ///
    /// - Returns: The id under which it is kept; `nil` if decisions are not kept.
    @discardableResult
    package func report(_ denial: Denial, at door: String? = nil) -> DecisionID? {
        live.report(denial, at: .now(), door: door)
    }

    /// Discards all fetched metadata and keys, including keys that an issuer no longer publishes, and all cached
    /// tokens, accepted or refused.
    ///
    /// Use it when an issuer had to withdraw a key. The next token causes a new fetch.
    public func purge() {
        let snapshot = live.current
        snapshot.configuration.onEvent(EngineEvent(.info, .purged, "keys, metadata and remembered tokens"))
        for documents in snapshot.documents.all { documents.purge() }
        for introspection in snapshot.introspections { introspection.purge() }
        snapshot.tokenCache?.removeAll()
    }

    /// Statistics of the cache of verified tokens, since the configuration came into force.
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
    /// - Throws: `ConfigurationError` when there is no such resource.
    package func protectedResource(_ name: String) throws -> ProtectedResource {
        try live.current.resource(try ResourceIdentifier(name), named: name)
    }

    /// The resource that a request belongs to; `nil` when there is none.
    package func resource(of request: HTTPRequest) -> ProtectedResource? {
        guard case .passed(let read) = RequestReading.read(request),
            case .passed(let resource) = engine.route(read)
        else { return nil }
        return resource
    }

    /// A guard for all resources, which finds the resource of a request by its authority and path.
    ///
    /// - Parameter ignoringCase: Whether the host ignores case in its routes.
    public func requestGuard(ignoringCase: Bool = false) -> RequestGuard {
        ignoringCase ? Self.routedGuard(live, ignoringCase: true) : routedGuard
    }

    private static func routedGuard(_ live: LiveConfiguration, ignoringCase: Bool) -> RequestGuard {
        RequestGuard(
            routing: { live.engine },
            cors: { live.corsSettings },
            ignoresCase: ignoringCase,
            bodySeconds: live.current.configuration.bodySeconds,
            report: live.report
        )
    }

    /// The response to requests that need no token: for the metadata of resources at their well-known paths (RFC 9728
    /// section 3), and for preflights at the paths of resources; `nil` for every other request.
    ///
    /// An adapter sends it before it looks for a route.
    public func openResponse(to request: HTTPRequest) -> RenderedResponse? {
        metadataEndpoint.response(to: request) ?? routedGuard.preflightResponse(to: request)
    }

    /// The response below `/.well-known/` where a host has no route: 404 with CORS fields; `nil` for other paths.
    ///
    /// Web clients look there for documents that a resource server does not have, and continue only if they can read
    /// the 404 response.
    public func notFoundResponse(to request: HTTPRequest) -> RenderedResponse? {
        metadataEndpoint.notFound(request)
    }

    /// A guard for routes of one resource, which may accept fewer tokens than the resource does.
    ///
    /// - Parameters:
    ///   - name: The resource identifier.
    ///   - audience: The audiences a token may name on these routes; those of the resource when empty.
    ///   - requiredScopes: Scopes required on these routes, in addition to what the policy of the resource requires.
    ///   - ignoringCase: Whether the host ignores case in its routes.
    /// - Throws: `ConfigurationError` when there is no such resource.
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
    /// - Throws: `ConfigurationError`.
    public init(protectedResources: [ResourceConfiguration]) throws {
        try self.init(MCPAuthConfiguration(resources: protectedResources))
    }

    /// Protects the resources of a configuration.
    ///
    /// - Throws: `ConfigurationError`.
    public init(_ configuration: MCPAuthConfiguration) throws {
        self.init(try LiveConfiguration(configuration, makeFetcher: Self.fetcher))
    }
}
#endif

#if AsyncHTTPClient
extension MCPAuth {
    /// Checks an authorization server before tokens arrive, with the same fetches as a running server.
    ///
    /// - Throws: `ConfigurationError` when the configuration of the server is not allowed.
    package static func onlineCheck(
        of server: AuthorizationServer,
        in configuration: MCPAuthConfiguration
    ) async throws -> OnlineCheck {
        try await OnlineCheck(server, in: configuration, fetcher: Self.fetcher(for: configuration))
    }

    /// Checks what MCP clients find at an authorization server, with the same fetches as a running server.
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
    /// The number of the configuration snapshot, counted from 1 since the start of the process.
    public let generation: Int
    /// Why a newer configuration is not in force; `nil` when the newest one is.
    public let lastRefusal: ConfigurationError?
}

/// Counts of the cache of verified tokens.
public struct TokenCacheStatistics: Sendable, Hashable {
    /// Tokens that needed no verification.
    public let hits: Int
    /// Look-ups that found no valid entry.
    public let misses: Int
    /// Entries that were removed to make room for others.
    public let evictions: Int
    /// The current number of entries.
    public let entries: Int
}
