// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock

/// Bounds how many introspection requests are under way and how many begin in a second.
///
/// What it refuses is refused at once: a queue would only make a flood of unknown tokens everybody's delay.
package final class RequestLimiter: Sendable {
    private struct State {
        var underway = 0
        var tokens: Double
        var filledAt: NumericDate?
    }

    private let concurrency: Int
    private let perSecond: Double
    private let state: Lock<State>

    /// - Parameters:
    ///   - concurrency: The most requests at once.
    ///   - perSecond: The most requests that begin in a second.
    package init(concurrency: Int, perSecond: Int) {
        self.concurrency = concurrency
        self.perSecond = Double(perSecond)
        state = Lock(State(tokens: Double(perSecond)))
    }

    /// Whether a request may begin; every `true` is followed by one ``end()``.
    func begin(now: NumericDate) -> Bool {
        state.withLock { state in
            let elapsed = now.secondsSinceEpoch - (state.filledAt ?? now).secondsSinceEpoch
            // Requests need not come in the order of their times, and a clock may be put back.
            if elapsed >= 0 || elapsed < -1 { state.filledAt = now }
            state.tokens = min(perSecond, state.tokens + max(0, elapsed) * perSecond)
            guard state.underway < concurrency, state.tokens >= 1 else { return false }
            state.underway += 1
            state.tokens -= 1
            return true
        }
    }

    func end() {
        state.withLock { $0.underway -= 1 }
    }
}

/// Lets those who ask the same thing at the same time share one answer.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let flights = Lock<[Key: Task<Value, Never>]>([:])

    func value(for key: Key, _ make: @escaping @Sendable () async -> Value) async -> Value {
        let flight = flights.withLock { flights in
            if let flight = flights[key] { return flight }
            let flight = Task {
                let value = await make()
                self.land(key)
                return value
            }
            flights[key] = flight
            return flight
        }
        return await flight.value
    }

    private func land(_ key: Key) {
        flights.withLock { $0[key] = nil }
    }
}
