// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthLock

/// A fetched value that is kept, refreshed and, while its source is down, used for a bounded time longer.
///
/// At most one fetch is under way. After a success the next one waits for the cool-down; after a failure it backs off,
/// doubling from one second to the cool-down. Who can be answered from the cache waits for a fetch only when the value
/// is long out of date and the source was not down the last time.
package final class CachedFetch<Value: Sendable>: Sendable {
    /// How long things last, in seconds.
    package struct Timing: Sendable {
        /// After this a value is refreshed, while it is still used.
        package var freshFor: Double = 600
        /// After this a value is refreshed before it is used.
        package var waitAfter: Double = 1200
        /// After this a value that could not be refreshed is used no more.
        package var usableFor: Double = 24 * 3600
        /// The least time between two fetches.
        package var coolDown: Double = 30

        package init() {}
    }

    /// A value and when its fetch began.
    package struct Entry: Sendable {
        package let value: Value
        package let fetchedAt: NumericDate
    }

    /// What a fetch brought.
    package struct Outcome: Sendable {
        /// The value there was when it began.
        package let previous: Value?
        package let result: Result<Value, FetchError>
        /// Until when the kept value need not be looked at again; `nil` when none is kept.
        package let goodUntil: NumericDate?
    }

    /// Fetches; it is given the time and the value there was.
    package typealias Fetch = @Sendable (NumericDate, Value?) async throws -> Value

    private struct State {
        var entry: Entry?
        var nextAttempt = NumericDate(-.infinity)
        var failures = 0
        var lastError: String?
        var inFlight: Task<Void, Never>?
        /// Counts purges, so that a fetch that began before one does not bring back what it threw away.
        var epoch = 0
    }

    private let timing: Timing
    private let fetch: Fetch
    private let didFetch: @Sendable (Outcome) -> Void
    private let state = Lock(State())

    /// - Parameter didFetch: Called after each fetch, when its value is in place.
    package init(
        timing: Timing = Timing(),
        didFetch: @escaping @Sendable (Outcome) -> Void = { _ in },
        fetch: @escaping Fetch
    ) {
        self.timing = timing
        self.didFetch = didFetch
        self.fetch = fetch
    }

    /// The value where it need not be refreshed; who gets `nil` asks for ``value(now:)``.
    package func fresh(now: NumericDate) -> Entry? {
        kept(for: timing.freshFor, now: now)
    }

    /// The value, fetched if need be; `nil` when there is none that may be used.
    package func value(now: NumericDate) async -> Entry? {
        if let entry = fresh(now: now) { return entry }
        if let entry = kept(for: timing.usableFor, now: now) {
            let isDown = state.withLock { $0.failures > 0 }
            if isDown || now < entry.fetchedAt.adding(timing.waitAfter) {
                _ = beginRefresh(now: now)
                return entry
            }
        }
        await refresh(now: now)
        return kept(for: timing.usableFor, now: now)
    }

    /// Fetches, unless it is too early; waits for the fetch that is under way, if one is.
    package func refresh(now: NumericDate) async {
        await beginRefresh(now: now)?.value
    }

    /// Throws away what is kept; the next one who asks fetches, whatever the cool-down.
    package func purge() {
        state.withLock { state in
            state = State(epoch: state.epoch + 1)
        }
    }

    /// Seconds until the next fetch is allowed, at least 1.
    package func retryAfter(now: NumericDate) -> Int {
        let seconds = state.withLock { $0.nextAttempt.secondsSinceEpoch } - now.secondsSinceEpoch
        return seconds.isFinite ? max(1, Int(min(seconds, timing.coolDown).rounded(.up))) : 1
    }

    /// Why the last fetch failed; `nil` after a success.
    package var lastError: String? {
        state.withLock { $0.lastError }
    }

    private func beginRefresh(now: NumericDate) -> Task<Void, Never>? {
        state.withLock { state in
            if let inFlight = state.inFlight { return inFlight }
            guard now >= state.nextAttempt else { return nil }
            let (previous, epoch) = (state.entry?.value, state.epoch)
            let task = Task { await self.fetchOnce(now: now, previous, epoch) }
            state.inFlight = task
            return task
        }
    }

    /// The value, unless more seconds went by since its fetch.
    private func kept(for seconds: Double, now: NumericDate) -> Entry? {
        let entry = state.withLock { $0.entry }
        guard let entry, now < entry.fetchedAt.adding(seconds) else { return nil }
        return entry
    }

    private func fetchOnce(now: NumericDate, _ previous: Value?, _ epoch: Int) async {
        let result: Result<Value, FetchError>
        do {
            result = .success(try await fetch(now, previous))
        } catch {
            result = .failure(error as? FetchError ?? FetchError("\(error)"))
        }
        let outcome: Outcome? = state.withLock { state in
            guard state.epoch == epoch else { return nil }
            state.inFlight = nil
            let goodUntil: NumericDate?
            switch result {
            case .success(let value):
                state.entry = Entry(value: value, fetchedAt: now)
                state.nextAttempt = now.adding(timing.coolDown)
                state.failures = 0
                state.lastError = nil
                goodUntil = now.adding(timing.freshFor)
            case .failure(let error):
                let attempt = now.adding(min(timing.coolDown, Double(1 << min(state.failures, 10))))
                state.nextAttempt = attempt
                state.failures += 1
                state.lastError = error.description
                goodUntil = state.entry.map { entry in
                    let fresh = entry.fetchedAt.adding(timing.freshFor)
                    return min(max(fresh, attempt), entry.fetchedAt.adding(timing.usableFor))
                }
            }
            return Outcome(previous: previous, result: result, goodUntil: goodUntil)
        }
        if let outcome { didFetch(outcome) }
    }
}
