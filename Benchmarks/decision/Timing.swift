// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Measures time.
enum Timing {
    static let rounds = ProcessInfo.processInfo.environment["MCPAUTH_ROUNDS"].flatMap { Int($0) } ?? 45

    /// Microseconds for one of many calls.
    struct Sample {
        /// Wall-clock time; it is useful only on an idle machine.
        let wall: Double
        /// Processor time of all threads of this process; other processes hardly change it.
        let processor: Double
    }

    /// The time for one call, if `work` makes `count` calls.
    static func sample(_ count: Int, _ work: () async throws -> Void) async rethrows -> Sample {
        let wall = microseconds(CLOCK_MONOTONIC)
        let processor = microseconds(CLOCK_PROCESS_CPUTIME_ID)
        try await work()
        return Sample(
            wall: (microseconds(CLOCK_MONOTONIC) - wall) / Double(count),
            processor: (microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / Double(count)
        )
    }

    static func median(_ samples: [Sample]) -> Sample {
        Sample(wall: median(samples.map(\.wall)), processor: median(samples.map(\.processor)))
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func microseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
}
