// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthVerification

/// The configuration snapshot in force, and how it is replaced.
final class LiveConfiguration: Sendable {
    typealias FetcherMaker = @Sendable (MCPAuthConfiguration) -> any HTTPFetcher

    private struct State {
        var snapshot: ConfigurationSnapshot
        var lastRefusal: ConfigurationError?
    }

    private struct Published {
        var number: Int
        var engine: AuthorizationEngine
        var cors: CORSSettings

        init(_ snapshot: ConfigurationSnapshot) {
            number = snapshot.number
            engine = snapshot.engine
            cors = snapshot.cors
        }
    }

    private let makeFetcher: FetcherMaker
    /// Tokens that were revoked at run time, in addition to those of the configuration.
    private let revokedAtRunTime = Revocations()
    /// Receives the events of fetches: the handler of the snapshot in force.
    private let fetchEvents: Lock<EngineEventHandler>
    private let state: Lock<State>
    /// What requests use: parts of the snapshot in force, never of two snapshots.
    private let published: Lock<Published>

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
        published = Lock(Published(snapshot))
    }

    /// The engine for requests; the same object until a reload.
    var engine: AuthorizationEngine {
        published.withLock { $0.engine }
    }

    /// Which web pages may read responses now.
    var corsSettings: CORSSettings {
        published.withLock { $0.cors }
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

    /// Gives requests the engine of a snapshot, unless a newer snapshot has already done so.
    ///
    /// A request is decided by the engine that it began with, never by parts of two; CORS fields are those in force when its
    /// response is written. This is the only place where a lock is taken while another is held.
    func publish(_ snapshot: ConfigurationSnapshot) {
        published.withLock { published in
            guard snapshot.number > published.number else { return }
            published = Published(snapshot)
            fetchEvents.withLock { $0 = snapshot.configuration.onEvent }
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
                documents: isFetchedAlike ? old.documents : SharedIssuerDocuments(),
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
    ///
    /// - Returns: The id under which it is kept; `nil` if decisions are not kept.
    @Sendable func report(_ denial: Denial, at time: NumericDate, door: String?) -> DecisionID? {
        let configuration = current.configuration
        configuration.onEvent(EngineEvent(denial, at: nil))
        guard let onDecision = configuration.onDecision else { return nil }
        let record = DecisionRecord(id: DecisionID(time), time: time, door: door, decision: .deny(denial))
        onDecision(record)
        return record.id
    }

    /// Replaces the revocations in force with this list, which also stays in force after a reload.
    func revoke(_ list: RevocationList) {
        // In this order, so that a token in both lists is refused at every moment.
        revokedAtRunTime.replace(with: list)
        current.revocations.replace(with: RevocationList())
    }

    /// Adds a revocation, which also stays in force after a reload.
    func revoke(_ entry: RevocationList.Entry) -> Int {
        revokedAtRunTime.insert(entry)
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
