// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock

/// The open calls of one instance, named by numbers that are never used twice.
///
/// A call ends once: by a verdict, by the module's return without one, at its deadline, or because nobody waits any more.
/// What a module says later, of a call that ended or of one that never was, changes nothing. Deadlines are kept by a
/// thread that does nothing else, so that they hold while every other thread is held up.
final class ModuleCalls: Sendable {
    /// What a module gave to `complete`, copied.
    struct Verdict: Sendable {
        let kind: Int32
        /// Of an acceptance; `nil` when they are longer than allowed.
        let claims: [UInt8]?
        let notAfter: Int64
        let reason: String
        let detail: String
    }

    /// How a call ended.
    enum CallEnd: Sendable {
        case verdict(Verdict)
        case fault(ModuleFault)
        /// Nobody waits for it any more.
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
    /// Seconds that every call has.
    private let seconds: Double

    init(seconds: Double) {
        self.seconds = seconds
    }

    /// A number for a call that is opened later, or never.
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

    /// Ends a call, unless it has ended.
    func end(_ number: UInt64, _ outcome: CallEnd) {
        state.withLock { $0.open.removeValue(forKey: number) }?.finish(outcome)
    }

    func isOpen(_ number: UInt64) -> Bool {
        state.withLock { $0.open[number] != nil }
    }

    /// The time of a call; for one that is not open a time at which everything has expired.
    func now(_ number: UInt64) -> Int64 {
        state.withLock { $0.open[number]?.now }.map(Self.wholeSeconds) ?? Self.everythingHasExpired
    }

    /// The end of the year 9999: late, and small enough for modules to add to it.
    static let everythingHasExpired: Int64 = 253_402_300_799

    /// The time as modules see it.
    static func wholeSeconds(_ time: NumericDate) -> Int64 {
        Int64(exactly: time.secondsSinceEpoch.rounded(.down)) ?? everythingHasExpired
    }

    /// Ends calls at their deadlines until there have been none for a while.
    ///
    /// A call that is opened while this sleeps has its deadline after the sleep ends, so nobody needs to wake it.
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

    /// Without a thread for their deadlines no calls can be allowed to wait.
    private func endUnwatched() {
        let calls = state.withLock { state in
            defer { state.open = [:] }
            state.isWatched = false
            return state.open.values.map(\.finish)
        }
        for finish in calls { finish(.fault(.noThread)) }
    }
}
