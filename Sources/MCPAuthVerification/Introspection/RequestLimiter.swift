// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// Limits how many introspection requests are under way and how many begin in a second.
///
/// Excess requests are refused at once: with a queue, a flood of unknown tokens would delay every caller.
package final class RequestLimiter: Sendable {
    private struct State {
        var underway = 0
        var tokens: Double
        var filledAt: Uptime?
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

    /// Whether a request may begin; after each `true` the caller must call ``end()`` once.
    func begin(at now: Uptime) -> Bool {
        state.withLock { state in
            // Calls may arrive in another order than their times.
            let elapsed = max(0, now.since(state.filledAt ?? now))
            state.filledAt = max(now, state.filledAt ?? now)
            state.tokens = min(perSecond, state.tokens + elapsed * perSecond)
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
