// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The process of one instance: starts it, starts it again when it ends, and exchanges frames with it.
///
/// After an end, the next start waits: 0.2 seconds at first, twice as long each time, at most 2 seconds, or 30 if the
/// process was not ready. A process that ran for a minute begins anew. Without a process, nothing is sent.
final class ModuleProcess: Sendable {
    /// Receives frames of the process, on one thread; false if a frame is not valid.
    typealias Receive = @Sendable (ModuleFrame, ModulePipe) -> Bool

    private struct State {
        /// The process that runs now.
        var running: ModuleChild?
        /// The same, once its instance was created.
        var child: ModuleChild?
        /// The result of the first start: why it failed, or `nil` inside if it did not.
        var firstStart: ModuleProgram.Refusal??
        var isStopped = false
        /// Since when a cancelled call has no answer, which the process gives at once if it works.
        var unansweredSince: MonotonicTime?
    }

    private let state = Monitor(State())
    private let program: ModuleProgram
    private let create: ModuleFrame
    private let limits: ModuleLimits
    private let events: ModuleEvents
    private let receive: Receive
    private let onEnd: @Sendable () -> Void
    private let unasked = Lock(Unasked())

    /// The maximum seconds before the next start after a process that had worked; otherwise one token that makes it end
    /// could be used to stop it for long.
    private static let mostPause = 2.0
    /// The same after a process that was never ready.
    private static let mostPauseUnready = 30.0
    /// The seconds after which a process counts as one that works.
    private static let longRun = 60.0
    /// The maximum seconds for which a process may go on when it is told to end.
    private static let closeSeconds = 5.0

    /// - Parameters:
    ///   - create: The frame that creates the instance.
    ///   - onEnd: Called when a process has ended.
    init(
        _ program: ModuleProgram,
        create: ModuleFrame,
        limits: ModuleLimits,
        events: ModuleEvents,
        onEnd: @escaping @Sendable () -> Void,
        receive: @escaping Receive
    ) {
        self.program = program
        self.create = create
        self.limits = limits
        self.events = events
        self.onEnd = onEnd
        self.receive = receive
    }

    /// Starts the first process; returns why that failed, or `nil`.
    func start() -> ModuleProgram.Refusal? {
        guard OwnThread.start({ self.supervise() }) else {
            return ModuleProgram.Refusal(reason: OwnThread.noThread)
        }
        guard let result = state.wait(atMost: readySeconds + 1, for: { $0.firstStart }) else {
            stop()
            return late
        }
        return result
    }

    /// Ends the process, and starts no other.
    func stop() {
        let child = state.withLock { state in
            state.isStopped = true
            return state.running
        }
        state.signal()
        guard let child, !OwnThread.start({ child.close(within: Self.closeSeconds) }) else { return }
        child.kill()
    }

    /// Ends the process at once; another one is started.
    func restart() {
        state.withLock { $0.child }?.kill()
    }

    /// Sends a frame; false if there is no process, or if too much waits for it.
    ///
    /// A process that did not answer to the end of a call for a while is ended: it may have been stopped.
    func send(_ frame: ModuleFrame) -> Bool {
        let (child, isStuck) = state.withLock { state in
            let waited = state.unansweredSince?.duration(to: .now) ?? 0
            if frame.kind == .cancel, state.child != nil { state.unansweredSince = state.unansweredSince ?? .now }
            return (state.child, waited > limits.hangSeconds)
        }
        guard let child else { return false }
        if isStuck { child.kill() }
        unasked.withLock { $0.allowMore() }
        return child.pipe.send(frame)
    }

    // MARK: Supervision

    private func supervise() {
        var ends = 0
        while true {
            let began = MonotonicTime.now
            let (wasReady, reason) = run()
            if began.duration(to: .now) >= Self.longRun { ends = 0 }
            ends += 1
            let most = wasReady ? Self.mostPause : Self.mostPauseUnready
            let pause = min(most, 0.1 * pow(2, Double(ends)))
            let isOver = state.withLock { state in
                let isFirst = state.firstStart == nil
                if isFirst { state.firstStart = .some(reason) }
                return isFirst || state.isStopped
            }
            state.signal()
            if isOver { return }
            events.report("has no process: \(reason); the next start is in \(pause.asWritten) seconds")
            if state.wait(atMost: pause, for: { $0.isStopped ? true : nil }) == true { return }
        }
    }

