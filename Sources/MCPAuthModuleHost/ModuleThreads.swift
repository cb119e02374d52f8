// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The threads on which one instance of a module runs, and the queue of jobs that wait for them.
///
/// Modules may block, so calls run here until a module has proved quick: one that sleeps delays its own calls only.
/// Threads are started when they are needed, up to a limit, and end when they have been idle for a while.
final class ModuleThreads: Sendable {
    typealias Job = @Sendable () -> Void

    private struct Waiting: Sendable {
        let number: UInt64
        let job: Job
    }

    private struct State {
        var waiting: [Waiting] = []
        /// When the running jobs began, by their numbers.
        var running: [UInt64: MonotonicTime] = [:]
        /// Threads that wait for a job.
        var idle = 0
        /// All threads, including those that are being started.
        var threads = 0
    }

    private enum Admission {
        case refused
        case idleThread
        case newThread
        case queue
    }

    private let monitor = Monitor(State())
    private let limits: ModuleLimits

    init(limits: ModuleLimits) {
        self.limits = limits
    }

    /// Runs a job when a thread is free; jobs start in the order in which they were added.
    ///
    /// - Parameter isRequired: Whether the job has a place even if the queue is full: one that follows from an earlier
    ///   job, such as the end of a fetch.
    /// - Returns: A fault when the queue is full or no thread can be started, else `nil`.
    func run(_ number: UInt64, isRequired: Bool = false, _ job: @escaping Job) -> ModuleFault? {
        let admission = monitor.withLock { state -> Admission in
            let jobs = state.running.count + state.waiting.count
            guard isRequired || jobs < limits.threads + limits.waitingCalls else { return .refused }
            state.waiting.append(Waiting(number: number, job: job))
            if state.idle >= state.waiting.count { return .idleThread }
            guard state.threads < limits.threads else { return .queue }
            state.threads += 1
            return .newThread
        }
        switch admission {
        case .refused: return .tooManyCalls
        case .queue: return nil
        case .idleThread:
            monitor.signal()
            return nil
        case .newThread:
            guard !OwnThread.start({ self.work() }) else { return nil }
            return noThread(for: number)
        }
    }

    /// Runs a job on this thread, as one of the running jobs.
    func runHere(_ number: UInt64, _ job: () -> Void) {
        monitor.withLock { $0.running[number] = .now }
        job()
        monitor.withLock { $0.running[number] = nil }
    }

    /// Removes a job from the queue, if it is still there.
    func withdraw(_ number: UInt64) {
        // The job is released outside the lock: a `deinit` of what it captures may use this queue.
        let withdrawn = monitor.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
        withExtendedLifetime(withdrawn) {}
    }

    /// Whether every thread has been running one job for longer than this, in seconds.
    func areStuck(after seconds: Double) -> Bool {
        monitor.withLock { state in
            state.running.count >= limits.threads && state.running.values.allSatisfy { $0.duration(to: .now) > seconds }
        }
    }

    private func work() {
        while let next = next() {
            next.job()
            monitor.withLock { $0.running[next.number] = nil }
        }
    }

    /// How long the longest job that runs now has been running, in seconds; 0 if none runs.
    var longestRun: Double {
        monitor.withLock { state in state.running.values.min().map { $0.duration(to: .now) } ?? 0 }
    }

    /// The next job; `nil` when this thread is to end.
    private func next() -> Waiting? {
        monitor.withLock { $0.idle += 1 }
        if let job = monitor.wait(atMost: limits.idleSeconds, for: Self.take) { return job }
        return monitor.withLock { state in
            // A job that was added while the wait timed out depends on this thread.
            if let job = Self.take(&state) { return job }
            state.idle -= 1
            state.threads -= 1
            return nil
        }
    }

    private static func take(_ state: inout State) -> Waiting? {
        guard !state.waiting.isEmpty else { return nil }
        state.idle -= 1
        let next = state.waiting.removeFirst()
        state.running[next.number] = .now
        return next
    }

    /// Handles a failed start of a thread: the job stays in the queue if another thread can run it.
    private func noThread(for number: UInt64) -> ModuleFault? {
        let isLost = monitor.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        guard isLost else { return nil }
        withdraw(number)
        return .noThread
    }
}
