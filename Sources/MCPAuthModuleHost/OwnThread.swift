// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Dedicated threads: code that blocks one of them delays no request.
package enum OwnThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread; false when the system cannot create one.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let retained = unsafe Unmanaged.passRetained(Body(body))
        #if canImport(Glibc)
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, nil, runBody, retained.toOpaque())
        #else
        var thread: pthread_t?
        let code = unsafe pthread_create(&thread, nil, runBody, retained.toOpaque())
        #endif
        guard code == 0 else {
            unsafe retained.release()
            return false
        }
        #if canImport(Glibc)
        pthread_detach(thread)
        #else
        if let thread = unsafe thread { unsafe pthread_detach(thread) }
        #endif
        return true
    }

    /// What became of ``result(within:_:)``.
    enum Outcome<Value> {
        case value(Value)
        case late
        case noThread
    }

    /// Why there is no thread, for messages.
    static let noThread = "the system cannot create another thread"

    /// Runs `body` on a dedicated thread and waits for it on this one.
    ///
    /// - Returns: The result. If there is none within `seconds`, `body` continues to run, and what it captures stays
    ///   alive.
    static func result<Result: Sendable>(
        within seconds: Double,
        _ body: @escaping @Sendable () -> Result
    ) -> Outcome<Result> {
        let place = Monitor<Result?>(nil)
        let isStarted = start {
            let result = body()
            place.withLock { $0 = result }
            place.signal()
        }
        guard isStarted else { return .noThread }
        return place.wait(atMost: seconds) { $0 }.map(Outcome.value) ?? .late
    }

    /// Runs `body`, which may block, on a dedicated thread, or on this one when no thread can be started.
    package static func value<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isStarted = start { continuation.resume(with: Swift.Result(catching: body)) }
            // Without another thread, this one must run it.
            if !isStarted { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }

    #if canImport(Glibc)
    private static let runBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        if let pointer = unsafe pointer { unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
    }
    #else
    private static let runBody: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { pointer in
        unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
    }
    #endif
}
