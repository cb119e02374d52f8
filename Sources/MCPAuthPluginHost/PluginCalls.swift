// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock

/// The calls a module has not completed yet, named by numbers that are never used twice.
///
/// A module that completes twice, late, or a call that never was, changes nothing.
final class PluginCalls: Sendable {
    /// What a module gave to `complete`, copied.
    struct Verdict: Sendable {
        let kind: Int32
        let claims: [UInt8]
        let notAfter: Int64
        let reason: [UInt8]
        let detail: [UInt8]
    }

    private struct Call {
        let now: NumericDate
        var verdict: Verdict?
    }

    private struct State {
        var next: UInt64 = 1
        var open: [UInt64: Call] = [:]
    }

    private let state = Lock(State())

    func begin(now: NumericDate) -> UInt64 {
        state.withLock { state in
            let number = state.next
            state.next += 1
            state.open[number] = Call(now: now)
            return number
        }
    }

    /// The first completion counts.
    func complete(_ number: UInt64, _ verdict: Verdict) {
        state.withLock { state in
            guard state.open[number]?.verdict == nil else { return }
            state.open[number]?.verdict = verdict
        }
    }

    /// The time of a call; for one that is not open a time at which everything has expired.
    func now(_ number: UInt64) -> Int64 {
        state.withLock { state in
            state.open[number].map { Self.wholeSeconds($0.now) } ?? Self.everythingHasExpired
        }
    }

    /// The end of the year 9999: late, and small enough to be reckoned with.
    static let everythingHasExpired: Int64 = 253_402_300_799

    /// The time as modules see it.
    static func wholeSeconds(_ time: NumericDate) -> Int64 {
        Int64(exactly: time.secondsSinceEpoch.rounded(.down)) ?? everythingHasExpired
    }

    /// Closes a call; `nil` when it was never completed.
    func end(_ number: UInt64) -> Verdict? {
        state.withLock { $0.open.removeValue(forKey: number)?.verdict }
    }
}
