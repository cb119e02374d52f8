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

        /// Whether the module may still work on it.
        var isUnanswered: Bool {
            switch self {
            case .abandoned, .fault(.noAnswerInTime): true
            case .verdict, .fault: false
            }
        }
    }

    private struct State {
        var end: End?
        /// Called at the end.
        var waiting: (@Sendable (End) -> Void)?
        var isInModule: Bool
        var fetches = 0
    }

    let number: UInt64
    let now: NumericDate
    let deadline: MonotonicTime
    private let state: Lock<State>

    /// - Parameter isInModule: Whether the module knows the call already.
    init(_ number: UInt64, now: NumericDate, deadline: MonotonicTime, isInModule: Bool) {
        self.number = number
        self.now = now
        self.deadline = deadline
        state = Lock(State(isInModule: isInModule))
    }

    /// How it ended; `nil` while it is open.
    var end: End? { state.withLock { $0.end } }

    /// Ends the call; does nothing if it has already ended.
    func finish(_ end: End) {
        let waiting: (@Sendable (End) -> Void)? = state.withLock { state in
            guard state.end == nil else { return nil }
            state.end = end
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?(end)
    }

    /// Calls `body` when the call has ended, at once if it has.
    func whenEnded(_ body: @escaping @Sendable (End) -> Void) {
        let end: End? = state.withLock { state in
            if state.end == nil { state.waiting = body }
            return state.end
        }
        if let end { body(end) }
    }

    /// Notes that the module knows the call; false if it has ended before.
    func enterModule() -> Bool {
        state.withLock { state in
            guard state.end == nil else { return false }
            state.isInModule = true
            return true
        }
    }

    /// Whether the module knows the call.
    var isInModule: Bool { state.withLock { $0.isInModule } }

    /// Reserves one of its fetches; false if there are too many at once.
    func beginFetch(atMost most: Int) -> Bool {
        state.withLock { state in
            guard state.fetches < most else { return false }
            state.fetches += 1
            return true
        }
    }

    func endFetch() {
        state.withLock { $0.fetches -= 1 }
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
        /// Calls that a fetch made open while their `verify` ran inline, until it has returned.
        var opened: [UInt64: ModuleCall] = [:]
        var isWatched = false
        /// The last call for which the module gave a verdict.
        var answered: UInt64 = 0

        mutating func nextNumber() -> UInt64 {
            defer { next += 1 }
            return next
        }
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
        state.withLock { $0.nextNumber() }
    }

    /// Opens a call; `nil` if too many are open.
    func open(now: NumericDate) -> ModuleCall? {
        changeWatched { state, deadline in
            guard state.open.count + state.inline.count < most else { return nil }
            return Self.open(state.nextNumber(), now, deadline, isInModule: false, in: &state)
        }
    }

    /// Opens a call whose `verify` runs at once on this thread; `nil` if too many are open.
    func openInline(now: NumericDate) -> UInt64? {
        state.withLock { state in
            guard state.open.count + state.inline.count < most else { return nil }
            let number = state.nextNumber()
            state.inline[number] = InlineCall(now: now)
            return number
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
        changeWatched { state, deadline in
            if let call = state.opened.removeValue(forKey: number) { return .open(call) }
            guard let inline = state.inline.removeValue(forKey: number) else { return .ended(.abandoned) }
            if let end = inline.end { return .ended(end) }
            return .open(Self.open(number, inline.now, deadline, isInModule: true, in: &state))
        }
    }

    /// The open call with this number; one whose `verify` runs inline becomes one that may wait.
    func call(_ number: UInt64) -> ModuleCall? {
        changeWatched { state, deadline in
            if let call = state.open[number] { return call }
            guard let inline = state.inline[number], inline.end == nil else { return nil }
            state.inline[number] = nil
            let call = Self.open(number, inline.now, deadline, isInModule: true, in: &state)
            state.opened[number] = call
            return call
        }
    }

    private static func open(
        _ number: UInt64,
        _ now: NumericDate,
        _ deadline: MonotonicTime,
        isInModule: Bool,
        in state: inout State
    ) -> ModuleCall {
        let call = ModuleCall(number, now: now, deadline: deadline, isInModule: isInModule)
        state.open[number] = call
        return call
    }

    /// Changes the state, with the deadline of a call that is opened now, and starts the watch if there is a call that
    /// nothing watches.
    private func changeWatched<Result>(_ change: (inout State, MonotonicTime) -> Result) -> Result {
        let deadline = MonotonicTime.now.adding(seconds)
        let (result, needsWatch) = state.withLock { state in
            let result = change(&state, deadline)
            let needsWatch = !state.isWatched && !state.open.isEmpty
            if needsWatch { state.isWatched = true }
            return (result, needsWatch)
        }
        if needsWatch, !OwnThread.start({ self.watch() }) { endUnwatched() }
        return result
    }

    /// Ends a call; does nothing if it has already ended or never existed.
    func end(_ number: UInt64, _ end: ModuleCall.End) {
        let open: ModuleCall? = state.withLock { state in
            guard let inline = state.inline[number] else { return state.open.removeValue(forKey: number) }
            if inline.end == nil { state.inline[number]?.end = end }
            return nil
        }
        open?.finish(end)
    }

    /// Notes that a module gave a verdict for this call; false if the one before was for the same call.
    func noteAnswer(_ number: UInt64) -> Bool {
        state.withLock { state in
            defer { state.answered = number }
            return state.answered != number
        }
    }

    /// Waits until a call ends; ends it when the task is cancelled.
    func end(of call: ModuleCall) async -> ModuleCall.End {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.whenEnded { continuation.resume(returning: $0) }
                if Task.isCancelled { end(call.number, .abandoned) }
            }
        } onCancel: {
            end(call.number, .abandoned)
        }
    }

    /// Ends all open calls with this fault.
    func endAll(_ fault: ModuleFault) {
        let calls = state.withLock { state in
            defer { state.open = [:] }
            return state.open.values
        }
        for call in calls { call.finish(.fault(fault)) }
    }

    /// The number of open calls.
    var openCount: Int { state.withLock { $0.open.count + $0.inline.count } }

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
        state.withLock { $0.isWatched = false }
        endAll(.noThread)
    }
}
