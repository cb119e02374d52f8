// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// A copy of what a module passed to `complete`.
struct ModuleVerdict: Sendable {
    let kind: Int32
    /// The claims of an acceptance; `nil` for other verdicts, and when they are longer than allowed.
    let claims: [UInt8]?
    let notAfter: Int64
    let cacheSeconds: Int64
    let reason: String
    let detail: String
}

/// One call of a verifier of a module.
///
/// A call ends once: with the first verdict, at its deadline, or when its caller stops waiting.
final class ModuleCall: Sendable {
    /// How a call ended.
    enum End: Sendable {
        case verdict(ModuleVerdict)
        case fault(ModuleFault)
        /// Its caller no longer waits.
        case abandoned
    }

    private enum State {
        case open
        case awaited(@Sendable (End) -> Void)
        case ended(End)
    }

    let number: UInt64
    let now: NumericDate
    let deadline: MonotonicTime
    private let state = Lock(State.open)
    private let counts = Lock((isInModule: false, fetches: 0))

    init(_ number: UInt64, now: NumericDate, deadline: MonotonicTime) {
        self.number = number
        self.now = now
        self.deadline = deadline
    }

    /// How it ended; `nil` while it is open.
    var end: End? {
        state.withLock { state in
            guard case .ended(let end) = state else { return nil }
            return end
        }
    }

    /// Ends the call; does nothing if it has already ended.
    func finish(_ end: End) {
        let waiting: (@Sendable (End) -> Void)? = state.withLock { state in
            switch state {
            case .ended: return nil
            case .open:
                state = .ended(end)
                return nil
            case .awaited(let waiting):
                state = .ended(end)
                return waiting
            }
        }
        waiting?(end)
    }

    /// Calls `body` when the call has ended, at once if it has.
    func whenEnded(_ body: @escaping @Sendable (End) -> Void) {
        let end: End? = state.withLock { state in
            if case .ended(let end) = state { return end }
            state = .awaited(body)
            return nil
        }
        if let end { body(end) }
    }

    /// Notes that the module knows the call; false if it has ended before.
    func enterModule() -> Bool {
        guard end == nil else { return false }
        counts.withLock { $0.isInModule = true }
        return true
    }

    /// Whether the module knows the call.
    var isInModule: Bool { counts.withLock { $0.isInModule } }

    /// Reserves one of its fetches; false if there are too many at once.
    func beginFetch(atMost most: Int) -> Bool {
        counts.withLock { counts in
            guard counts.fetches < most else { return false }
            counts.fetches += 1
            return true
        }
    }

    func endFetch() {
        counts.withLock { $0.fetches -= 1 }
    }
}

/// The open calls of one instance, identified by numbers that are never used twice.
///
/// A verdict for a call that has ended or never existed is ignored. Deadlines are enforced by a dedicated thread, so that
/// they work while all other threads are blocked.
final class ModuleCalls: Sendable {
    /// A call while its `verify` runs on the thread of the request: most end there, so they need no more than this.
    private struct InlineCall {
        let now: NumericDate
        var end: ModuleCall.End?
    }

    private struct State {
        var next: UInt64 = 1
        var open: [UInt64: ModuleCall] = [:]
        var inline: [UInt64: InlineCall] = [:]
        /// Calls that were inline, until their `verify` has returned.
        var moved: [UInt64: ModuleCall] = [:]
        var isWatched = false
    }

    private let state = Lock(State())
    /// The maximum seconds for a call.
    private let seconds: Double
    /// The maximum number of open calls.
    private let most: Int

    init(seconds: Double, most: Int) {
        self.seconds = seconds
        self.most = most
    }

