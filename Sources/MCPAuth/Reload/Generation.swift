// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthLock
internal import MCPAuthVerification

/// One configuration in force: an immutable snapshot of everything that was made of it.
final class Generation: Sendable {
    /// Counted from 1 since the start of the process.
    let number: Int
    let configuration: Configuration
    let engine: AuthorizationEngine
    let metadataEndpoint: MetadataEndpoint
    let warnings: [String]
    let tokenCache: TokenCache?
    let revocations: Revocations
    let fetcher: any HTTPFetcher
    let directories: IssuerDirectories

    /// - Parameter directories: What was fetched before; that of an issuer that is configured alike is taken over.
    /// - Throws: ``ConfigurationError``.
    init(
        _ configuration: Configuration,
        fetcher: any HTTPFetcher,
        number: Int = 1,
        directories: IssuerDirectories = IssuerDirectories()
    ) throws {
        self.number = number
        var builder = EngineBuilder(
            configuration,
            fetcher: fetcher,
            generation: number,
            directories: directories
        )
        let resources = try builder.resources()
        self.configuration = configuration
        self.fetcher = fetcher
        self.directories = builder.usedDirectories
        engine = try AuthorizationEngine(resources: resources, authority: configuration.authorityRule)
        metadataEndpoint = MetadataEndpoint(resources, rootResource: configuration.rootResource)
        warnings = builder.warnings
        tokenCache = builder.tokenCache
        revocations = builder.revocations
    }
}

extension Generation {
    /// - Throws: ``ConfigurationError`` when there is no such resource.
    func resource(_ identifier: ResourceIdentifier, named name: String) throws -> ProtectedResource {
        guard let resource = engine.resources.first(where: { $0.identifier == identifier }) else {
            let known = engine.resources.map(\.identifier.description)
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
    typealias FetcherMaker = @Sendable (Configuration) -> any HTTPFetcher

    private struct State {
        var generation: Generation
        var lastRefusal: ConfigurationError?
    }

    private let makeFetcher: FetcherMaker
    private let state: Lock<State>

    init(_ configuration: Configuration, makeFetcher: @escaping FetcherMaker) throws {
        self.makeFetcher = makeFetcher
        state = Lock(State(generation: try Generation(configuration, fetcher: makeFetcher(configuration))))
    }

    var current: Generation {
        state.withLock { $0.generation }
    }

    /// Why the newest configuration is not in force; `nil` when it is.
    var lastRefusal: ConfigurationError? {
        state.withLock { $0.lastRefusal }
    }

    /// Builds and checks a generation, then puts it in place of the one there is; on an error nothing changes.
    func replace(with configuration: Configuration) throws {
        let old = current
        do {
            let isFetchedAlike = configuration.dangerouslyAllowHTTP == old.configuration.dangerouslyAllowHTTP
            let fetcher = isFetchedAlike ? old.fetcher : makeFetcher(configuration)
            let new = try Generation(
                configuration,
                fetcher: fetcher,
                number: old.number + 1,
                // What was fetched by other rules is not taken over.
                directories: isFetchedAlike ? old.directories : IssuerDirectories()
            )
            state.withLock { state in
                state.generation = new
                state.lastRefusal = nil
            }
            configuration.onEvent(EngineEvent(.info, .reloaded, "generation \(new.number) is in force"))
        } catch {
            refuse(error)
            throw error
        }
    }

    /// Notes that a new configuration could not even be read, and tells the operator.
    func refuse(_ error: any Error) {
        let error = error as? ConfigurationError ?? ConfigurationError(.invalidValue, "\(error)")
        let generation = state.withLock { state in
            state.lastRefusal = error
            return state.generation
        }
        let message = "generation \(generation.number) stays in force: \(error)"
        generation.configuration.onEvent(EngineEvent(.error, .reloadRefused, message))
    }
}
