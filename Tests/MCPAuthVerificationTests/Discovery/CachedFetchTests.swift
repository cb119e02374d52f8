// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthConcurrency
import MCPAuthCore
import TestSupport
import Testing

@testable import MCPAuthVerification

/// How long callers wait for a fetch, and when the next fetch is allowed.
@Suite(.timeLimit(.minutes(2))) struct CachedFetchTests {
    /// A source whose answers, and their times, a test controls.
    private final class Source: Sendable {
        private struct State {
            var answer: Result<Int, FetchError> = .success(1)
            var isHeld = false
            var held: [CheckedContinuation<Void, Never>] = []
            var count = 0
        }

        private let state = Lock(State())
        let time = TestTime()

        var count: Int { state.withLock { $0.count } }

        func answer(_ answer: Result<Int, FetchError>) {
            state.withLock { $0.answer = answer }
        }

        func hold() {
            state.withLock { $0.isHeld = true }
        }

        func release() {
            let held = state.withLock { state in
                defer { state.held = [] }
                state.isHeld = false
                return state.held
            }
            for continuation in held { continuation.resume() }
        }

        func fetch() async throws -> Int {
            await withCheckedContinuation { continuation in
                let isHeld = state.withLock { state in
                    state.count += 1
                    if state.isHeld { state.held.append(continuation) }
                    return state.isHeld
                }
                if !isHeld { continuation.resume() }
            }
            return try state.withLock { $0.answer }.get()
        }

        func waitUntilAsked(_ times: Int = 1) async throws {
            while count < times { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    private static let long = 3600.0

    private static func cached(
        _ source: Source,
        deadline: Double = long,
        didFetch: @escaping @Sendable (CachedFetch<Int>.FetchReport) -> Void = { _ in }
    ) -> CachedFetch<Int> {
        CachedFetch(timing: FetchTiming(deadline: deadline), clock: source.time.clock, didFetch: didFetch) { _ in
            try await source.fetch()
        }
    }

    @Test func `waiting callers are released at their deadline, and the fetch continues for the others`() async throws {
        let source = Source()
        source.hold()
        let cached = Self.cached(source)
        async let patient = cached.value()
        try await source.waitUntilAsked()
        let early = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { await cached.value(until: Deadline(in: 0.05)) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(early == 0)
        source.release()
        #expect(await patient?.value == 1)
        #expect(source.count == 1)
    }

    @Test func `waiting callers are released when they are cancelled, and the fetch continues for the others`()
        async throws
    {
        let source = Source()
        source.hold()
        let cached = Self.cached(source)
        let impatient = (0..<50).map { _ in Task { await cached.value()?.value } }
        async let patient = cached.value()
        try await source.waitUntilAsked()
        for task in impatient { task.cancel() }
        for task in impatient { #expect(await task.value == nil) }
        source.release()
        #expect(await patient?.value == 1)
        #expect(source.count == 1)
    }

    @Test func `a caller that is already cancelled does not wait`() async throws {
        let source = Source()
        source.hold()
        let cached = Self.cached(source)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await cached.value()?.value
        }
        task.cancel()
        #expect(await task.value == nil)
        source.release()
    }

    @Test func `a fetch that does not end is abandoned, and the next one is allowed`() async throws {
        let source = Source()
        source.hold()
        let cached = Self.cached(source, deadline: 0.02)
        #expect(await cached.value() == nil)
        while cached.lastError == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(cached.lastError == "nothing was fetched within 0.06 s")
        source.time.pass(1)
        let again = Task { await cached.value(until: Deadline(in: Self.long)) }
        try await source.waitUntilAsked(2)
        // The answer of the first fetch comes too late to be used.
        source.answer(.success(2))
        source.release()
        #expect(await again.value?.value == 2)
    }

    @Test func `pauses start at the end of a fetch`() async throws {
        let source = Source()
        source.hold()
        source.answer(.failure(FetchError("down")))
        let cached = Self.cached(source)
        async let first = cached.value()
        try await source.waitUntilAsked()
        source.time.pass(5)
        source.release()
        #expect(await first == nil)
        source.time.pass(0.9)
        #expect(await cached.value() == nil)
        #expect(source.count == 1, "less than a second has gone by since the answer")
        #expect(cached.retryAfter() == 1)
        source.time.pass(0.1)
        source.answer(.success(1))
        source.hold()
        async let second = cached.value()
        try await source.waitUntilAsked(2)
        source.time.pass(20)
        source.release()
        let entry = await second
        #expect(entry?.value == 1)
        source.time.pass(29)
        await cached.refresh()
        #expect(source.count == 2, "the cool-down began when the answer came")
        source.time.pass(1)
        await cached.refresh()
        #expect(source.count == 3)
    }

    @Test func `the age of a value counts from the beginning of its fetch`() async throws {
        let source = Source()
        source.hold()
        let cached = Self.cached(source)
        async let first = cached.value()
        try await source.waitUntilAsked()
        source.time.pass(599)
        source.release()
        #expect(await first?.value == 1)
        #expect(cached.fresh() != nil)
        source.time.pass(1)
        #expect(cached.fresh() == nil)
    }

    @Test func `a caller that joins a fetch late still has its full deadline`() async throws {
        let source = Source()
        source.hold()
        let cached = Self.cached(source, deadline: 0.4)
        async let early = cached.value(until: Deadline(in: 0.1))
        #expect(await early == nil)
        async let late = cached.value(until: Deadline(in: Self.long))
        source.release()
        #expect(await late?.value == 1)
    }

    @Test func `an error of another type is reported without its text`() async {
        struct Secretive: Error { let secret = "s3cret" }
        let cached = CachedFetch<Int>(clock: TestTime().clock) { _ in throw Secretive() }
        #expect(await cached.value() == nil)
        #expect(cached.lastError?.contains("s3cret") == false)
    }

    @Test func `calls with the same key share one flight, and flights are limited in number and bytes`() async throws {
        let source = Source()
        source.hold()
        let flights = SingleFlight<String, Int>(most: 3, bytes: 100)
        let make: @Sendable () async -> Int = { (try? await source.fetch()) ?? 0 }
        func ask(_ key: String, _ bytes: Int) -> Task<Int?, Never> {
            Task {
                switch await flights.value(for: key, bytes: bytes, until: Deadline(in: Self.long), make) {
                case .landed(let value): value
                case .late: nil
                case .full: -1
                }
            }
        }
        let shared = (0..<20).map { _ in ask("a", 60) }
        try await source.waitUntilAsked()
        #expect(await ask("b", 41).value == -1, "60 + 41 bytes are too many")
        let others = [ask("c", 20), ask("d", 20)]
        try await source.waitUntilAsked(3)
        #expect(await ask("e", 0).value == -1, "three are under way")
        source.release()
        for task in shared + others { #expect(await task.value == 1) }
        #expect(source.count == 3)
        #expect(await ask("e", 100).value == 1, "all is free again")
    }
}
