// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthLock
internal import MCPAuthVerification

/// A configuration and everything that was built from it; immutable.
final class ConfigurationSnapshot: Sendable {
    /// Counted from 1 since the start of the process.
    let number: Int
    let configuration: MCPAuthConfiguration
    /// One engine for each processor, all equal: processors would contend for the reference counts of a shared engine
    /// and its resources.
    let engines: [AuthorizationEngine]
    let cors: CORSSettings
    let metadataEndpoint: MetadataEndpoint
    let warnings: [ConfigurationError]
    let tokenCache: TokenCache?
    let revocations: Revocations
    let fetcher: any HTTPFetcher
    let documents: IssuerDocumentsCache
    let introspections: [IntrospectionVerifier]

    /// - Parameters:
    ///   - documents: The documents fetched so far; those of an issuer whose configuration did not change are reused.
    ///   - revokedAtRunTime: Tokens that were revoked at run time; all snapshots share them.
    ///   - onFetchEvent: Receives the events of fetches, also after a later snapshot reuses the documents.
    /// - Throws: ``ConfigurationError``.
    init(
        _ configuration: MCPAuthConfiguration,
        fetcher: any HTTPFetcher,
        number: Int = 1,
        documents: IssuerDocumentsCache = IssuerDocumentsCache(),
        revokedAtRunTime: Revocations = Revocations(),
        onFetchEvent: @escaping EngineEventHandler
    ) throws {
        self.number = number
        var builder = EngineBuilder(
            configuration,
            fetcher: fetcher,
            generation: number,
            documents: documents,
            revokedAtRunTime: revokedAtRunTime,
            onFetchEvent: onFetchEvent
        )
        let resources = try builder.resources()
        self.configuration = configuration
        self.fetcher = fetcher
        self.documents = builder.usedDocuments
        introspections = builder.introspections
        engines = try (0..<configuration.engineCopies).map { _ in
            try AuthorizationEngine(resources: resources.map { $0.copy() }, authority: configuration.authorityRule)
        }
        cors = CORSSettings(allowedOrigins: configuration.corsAllowedOrigins)
        metadataEndpoint = MetadataEndpoint(resources, rootResource: configuration.rootResource, cors: cors)
        warnings = builder.warnings
        tokenCache = builder.tokenCache
        revocations = builder.revocations
    }
}

extension ConfigurationSnapshot {
    /// - Throws: ``ConfigurationError`` when there is no such resource.
    func resource(_ identifier: ResourceIdentifier, named name: String) throws -> ProtectedResource {
        guard let resource = engines[0].resources.first(where: { $0.identifier == identifier }) else {
            let known = engines[0].resources.map(\.identifier.description)
            throw ConfigurationError(
                .unknownName,
                "no protected resource `\(name.printable)` is configured\(Suggestion.text(for: name, among: known))"
            )
        }
        return resource
    }
}

/// The configuration snapshot in force, and how it is replaced.
final class LiveConfiguration: Sendable {
    typealias FetcherMaker = @Sendable (MCPAuthConfiguration) -> any HTTPFetcher

    private struct State {
        var snapshot: ConfigurationSnapshot
        var lastRefusal: ConfigurationError?
    }

    private let makeFetcher: FetcherMaker
    /// Tokens that were revoked at run time, in addition to those of the configuration.
    private let revokedAtRunTime = Revocations()
    /// Receives the events of fetches: the handler of the snapshot in force.
    private let fetchEvents: Lock<EngineEventHandler>
    private let state: Lock<State>
    /// The number of the snapshot whose engines are in use.
    private let published = Lock(1)
    /// The engines of the snapshot in force, one for each processor.
    private let engines: ShardedLock<AuthorizationEngine>
    /// The CORS settings of the snapshot in force, one copy for each processor.
    private let cors: ShardedLock<CORSSettings>

