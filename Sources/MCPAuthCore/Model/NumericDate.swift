// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Seconds since 1970-01-01T00:00:00Z, with fractions (RFC 7519 section 2).
///
/// Every check takes the time as an argument; only hosts and programs read the clock.
public struct NumericDate: Hashable, Sendable, Comparable {
    /// The number of seconds; finite in every claim, infinite only if there is no beginning or no end.
    public let secondsSinceEpoch: Double

    /// Creates a time; the number of seconds must not be NaN.
    public init(_ secondsSinceEpoch: Double) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// The current time of the system clock.
    public static func now() -> NumericDate {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return NumericDate(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// Whether one time is before another.
    public static func < (left: NumericDate, right: NumericDate) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// The time this many seconds later.
    package func adding(_ seconds: Double) -> NumericDate {
        NumericDate(secondsSinceEpoch + seconds)
    }
}

extension NumericDate: Codable {
    /// Reads a number of seconds.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Double.self))
    }

    /// Writes a number of seconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(secondsSinceEpoch)
    }
}
