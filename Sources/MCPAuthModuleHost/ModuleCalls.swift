// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// The open calls of one instance, identified by numbers that are never used twice.
///
/// A call ends once: with a verdict, when the module returns without one, at its deadline, or when its caller stops
/// waiting. A verdict for a call that has ended or never existed is ignored. Deadlines are enforced by a dedicated
/// thread, so that they work while all other threads are blocked.
final class ModuleCalls: Sendable {
    /// A copy of what a module passed to `complete`.
    struct Verdict: Sendable {
        let kind: Int32
        /// The claims of an acceptance; `nil` for other verdicts, and when they are longer than allowed.
        let claims: [UInt8]?
        let notAfter: Int64
        let reason: String
        let detail: String
    }

    /// How a call ended.
    enum CallEnd: Sendable {
        case verdict(Verdict)
        case fault(ModuleFault)
        /// Its caller no longer waits.
        case abandoned
    }

    private struct Call: Sendable {
        let now: NumericDate
        let deadline: MonotonicTime
        let finish: @Sendable (CallEnd) -> Void
    }

    private struct State {
        var next: UInt64 = 1
        var open: [UInt64: Call] = [:]
        var isWatched = false
    }

    private let state = Lock(State())
    /// The maximum seconds for a call.
    private let seconds: Double

    init(seconds: Double) {
        self.seconds = seconds
    }

    /// Reserves the number of a call that is opened later, or never.
    func reserve() -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Opens a call; `finish` is called once, on any thread.
    func open(_ number: UInt64, now: NumericDate, finish: @escaping @Sendable (CallEnd) -> Void) {
        let call = Call(now: now, deadline: .now.adding(seconds), finish: finish)
        let needsWatch = state.withLock { state in
            state.open[number] = call
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if needsWatch, !OwnThread.start({ self.watch() }) { endUnwatched() }
    }

    /// Ends a call; does nothing if it has already ended.
    func end(_ number: UInt64, _ outcome: CallEnd) {
        state.withLock { $0.open.removeValue(forKey: number) }?.finish(outcome)
    }

    func isOpen(_ number: UInt64) -> Bool {
        state.withLock { $0.open[number] != nil }
    }

    /// The time of an open call; for any other call, a time at which everything has expired.
    func now(_ number: UInt64) -> Int64 {
        state.withLock { $0.open[number]?.now }.map(Self.wholeSeconds) ?? Self.everythingHasExpired
    }

    /// The end of the year 9999 in seconds since 1970; small enough for modules to add to it without overflow.
    static let everythingHasExpired: Int64 = 253_402_300_799

    /// The time as modules receive it, in seconds since 1970, rounded down.
    static func wholeSeconds(_ time: NumericDate) -> Int64 {
        Int64(exactly: time.secondsSinceEpoch.rounded(.down)) ?? everythingHasExpired
    }

    /// Ends calls at their deadlines, until there have been no calls for a while.
    ///
    /// A call that is opened during a sleep has its deadline after the end of the sleep, so it need not end the sleep.
    private func watch() {
        var roundsWithoutCalls = 0
        while roundsWithoutCalls < 6 {
            let now = MonotonicTime.now
            var wakeUp = now.adding(seconds)
            let overdue = state.withLock { state in
                let overdue = state.open.filter { $0.value.deadline <= now }
                for number in overdue.keys { state.open[number] = nil }
                for call in state.open.values { wakeUp = min(wakeUp, call.deadline) }
                roundsWithoutCalls = state.open.isEmpty ? roundsWithoutCalls + 1 : 0
                if roundsWithoutCalls == 6 { state.isWatched = false }
                return overdue.values.map(\.finish)
            }
            for finish in overdue { finish(.fault(.noAnswerInTime(seconds: seconds))) }
            if roundsWithoutCalls < 6 { wakeUp.sleep() }
        }
    }

    /// Ends all calls: without a thread for their deadlines, they cannot be allowed to wait.
    private func endUnwatched() {
        let calls = state.withLock { state in
            defer { state.open = [:] }
            state.isWatched = false
            return state.open.values.map(\.finish)
        }
        for finish in calls { finish(.fault(.noThread)) }
    }
}
