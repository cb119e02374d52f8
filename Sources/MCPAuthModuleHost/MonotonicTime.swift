// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A time of the monotonic clock, which cannot be set.
struct MonotonicTime: Sendable, Comparable {
    private let nanoseconds: Int64

    static var now: MonotonicTime {
        var time = Self.none
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    func adding(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds + Int64(seconds * 1e9))
    }

    /// The seconds from this time to another one.
    func duration(to end: MonotonicTime) -> Double {
        Double(end.nanoseconds - nanoseconds) / 1e9
    }

    static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Blocks this thread until this time.
    func sleep() {
        var rest = Self.now.timespec(until: self)
        unsafe nanosleep(&rest, nil)
    }

    private static let none = Self.spec(0)

    var timespec: timespec { Self.spec(nanoseconds) }

    func timespec(until end: MonotonicTime) -> timespec {
        Self.spec(max(0, end.nanoseconds - nanoseconds))
    }

    private static func spec(_ nanoseconds: Int64) -> timespec {
        #if canImport(Glibc)
        Glibc.timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        #else
        Darwin.timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        #endif
    }
}
