// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

// SAFETY: a state is touched only inside `withLock`, between lock and unlock of the mutex of the same shard. The memory
// is allocated and filled in `init`, freed in `deinit`, and its address does not change in between.
/// A fixed number of states that several threads share, each protected by its own mutex.
///
/// Different shards share no cache line, and accessing a shard touches no reference count, so threads that use
/// different shards never wait for each other, not even inside the processor. The closure must not suspend and must not
/// take another lock.
///
/// Pthread mutexes, because ThreadSanitizer reports false races on `Synchronization.Mutex` in this toolchain.
@safe public final class ShardedLock<State>: @unchecked Sendable {
    /// The number of shards.
    public let count: Int
    private let memory: UnsafeMutableRawPointer
    /// Bytes from a mutex to its state, and from one shard to the next.
    private let stateOffset: Int
    private let stride: Int

    /// Creates the shards; `makeState` is called once for each.
    public init(count: Int, _ makeState: () -> State) {
        self.count = count
        // At least the usual size of a cache line.
        let alignment = max(64, MemoryLayout<State>.alignment)
        unsafe stateOffset = Self.roundedUp(MemoryLayout<pthread_mutex_t>.size, to: MemoryLayout<State>.alignment)
        stride = Self.roundedUp(stateOffset + MemoryLayout<State>.size, to: alignment)
        unsafe memory = .allocate(byteCount: count * stride, alignment: alignment)
        for index in 0..<count {
            unsafe mutex(index).initialize(to: pthread_mutex_t())
            unsafe Self.prepare(mutex(index))
            unsafe state(index).initialize(to: makeState())
        }
    }

    deinit {
        for index in 0..<count {
            unsafe state(index).deinitialize(count: 1)
            unsafe pthread_mutex_destroy(mutex(index))
        }
        unsafe memory.deallocate()
    }

    /// Calls `body` with exclusive access to the state of one shard.
    ///
    /// - Parameter index: The shard, from 0 up to but not including ``count``.
    @inlinable
    public func withLock<Result, Failure: Error>(
        shard index: Int,
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let state = unsafe lock(index)
        defer { unlock(index) }
        return try unsafe body(&state.assumingMemoryBound(to: State.self).pointee)
    }

    @usableFromInline
    func lock(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && index < count)
        unsafe pthread_mutex_lock(mutex(index))
        return unsafe memory.advanced(by: index * stride + stateOffset)
    }

    @usableFromInline
    func unlock(_ index: Int) {
        unsafe pthread_mutex_unlock(mutex(index))
    }

    private func mutex(_ index: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
        unsafe memory.advanced(by: index * stride).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    private func state(_ index: Int) -> UnsafeMutablePointer<State> {
        unsafe memory.advanced(by: index * stride + stateOffset).assumingMemoryBound(to: State.self)
    }

    /// Initialises a mutex that spins for a moment before it sleeps, where the system has such mutexes.
    ///
    /// The critical sections are shorter than the time to sleep and wake up.
    private static func prepare(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
        #if canImport(Glibc)
        var attributes = pthread_mutexattr_t()
        unsafe pthread_mutexattr_init(&attributes)
        unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
        unsafe pthread_mutex_init(mutex, &attributes)
        unsafe pthread_mutexattr_destroy(&attributes)
        #else
        unsafe pthread_mutex_init(mutex, nil)
        #endif
    }

    private static func roundedUp(_ size: Int, to alignment: Int) -> Int {
        (size + alignment - 1) / alignment * alignment
    }
}
