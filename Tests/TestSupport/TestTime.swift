// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore

/// The steady clock of a test: it follows the times that the test passes in, but not steps of the wall clock.
package final class TestTime: Sendable {
    private struct State {
        var uptime = Uptime(0)
        /// The sum of all steps of the wall clock, in seconds.
        var steps = 0.0
    }

    private let state = Lock(State())

    package init() {}

    package var clock: SteadyClock {
        SteadyClock { [state] in state.withLock { $0.uptime } }
    }

    /// Sets the steady clock to the wall clock time `now`, less the steps of the wall clock.
    package func follow(_ now: NumericDate) {
        state.withLock { $0.uptime = Uptime(now.secondsSinceEpoch - $0.steps) }
    }

    /// Sets the wall clock forward or back by some seconds, while no time passes.
    package func setWallClock(by seconds: Double) {
        state.withLock { $0.steps += seconds }
    }

    /// Lets time pass on the steady clock, without a new wall clock time.
    package func pass(_ seconds: Double) {
        state.withLock { state in
            state.uptime = state.uptime.adding(seconds)
            state.steps -= seconds
        }
    }
}
