// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// A fetched value that is kept, refreshed and, while its source is down, used for a bounded time longer.
///
/// At most one fetch is under way. After a success the next one waits for the cool-down; after a failure it backs off,
/// doubling from one second to the cool-down. Nobody who can be answered from the cache waits.
package final class CachedFetch<Value: Sendable>: Sendable {
    /// How long things last, in seconds.
    package struct Timing: Sendable {
        /// After this a value is refreshed before it is used.
        package var freshFor: Double = 600
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

    private struct State {
        var entry: Entry?
        var nextAttempt = NumericDate(-.infinity)
        var failures = 0
        var lastError: String?
        var inFlight: Task<Void, Never>?
    }

    private let timing: Timing
    private let fetch: @Sendable (NumericDate) async throws -> Value
    private let state = Lock(State())

    package init(timing: Timing = Timing(), fetch: @escaping @Sendable (NumericDate) async throws -> Value) {
        self.timing = timing
        self.fetch = fetch
    }

    /// The value, fetched if need be; `nil` when there is none that may be used.
    package func value(now: NumericDate) async -> Entry? {
        if let entry = usable(now: now), now < entry.fetchedAt.adding(timing.freshFor) { return entry }
        await refresh(now: now)
        return usable(now: now)
    }

    /// Fetches, unless it is too early; waits for the fetch that is under way, if one is.
    package func refresh(now: NumericDate) async {
        let task: Task<Void, Never>? = state.withLock { state in
            if let inFlight = state.inFlight { return inFlight }
            guard now >= state.nextAttempt else { return nil }
            let task = Task { await self.fetchOnce(now: now) }
            state.inFlight = task
            return task
        }
        await task?.value
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

    private func usable(now: NumericDate) -> Entry? {
        let entry = state.withLock { $0.entry }
        guard let entry, now < entry.fetchedAt.adding(timing.usableFor) else { return nil }
        return entry
    }

    private func fetchOnce(now: NumericDate) async {
        do {
            let value = try await fetch(now)
            state.withLock { state in
                state.entry = Entry(value: value, fetchedAt: now)
                state.nextAttempt = now.adding(timing.coolDown)
                state.failures = 0
                state.lastError = nil
                state.inFlight = nil
            }
        } catch {
            state.withLock { state in
                let delay = min(timing.coolDown, Double(1 << min(state.failures, 10)))
                state.nextAttempt = now.adding(delay)
                state.failures += 1
                state.lastError = "\(error)"
                state.inFlight = nil
            }
        }
    }
}