    /// The number of a job that is not a call.
    func reserve() -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Opens a call; `nil` if too many are open.
    func open(now: NumericDate) -> ModuleCall? {
        let deadline = MonotonicTime.now.adding(seconds)
        let (call, needsWatch) = state.withLock { state -> (ModuleCall?, Bool) in
            guard state.open.count < most else { return (nil, false) }
            let call = ModuleCall(state.next, now: now, deadline: deadline)
            state.next += 1
            state.open[call.number] = call
            defer { state.isWatched = true }
            return (call, !state.isWatched)
        }
        if needsWatch, !OwnThread.start({ self.watch() }) { endUnwatched() }
        return call
    }

    /// Opens a call whose `verify` runs at once on this thread; `nil` if too many are open.
    func openInline(now: NumericDate) -> UInt64? {
        state.withLock { state in
            guard state.open.count + state.inline.count < most else { return nil }
            defer { state.next += 1 }
            state.inline[state.next] = InlineCall(now: now)
            return state.next
        }
    }

    /// What has become of such a call when its `verify` has returned.
    enum InlineEnd {
        case ended(ModuleCall.End)
        /// The verdict comes later.
        case open(ModuleCall)
    }

    /// Notes that the `verify` of such a call has returned.
    func closeInline(_ number: UInt64) -> InlineEnd {
        let deadline = MonotonicTime.now.adding(seconds)
        let (end, needsWatch) = state.withLock { state -> (InlineEnd, Bool) in
            guard let call = state.inline.removeValue(forKey: number) else {
                // A fetch made it one that may wait.
                if let open = state.moved.removeValue(forKey: number) { return (.open(open), false) }
                return (.ended(.abandoned), false)
            }
            if let end = call.end { return (.ended(end), false) }
            let open = ModuleCall(number, now: call.now, deadline: deadline)
            _ = open.enterModule()
            state.open[number] = open
            defer { state.isWatched = true }
            return (.open(open), !state.isWatched)
        }
        if needsWatch, !OwnThread.start({ self.watch() }) { endUnwatched() }
        return end
    }

    /// Ends a call; does nothing if it has already ended or never existed.
    func end(_ number: UInt64, _ end: ModuleCall.End) {
        let open: ModuleCall? = state.withLock { state in
            if state.inline[number] != nil {
                if state.inline[number]?.end == nil { state.inline[number]?.end = end }
                return nil
            }
            return state.open.removeValue(forKey: number)
        }
        open?.finish(end)
    }

    /// The open call with this number; one whose `verify` runs inline becomes one that may wait.
    func call(_ number: UInt64) -> ModuleCall? {
        let deadline = MonotonicTime.now.adding(seconds)
        let (call, needsWatch) = state.withLock { state -> (ModuleCall?, Bool) in
            if let call = state.open[number] { return (call, false) }
            guard let inline = state.inline[number], inline.end == nil else { return (nil, false) }
            let call = ModuleCall(number, now: inline.now, deadline: deadline)
            _ = call.enterModule()
            state.inline[number] = nil
            state.moved[number] = call
            state.open[number] = call
            defer { state.isWatched = true }
            return (call, !state.isWatched)
        }
        if needsWatch, !OwnThread.start({ self.watch() }) { endUnwatched() }
        return call
    }

    /// The time of an open call; for any other call, a time at which everything has expired.
    func now(_ number: UInt64) -> Int64 {
        let now = state.withLock { state in
            state.open[number]?.now ?? state.inline[number].flatMap { $0.end == nil ? $0.now : nil }
        }
        return now.map(Self.wholeSeconds) ?? Self.everythingHasExpired
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
                return overdue.values
            }
            for call in overdue { call.finish(.fault(.noAnswerInTime(seconds: seconds))) }
            if roundsWithoutCalls < 6 { wakeUp.sleep() }
        }
    }

    /// Ends all calls: without a thread for their deadlines, they cannot be allowed to wait.
    private func endUnwatched() {
        let calls = state.withLock { state in
            defer { state.open = [:] }
            state.isWatched = false
            return state.open.values
        }
        for call in calls { call.finish(.fault(.noThread)) }
    }
}
