// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthConcurrency
package import MCPAuthCore

/// A fetched value that is kept, refreshed, and used for a limited time longer while its source is down.
///
/// At most one fetch is under way. After a success the next one waits for the cool-down; after a failure it backs off,
/// doubling from one second to the cool-down; both count from the end of the fetch. A caller gets a usable value at
/// once, unless the value is older than ``FetchTiming/waitAfter`` and the last fetch succeeded. No caller waits beyond
/// its deadline or after it is cancelled; the fetch continues for the others, up to a time limit.
///
/// The age of a value and the time between fetches are measured with a ``SteadyClock``.
package final class CachedFetch<Value: Sendable>: Sendable {
    /// A value and when its fetch began.
    package struct Entry: Sendable {
        package let value: Value
        package let fetchedAt: Uptime
    }

    /// The outcome of a fetch.
    package struct FetchReport: Sendable {
        /// The value before the fetch.
        package let previous: Value?
        package let result: Result<Value, FetchError>
        /// Until when the kept value may be used without a refresh; `nil` when none is kept.
        package let goodUntil: Uptime?
    }

    /// Fetches a value; receives the previous one.
    package typealias Fetch = @Sendable (Value?) async throws -> Value

    private struct State {
        var entry: Entry?
        var nextAttempt = Uptime.distantPast
        var failures = 0
        var lastError: String?
        /// The fetch that is under way; the result of any other fetch is discarded.
        var underway: Flight<Void>?
    }

    private let timing: FetchTiming
    private let clock: SteadyClock
    private let fetch: Fetch
    private let didFetch: @Sendable (FetchReport) -> Void
    private let state = Lock(State())

    /// - Parameter didFetch: Called after each fetch, when its value is stored.
    package init(
        timing: FetchTiming = FetchTiming(),
        clock: SteadyClock,
        didFetch: @escaping @Sendable (FetchReport) -> Void = { _ in },
        fetch: @escaping Fetch
    ) {
        self.timing = timing
        self.clock = clock
        self.didFetch = didFetch
        self.fetch = fetch
    }

    /// The deadline of a caller that begins to wait now.
    package var deadline: Deadline { Deadline(in: timing.deadline) }

    /// The value, if it needs no refresh; if `nil`, call ``value(until:)``.
    package func fresh() -> Entry? {
        kept(for: timing.freshFor)
    }

    /// The value, if there is one that may be used; nothing is fetched.
    package var current: Entry? { kept(for: timing.usableFor) }

    /// The value, fetched if necessary; `nil` when there is none that may be used.
    ///
    /// - Parameter deadline: When to stop waiting; ``deadline`` when `nil`.
    package func value(until deadline: Deadline? = nil) async -> Entry? {
        if let entry = fresh() { return entry }
        if let entry = kept(for: timing.usableFor) {
            let isDown = state.withLock { $0.failures > 0 }
            if isDown || clock.now.since(entry.fetchedAt) < timing.waitAfter {
                _ = beginRefresh()
                return entry
            }
        }
        await refresh(until: deadline)
        return kept(for: timing.usableFor)
    }

    /// Fetches, unless it is too early; if a fetch is under way, waits for that one instead.
    package func refresh(until deadline: Deadline? = nil) async {
        _ = await beginRefresh()?.value(until: deadline ?? self.deadline)
    }

    /// Discards the kept value and the cool-down, so the next caller fetches.
    package func purge() {
        state.withLock { $0 = State() }
    }

    /// Seconds until the next fetch is allowed, at least 1.
    package func retryAfter() -> Int {
        let seconds = state.withLock { $0.nextAttempt }.since(clock.now)
        return seconds.isFinite ? max(1, Int(min(seconds, timing.coolDown).rounded(.up))) : 1
    }

    /// Why the last fetch failed; `nil` after a success.
    package var lastError: String? {
        state.withLock { $0.lastError }
    }

    private func beginRefresh() -> Flight<Void>? {
        let now = clock.now
        return state.withLock { state in
            if let underway = state.underway { return underway }
            guard now >= state.nextAttempt else { return nil }
            let flight = Flight<Void>()
            let previous = state.entry?.value
            state.underway = flight
            Task {
                await self.fetchOnce(flight, now, previous)
                flight.land(())
            }
            return flight
        }
    }

    /// The value, if it was fetched less than this many seconds ago.
    private func kept(for seconds: Double) -> Entry? {
        guard let entry = state.withLock({ $0.entry }), clock.now.since(entry.fetchedAt) < seconds else { return nil }
        return entry
    }

    private func fetchOnce(_ flight: Flight<Void>, _ began: Uptime, _ previous: Value?) async {
        let result = await result(previous)
        let ended = clock.now
        let report: FetchReport? = state.withLock { state in
            guard state.underway === flight else { return nil }
            state.underway = nil
            let goodUntil: Uptime?
            switch result {
            case .success(let value):
                state.entry = Entry(value: value, fetchedAt: began)
                state.nextAttempt = ended.adding(timing.coolDown)
                state.failures = 0
                state.lastError = nil
                goodUntil = began.adding(timing.freshFor)
            case .failure(let error):
                let attempt = ended.adding(min(timing.coolDown, Double(1 << min(state.failures, 10))))
                state.nextAttempt = attempt
                state.failures += 1
                state.lastError = error.description
                goodUntil = state.entry.map { entry in
                    let fresh = entry.fetchedAt.adding(timing.freshFor)
                    return min(max(fresh, attempt), entry.fetchedAt.adding(timing.usableFor))
                }
            }
            return FetchReport(previous: previous, result: result, goodUntil: goodUntil)
        }
        if let report { didFetch(report) }
    }

    /// Of an application's error only the type is kept, since its text may contain anything.
    private static func failure(_ error: any Error) -> FetchError {
        switch error {
        case let error as FetchError: error
        case let error as ConfigurationError: FetchError(error.message)
        default: FetchError("an error of type \(type(of: error))")
        }
    }

    /// The result of the fetch, or an error when it takes too long.
    private func result(_ previous: Value?) async -> Result<Value, FetchError> {
        let flight = Flight<Result<Value, FetchError>>()
        let fetch = fetch
        let task = Task {
            do {
                flight.land(.success(try await fetch(previous)))
            } catch {
                flight.land(.failure(Self.failure(error)))
            }
        }
        if let result = await flight.value(until: Deadline(in: timing.limit)) { return result }
        task.cancel()
        return .failure(FetchError("nothing was fetched within \(Deadline.text(timing.limit))"))
    }
}
