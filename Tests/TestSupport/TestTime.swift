// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthLock

/// The steady clock of a test: it goes with the times that the test passes in, unless the test sets the wall clock.
package final class TestTime: Sendable {
    private struct State {
        var uptime = Uptime(0)
        /// By how much the wall clock was set, in sum.
        var steps = 0.0
    }

    private let state = Lock(State())

    package init() {}

    package var clock: SteadyClock {
        SteadyClock { [state] in state.withLock { $0.uptime } }
    }

    /// The wall clock says `now`, which somebody passes in.
    package func follow(_ now: NumericDate) {
        state.withLock { $0.uptime = Uptime(now.secondsSinceEpoch - $0.steps) }
    }

    /// Somebody sets the wall clock: it goes forward or back by some seconds, and no time passes.
    package func setWallClock(by seconds: Double) {
        state.withLock { $0.steps += seconds }
    }

    /// Time passes, while the wall clock is not looked at.
    package func pass(_ seconds: Double) {
        state.withLock { state in
            state.uptime = state.uptime.adding(seconds)
            state.steps -= seconds
        }
    }
}
