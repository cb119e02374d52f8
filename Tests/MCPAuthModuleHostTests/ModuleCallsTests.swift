// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// Slow modules: each delays only its own calls, and those only until their deadline.
@Suite(.timeLimit(.minutes(2))) struct ModuleCallsTests {
    /// Writes that it was entered, waits for the gate, accepts, and writes that it returns.
    private static let waiting = #"""
        note(the_host, "journal", "in");
        wait_for(the_host, "gate");
        long long time = the_host->now_unix_s(the_host, call);
        answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":1795425600}");
        note(the_host, "journal", time == 1795425000 ? "open" : "ended");
        """#

    private static func verifier(
        _ gate: Gate,
        body: String = waiting,
        limits: ModuleLimits = ModuleLimits(),
        events: Events = Events()
    ) throws -> HostedVerifier {
        let destroy = #"note(the_host, "journal", "destroyed");"#
        let library = try Modules.library(try Modules.compile(schema: Gate.schema, body: body, destroy: destroy))
        return try Modules.verifier(library, gate.configuration, limits: limits, events: events)
    }

    private static func limits(threads: Int = 8, waiting: Int = 256, seconds: Double = 60) -> ModuleLimits {
        var limits = ModuleLimits()
        limits.threads = threads
        limits.waitingCalls = waiting
        limits.callSeconds = seconds
        return limits
    }

    @Test func `a module that blocks does not block threads outside the module`() async throws {
        let gate = try Gate()
        let verifier = try Self.verifier(gate, limits: Self.limits(threads: 64))
        let words = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<64 { group.addTask { await verifier.ask().word } }
            // All calls are inside the module, and this task and its sleep still run.
            try await gate.waitForLines(64)
            #expect(try await Modules.hmacVerifier().ask(Array("x".utf8)).word == "not mine")
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(words == Array(repeating: "verified", count: 64))
    }

    @Test func `a verdict that comes after the deadline does not count, also on the thread of the request`()
        async throws
    {
        var limits = ModuleLimits()
        limits.callSeconds = 0.1
        limits.usesRequestThread = true
        let body = #"""
            if (request->token.length == 2) usleep(200000);
            answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":9999999999}");
            """#
        let events = Events()
        let verifier = try Modules.verifier(body: body, limits: limits, events: events)
        for _ in 0..<40 { #expect(await verifier.ask([1]).word == "verified") }
        #expect(await verifier.ask([1, 2]).word == "unavailable")
        let faults = events.all.filter { $0.code == .moduleFailed }
        #expect(faults.map(\.message) == ["the module `test` did not answer within 0.1 s"])
        // In a process of its own, the call still blocks the thread that receives the next one.
        var words: [String] = []
        while words.last != "verified", words.count < 50 { words.append(await verifier.ask([1]).word) }
        #expect(words.last == "verified")
    }

    @Test(arguments: [Modules.pure, Modules.reentrant]) func `a second verdict for a call is ignored, and told once`(
        flags: String
    ) async throws {
        let events = Events()
        let body = #"""
            answer(call, MCP_AUTH_VERDICT_REJECT, "");
            answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":9999999999}");
            """#
        let verifier = try Modules.verifier(body: body, flags: flags, events: events)
        for _ in 0..<20 { #expect(await verifier.ask([1]).word == "rejected rejected_by_module") }
        #expect(events.all.map(\.message) == ["test: `complete` was called twice for a call; the first verdict counts"])
    }

    @Test func `an answer after the deadline is ignored, and the event names the module`() async throws {
        let gate = try Gate()
        let events = Events()
        let verifier = try Self.verifier(gate, limits: Self.limits(seconds: 0.05), events: events)
        #expect(await verifier.ask().word == "unavailable")
        #expect(
            events.all.map(\.description) == ["module_failed: the module `test` did not answer within 0.05 s"]
        )
        #expect(gate.lines == ["in"])
        gate.open()
        try await gate.waitForLines(2)
        #expect(gate.lines == ["in", "ended"])
        #expect(events.all.count == 1)
    }

    @Test func `an answer counts even if the module does not return`() async throws {
        let gate = try Gate()
        let body = #"""
            answer(call, MCP_AUTH_VERDICT_REJECT, "");
            wait_for(the_host, "gate");
            note(the_host, "journal", the_host->now_unix_s(the_host, call) == 1795425000 ? "open" : "ended");
            """#
        let verifier = try Self.verifier(gate, body: body)
        #expect(await verifier.ask().word == "rejected rejected_by_module")
        gate.open()
        try await gate.waitForLines(1)
        #expect(gate.lines == ["ended"])
    }

    @Test func `calls beyond the limit of waiting calls are refused at once, and others are answered`() async throws {
        let gate = try Gate()
        let events = Events()
        let verifier = try Self.verifier(gate, limits: Self.limits(threads: 2, waiting: 3), events: events)
        let words = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<9 { group.addTask { await verifier.ask().word } }
            // The four that find no place in the queue return while the gate is closed.
            var words: [String] = []
            for _ in 0..<4 { words.append(try #require(await group.next())) }
            #expect(words == Array(repeating: "unavailable", count: 4))
            try await gate.waitForLines(2)
            try await Task.sleep(for: .milliseconds(50))
            #expect(gate.lines.count == 2)
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(words == Array(repeating: "verified", count: 5))
        let messages = events.all.map(\.description)
        #expect(
            messages
                == Array(repeating: "module_failed: the module `test` has too many calls without a verdict", count: 4)
        )
    }

    @Test func `a call that waits for a thread has the same deadline, and never starts after it`() async throws {
        let gate = try Gate()
        let verifier = try Self.verifier(gate, limits: Self.limits(threads: 1, seconds: 0.1))
        let words = await withTaskGroup(of: String.self) { group in
            for _ in 0..<5 { group.addTask { await verifier.ask().word } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(words == Array(repeating: "unavailable", count: 5))
        gate.open()
        // The thread takes this call only after it has finished everything before it.
        #expect(await Self.eventually { await verifier.ask().word == "verified" })
        #expect(gate.lines.filter { $0 == "ended" }.count == 1)
    }

    @Test func `a call that times out in the queue leaves its place`() async throws {
        let gate = try Gate()
        let events = Events()
        let limits = Self.limits(threads: 1, waiting: 1, seconds: 0.05)
        let verifier = try Self.verifier(gate, limits: limits, events: events)
        for _ in 0..<4 { #expect(await verifier.ask().word == "unavailable") }
        #expect(Set(events.all.map(\.message)) == ["the module `test` did not answer within 0.05 s"])
        gate.open()
    }

    @Test func `the default limits are those documented for module authors`() {
        let limits = ModuleLimits()
        #expect(limits.threads == 8 && limits.waitingCalls == 1024 && limits.openCalls == 2048)
        #expect(limits.callSeconds == 5 && limits.setupSeconds == 30)
    }

    @Test func `a cancelled request stops waiting, in the queue or in the module`() async throws {
        let gate = try Gate()
        let events = Events()
        let verifier = try Self.verifier(gate, limits: Self.limits(threads: 1, waiting: 1), events: events)
        let inModule = Task { await verifier.ask().word }
        try await gate.waitForLines(1)
        let words = await withTaskGroup(of: String.self) { group in
            for _ in 0..<2 { group.addTask { await verifier.ask().word } }
            // One call finds the queue full, so the other one is in the queue.
            let first = await group.next()
            group.cancelAll()
            return [first, await group.next()]
        }
        #expect(words == ["unavailable", "unavailable"])
        // The queue has room again.
        let again = Task { await verifier.ask().word }
        inModule.cancel()
        #expect(await inModule.value == "unavailable")
        gate.open()
        #expect(await again.value == "verified")
        #expect(gate.lines.first { $0 == "ended" } != nil)
        let refused = events.all.map(\.description).filter { !$0.hasSuffix("has too many calls without a verdict") }
        #expect(refused == [], "to give up is no fault of the module")
    }

    @Test func `a request that is cancelled before its call gets the verdict unavailable`() async throws {
        let gate = try Gate()
        let verifier = try Self.verifier(gate)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await verifier.ask().word
        }
        task.cancel()
        #expect(await task.value == "unavailable")
        gate.open()
    }

    @Test func `an instance is destroyed once, after the last call returned`() async throws {
        let gate = try Gate()
        var verifier: HostedVerifier? = try Self.verifier(gate, limits: Self.limits(seconds: 0.05))
        #expect(await verifier?.ask().word == "unavailable")
        verifier = nil
        #expect(gate.lines == ["in"])
        gate.open()
        try await gate.waitForLines(3)
        #expect(gate.lines == ["in", "ended", "destroyed"])
    }

    @Test func `a call after the idle time of the threads is answered`() async throws {
        var limits = Self.limits()
        limits.idleSeconds = 0.01
        let verifier = try Modules.verifier(body: #"answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");"#, limits: limits)
        for _ in 0..<5 {
            #expect(await verifier.ask().word == "not mine")
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    @Test func `many calls at once each get their own answer`() async throws {
        let body = #"""
            char claims[64];
            snprintf(claims, sizeof claims, "{\"sub\":\"%.*s\",\"exp\":1795425600}", (int)request->token.length, request->token.data);
            answer(call, MCP_AUTH_VERDICT_ACCEPT, claims);
            """#
        let verifier = try Modules.verifier(body: body, limits: Self.limits(waiting: 2000))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    guard case .verified(let evidence) = await verifier.ask(Array("t\(number)".utf8)) else {
                        Issue.record("not accepted")
                        return
                    }
                    #expect(evidence.document.root["sub"]?.string == "t\(number)")
                }
            }
        }
    }

    @Test func `a call ends only once, and its deadline does not depend on the wall clock`() async throws {
        let calls = ModuleCalls(seconds: 0.05, most: 1)
        let ends = Lock<[String]>([])
        let call = try #require(calls.open(now: NumericDate(.infinity)))
        #expect(calls.open(now: NumericDate(0)) == nil)
        call.whenEnded { end in if case .fault(let fault) = end { ends.withLock { $0.append("\(fault)") } } }
        #expect(calls.now(call.number) == ModuleCalls.everythingHasExpired)
        #expect(await Self.eventually { calls.call(call.number) == nil })
        calls.end(call.number, .abandoned)
        call.finish(.abandoned)
        #expect(await Self.eventually { ends.withLock { $0 } == ["did not answer within 0.05 s"] })
        #expect(calls.reserve() == call.number + 1)
    }

    private static func eventually(_ condition: () async -> Bool) async -> Bool {
        for _ in 0..<2000 {
            if await condition() { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}
