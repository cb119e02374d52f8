// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

// SAFETY: the state is accessed only while the mutex is locked. Mutex and condition are allocated in `init`, freed in
// `deinit`, and do not move in between.
/// State that threads share and wait for, behind one mutex with one condition variable.
///
/// A wait blocks its thread: threads that serve requests may wait only for a transformer. Closures must not take another
/// lock.
@safe final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: sending State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe Self.prepare(condition)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the state.
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Wakes one of the waiting threads, which checks the state again.
    func signal() {
        unsafe pthread_cond_signal(condition)
    }

    /// Wakes all waiting threads.
    func signalAll() {
        unsafe pthread_cond_broadcast(condition)
    }

    /// Waits until `body` returns a value; `nil` when it returns none within `seconds`.
    func wait<Result>(atMost seconds: Double, for body: (inout State) -> Result?) -> Result? {
        let end = MonotonicTime.now.adding(seconds)
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let found = body(&state) { return found }
            guard MonotonicTime.now < end else { return nil }
            wait(until: end)
        }
    }

    #if canImport(Glibc)
    private static func prepare(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    private func wait(until end: MonotonicTime) {
        var time = end.timespec
        unsafe pthread_cond_timedwait(condition, mutex, &time)
    }
    #else
    private static func prepare(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        unsafe pthread_cond_init(condition, nil)
    }

    private func wait(until end: MonotonicTime) {
        var rest = MonotonicTime.now.timespec(until: end)
        unsafe pthread_cond_timedwait_relative_np(condition, mutex, &rest)
    }
    #endif
}