    /// Runs one process until it ends, and returns whether its instance was created, and how it ended.
    private func run() -> (wasReady: Bool, end: ModuleProgram.Refusal) {
        let child: ModuleChild
        do throws(ModuleChild.Fault) { child = try ModuleChild(program.program) } catch {
            return (false, ModuleProgram.Refusal(reason: error.reason))
        }
        let isStopped = state.withLock { state in
            state.running = child
            return state.isStopped
        }
        if isStopped { child.kill() }
        let problem = Lock<ModuleProgram.Refusal?>(nil)
        let isRead = OwnThread.start {
            if let found = self.read(from: child) { problem.withLock { $0 = found } }
            // Nothing can be received any more, so the process is of no use. One that was told to end may have work.
            if self.state.withLock({ $0.isStopped }) { child.close(within: Self.closeSeconds) } else { child.kill() }
        }
        if !isRead { child.kill() }
        let end = child.wait()
        child.pipe.shutDown()
        let wasReady = state.withLock { state in
            defer { (state.running, state.child, state.unansweredSince) = (nil, nil, nil) }
            return state.child != nil
        }
        onEnd()
        return (wasReady, problem.withLock { $0 } ?? ModuleProgram.Refusal(reason: "its process \(end)"))
    }

    /// Receives frames until there are no more; returns why it stopped, if that was not the end of the process.
    private func read(from child: ModuleChild) -> ModuleProgram.Refusal? {
        var reader = ModulePipeReader(child.pipe)
        let deadline = MonotonicTime.now.adding(readySeconds)
        do throws(ModulePipeReader.End) {
            for frame in [program.load, create] {
                guard child.pipe.send(frame) else { throw .closed }
                var reply = try reader.next(until: deadline)
                // Before it answers, a module may log.
                while reply.kind == .log || reply.kind == .count {
                    try take(reply, child)
                    reply = try reader.next(until: deadline)
                }
                if reply.kind == .refused { throw .refused(reply.refusal) }
                guard reply.kind == (frame.kind == .load ? .loaded : .created) else { throw .invalid }
            }
            state.withLock { state in
                state.child = child
                if state.firstStart == nil { state.firstStart = .some(nil) }
            }
            state.signal()
            while true { try take(try reader.next(), child) }
        } catch {
            switch error {
            case .closed: return nil
            case .late: return late
            case .invalid: return ModuleProgram.Refusal(reason: "it \(ModuleFault.invalidFrame)")
            case .tooMany: return ModuleProgram.Refusal(reason: "it \(ModuleFault.tooManyFrames)")
            case .refused(let reason): return ModuleProgram.Refusal(reason: reason, isMessage: true)
            }
        }
    }

    private var readySeconds: Double { limits.setupSeconds + ModuleProgram.startSeconds }

    private var late: ModuleProgram.Refusal {
        ModuleProgram.Refusal(reason: "its process was not ready within \(readySeconds.asWritten) seconds")
    }

    private func take(_ frame: ModuleFrame, _ child: ModuleChild) throws(ModulePipeReader.End) {
        guard unasked.withLock({ $0.take() }) else { throw .tooMany }
        state.withLock { $0.unansweredSince = nil }
        guard receive(frame, child.pipe) else { throw .invalid }
    }

    /// How many frames the process may send.
    private struct Unasked {
        private static let most = 65_536.0
        private var allowed = Self.most
        private var last = MonotonicTime.now

        /// Each frame that is sent allows it some more: a verdict, and lines that it logs.
        mutating func allowMore() { allowed = min(Self.most, allowed + 16) }

        /// Counts one; false if there are too many.
        ///
        /// Each second allows a thousand.
        mutating func take() -> Bool {
            let now = MonotonicTime.now
            allowed = min(Self.most, allowed + last.duration(to: now) * 1000)
            last = now
            guard allowed >= 1 else { return false }
            allowed -= 1
            return true
        }
    }
}
