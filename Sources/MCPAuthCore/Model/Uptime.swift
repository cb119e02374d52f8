// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A moment on a ``SteadyClock``, in seconds since some beginning that means nothing.
///
/// A type of its own, so that it is never compared with a ``NumericDate``.
package struct Uptime: Hashable, Sendable, Comparable {
    /// Finite, or infinite where there is no beginning or no end.
    package let seconds: Double

    package init(_ seconds: Double) {
        self.seconds = seconds
    }

    /// Before every other moment.
    package static let distantPast = Uptime(-.infinity)
    /// After every other moment.
    package static let distantFuture = Uptime(.infinity)

    package static func < (left: Uptime, right: Uptime) -> Bool {
        left.seconds < right.seconds
    }

    /// This moment, some seconds later.
    package func adding(_ seconds: Double) -> Uptime {
        Uptime(self.seconds + seconds)
    }

    /// The seconds from an earlier moment to this one.
    package func since(_ earlier: Uptime) -> Double {
        seconds - earlier.seconds
    }
}

/// A clock that nobody sets: cool-downs, pauses after failures and the age of whatever is kept are measured with it.
///
/// There are two times here. The wall clock (``NumericDate``) says whether a token has expired; hosts read it and pass
/// it in as `now`. Administrators and time services set it, by seconds or by days, and whatever is only *kept for a
/// while* must neither be lost nor live on for that. So whoever keeps something is given a steady clock when it is made
/// and reads it itself. A fetcher brings the clock with it, since both stand for the world outside; that of the tests
/// goes with the time they pass in, and each of the two can be set apart from the other.
package struct SteadyClock: Sendable {
    private let read: @Sendable () -> Uptime

    package init(_ read: @escaping @Sendable () -> Uptime) {
        self.read = read
    }

    package var now: Uptime { read() }

    /// The clock of the system since its start, exact to some milliseconds; it stands still while the machine sleeps.
    package static let system = SteadyClock {
        var time = timespec()
        unsafe clock_gettime(systemClock, &time)
        return Uptime(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// The coarse clock where there is one: it is read for every token that is remembered.
    private static var systemClock: clockid_t {
        #if canImport(Glibc)
        CLOCK_MONOTONIC_COARSE
        #else
        CLOCK_MONOTONIC
        #endif
    }
}
