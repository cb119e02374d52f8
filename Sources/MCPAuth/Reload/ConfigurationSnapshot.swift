// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthLock
internal import MCPAuthVerification

/// One configuration in force: an immutable snapshot of everything that was made of it.
final class ConfigurationSnapshot: Sendable {
    /// Counted from 1 since the start of the process.
    let number: Int
    let configuration: MCPAuthConfiguration
    /// The same engine for each processor: were it one object, processors would contend for its reference count and
    /// for those of its resources.
    let engines: [AuthorizationEngine]
    let cors: CORSSettings
    let metadataEndpoint: MetadataEndpoint
    let warnings: [ConfigurationError]
    let tokenCache: TokenCache?
    let revocations: Revocations
    let fetcher: any HTTPFetcher
    let directories: IssuerDocumentsCache
    let introspections: [IntrospectionVerifier]

    /// - Parameters:
    ///   - directories: What was fetched before; that of an issuer that is configured alike is taken over.
    ///   - revokedAtRunTime: Tokens that were revoked at run time; every generation shares them.
    ///   - onFetchEvent: Takes the events of directories, also when a later generation took them over.
    /// - Throws: ``ConfigurationError``.
    init(
        _ configuration: MCPAuthConfiguration,
        fetcher: any HTTPFetcher,
        number: Int = 1,
        directories: IssuerDocumentsCache = IssuerDocumentsCache(),
        revokedAtRunTime: Revocations = Revocations(),
        onFetchEvent: @escaping EngineEventHandler
    ) throws {
        self.number = number
        var builder = EngineBuilder(
            configuration,
            fetcher: fetcher,
            generation: number,
            directories: directories,
            revokedAtRunTime: revokedAtRunTime,
            onFetchEvent: onFetchEvent
        )
        let resources = try builder.resources()
        self.configuration = configuration
        self.fetcher = fetcher
        self.directories = builder.usedDirectories
        introspections = builder.introspections
        engines = try (0..<Processor.count).map { _ in
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

/// The generation in force, and how it is replaced.
final class LiveConfiguration: Sendable {
    typealias FetcherMaker = @Sendable (MCPAuthConfiguration) -> any HTTPFetcher

    private struct State {
        var generation: ConfigurationSnapshot
        var lastRefusal: ConfigurationError?
    }

    private let makeFetcher: FetcherMaker
    /// Tokens that were revoked at run time, whatever the configurations say.
    private let revokedAtRunTime = Revocations()
    /// Where the events of directories go: to the handler of the generation in force.
    private let fetchEvents: Lock<EngineEventHandler>
    private let state: Lock<State>
    /// The number of the generation whose engines are in place.
    private let published = Lock(1)
    /// Of the generation in force, the engine of each processor.
    private let engines: ShardedLock<AuthorizationEngine>
    /// Of the generation in force, for each processor too.
    private let cors: ShardedLock<CORSSettings>

    init(_ configuration: MCPAuthConfiguration, makeFetcher: @escaping FetcherMaker) throws {
        self.makeFetcher = makeFetcher
        let fetchEvents = Lock(configuration.onEvent)
        self.fetchEvents = fetchEvents
        let generation = try ConfigurationSnapshot(
            configuration,
            fetcher: makeFetcher(configuration),
            revokedAtRunTime: revokedAtRunTime
        ) { event in fetchEvents.withLock { $0 }(event) }
        state = Lock(State(generation: generation))
        var made = generation.engines.makeIterator()
        engines = ShardedLock(count: generation.engines.count) { made.next() ?? generation.engines[0] }
        cors = ShardedLock(count: generation.engines.count) { generation.cors }
    }

    /// The engine that decides about a request on this processor; the same for one number until a reload.
    func engine(of processor: Int = Processor.current) -> AuthorizationEngine {
        engines.withLock(shard: processor) { $0 }
    }

    /// Which web pages may read answers now.
    var corsSettings: CORSSettings {
        cors.withLock(shard: Processor.current) { $0 }
    }

    var current: ConfigurationSnapshot {
        state.withLock { $0.generation }
    }

    /// Why the newest configuration is not in force; `nil` when it is.
    var lastRefusal: ConfigurationError? {
        state.withLock { $0.lastRefusal }
    }

    /// Builds and checks a generation, then puts it in place of the one there is; on an error nothing changes.
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

    /// Gives each processor its engine, unless a newer generation did so meanwhile.
    ///
    /// Requests meet the old or the new engine, each of them whole. This is the only place where a lock is taken inside
    /// another.
    func publish(_ generation: ConfigurationSnapshot) {
        published.withLock { number in
            guard generation.number > number else { return }
            number = generation.number
            fetchEvents.withLock { $0 = generation.configuration.onEvent }
            for (processor, engine) in generation.engines.enumerated() {
                engines.withLock(shard: processor) { $0 = engine }
                cors.withLock(shard: processor) { $0 = generation.cors }
            }
        }
    }

    /// Builds the next generation and notes it; begins anew when another one came between.
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
                // What was fetched by other rules is not taken over.
                directories: isFetchedAlike ? old.directories : IssuerDocumentsCache(),
                revokedAtRunTime: revokedAtRunTime
            ) { event in fetchEvents.withLock { $0 }(event) }
            let isNext = state.withLock { state in
                guard state.generation === old else { return false }
                state.generation = new
                state.lastRefusal = nil
                return true
            }
            if isNext { return new }
        }
    }

    /// Tells the operator of the refusal of a request that belongs to no resource.
    @Sendable func report(_ denial: Denial) {
        current.configuration.onEvent(EngineEvent(denial, at: nil))
    }

    /// Refuses these tokens in place of those that are refused now, from this moment on and after every reload.
    func revoke(_ list: RevocationList) {
        // In this order, so that a token that both name is refused throughout.
        revokedAtRunTime.replace(with: list)
        current.revocations.replace(with: RevocationList())
    }

    /// Notes that a new configuration could not even be read, and tells the operator.
    func refuse(_ error: any Error) {
        let error = error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")
        let generation = state.withLock { state in
            state.lastRefusal = error
            return state.generation
        }
        for error in error.all {
            let message = "generation \(generation.number) stays in force: \(error)"
            generation.configuration.onEvent(EngineEvent(.error, .reloadRefused, message))
        }
    }
}
