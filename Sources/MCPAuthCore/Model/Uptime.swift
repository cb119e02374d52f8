// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A moment on a ``SteadyClock``, in seconds since an arbitrary start.
///
/// A separate type, so that it is never compared with a ``NumericDate``.
package struct Uptime: Hashable, Sendable, Comparable {
    /// The number of seconds; finite, or infinite if there is no beginning or no end.
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

    /// The moment this many seconds later.
    package func adding(_ seconds: Double) -> Uptime {
        Uptime(self.seconds + seconds)
    }

    /// The seconds from an earlier moment to this one.
    package func since(_ earlier: Uptime) -> Double {
        seconds - earlier.seconds
    }
}

/// A clock that is never set.
///
/// It measures cool-downs, pauses after failures and the age of cached data.
///
/// The wall clock (``NumericDate``) says whether a token has expired; hosts read it and pass it in as `now`.
/// Administrators and time services set it, by seconds or by days, and that must not change how long data is cached. So
/// every cache gets a steady clock when it is created, and reads that clock itself. A fetcher provides the clock,
/// because both depend on the environment. In tests, the steady clock follows the times that the tests pass in, and
/// each of the two clocks can be set separately.
package struct SteadyClock: Sendable {
    private let read: @Sendable () -> Uptime

    package init(_ read: @escaping @Sendable () -> Uptime) {
        self.read = read
    }

    package var now: Uptime { read() }

    /// The monotonic clock of the system, exact to some milliseconds; on Linux it stops while the machine sleeps.
    package static let system = SteadyClock {
        var time = timespec()
        unsafe clock_gettime(systemClock, &time)
        return Uptime(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// The coarse clock if there is one, because it is read for every cached token.
    private static var systemClock: clockid_t {
        #if canImport(Glibc)
        CLOCK_MONOTONIC_COARSE
        #else
        CLOCK_MONOTONIC
        #endif
    }
}