    init(_ configuration: MCPAuthConfiguration, makeFetcher: @escaping FetcherMaker) throws {
        self.makeFetcher = makeFetcher
        let fetchEvents = Lock(configuration.onEvent)
        self.fetchEvents = fetchEvents
        let snapshot = try ConfigurationSnapshot(
            configuration,
            fetcher: makeFetcher(configuration),
            revokedAtRunTime: revokedAtRunTime
        ) { event in fetchEvents.withLock { $0 }(event) }
        state = Lock(State(snapshot: snapshot))
        var made = snapshot.engines.makeIterator()
        engines = ShardedLock(count: snapshot.engines.count) { made.next() ?? snapshot.engines[0] }
        cors = ShardedLock(count: snapshot.engines.count) { snapshot.cors }
    }

    /// The engine for requests on a processor; the same object for the same processor until a reload.
    func engine(of processor: Int = Processor.current) -> AuthorizationEngine {
        engines.withLock(shard: processor % engines.count) { $0 }
    }

    /// Which web pages may read responses now.
    var corsSettings: CORSSettings {
        cors.withLock(shard: Processor.current % cors.count) { $0 }
    }

    var current: ConfigurationSnapshot {
        state.withLock { $0.snapshot }
    }

    /// Why the newest configuration is not in force; `nil` when it is.
    var lastRefusal: ConfigurationError? {
        state.withLock { $0.lastRefusal }
    }

    /// Builds and checks a snapshot, then puts it in force; on an error the current one stays in force.
    func replace(with configuration: MCPAuthConfiguration) throws {
        do {
            let new = try build(configuration)
            publish(new)
            configuration.onEvent(EngineEvent(.info, .reloaded, "generation \(new.number) is in force"))
        } catch {
            refuse(error)
            throw error
        }
    }

    /// Gives each processor its engine, unless a newer snapshot has already done so.
    ///
    /// A request uses either the old or the new engine, never parts of both. This is the only place where a lock is
    /// taken while another is held.
    func publish(_ snapshot: ConfigurationSnapshot) {
        published.withLock { number in
            guard snapshot.number > number else { return }
            number = snapshot.number
            fetchEvents.withLock { $0 = snapshot.configuration.onEvent }
            for (processor, engine) in snapshot.engines.enumerated() {
                engines.withLock(shard: processor) { $0 = engine }
                cors.withLock(shard: processor) { $0 = snapshot.cors }
            }
        }
    }

    /// Builds and stores the next snapshot; starts again when another one was stored meanwhile.
    func build(_ configuration: MCPAuthConfiguration) throws -> ConfigurationSnapshot {
        while true {
            let old = current
            let isFetchedAlike = configuration.dangerouslyAllowHTTP == old.configuration.dangerouslyAllowHTTP
            let fetcher = isFetchedAlike ? old.fetcher : makeFetcher(configuration)
            let fetchEvents = fetchEvents
            let new = try ConfigurationSnapshot(
                configuration,
                fetcher: fetcher,
                number: old.number + 1,
                // Documents that were fetched under other rules are not reused.
                documents: isFetchedAlike ? old.documents : IssuerDocumentsCache(),
                revokedAtRunTime: revokedAtRunTime
            ) { event in fetchEvents.withLock { $0 }(event) }
            let isNext = state.withLock { state in
                guard state.snapshot === old else { return false }
                state.snapshot = new
                state.lastRefusal = nil
                return true
            }
            if isNext { return new }
        }
    }

    /// Reports the denial of a request that belongs to no resource.
    @Sendable func report(_ denial: Denial) {
        current.configuration.onEvent(EngineEvent(denial, at: nil))
    }

    /// Replaces the revocations in force with this list, which also stays in force after a reload.
    func revoke(_ list: RevocationList) {
        // In this order, so that a token in both lists is refused at every moment.
        revokedAtRunTime.replace(with: list)
        current.revocations.replace(with: RevocationList())
    }

    /// Records that a new configuration was refused, and reports why.
    func refuse(_ error: any Error) {
        let error = error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")
        let snapshot = state.withLock { state in
            state.lastRefusal = error
            return state.snapshot
        }
        for error in error.all {
            let message = "generation \(snapshot.number) stays in force: \(error)"
            snapshot.configuration.onEvent(EngineEvent(.error, .reloadRefused, message))
        }
    }
}
