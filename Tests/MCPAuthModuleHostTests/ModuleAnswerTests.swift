// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// Modules that answer after `verify` has returned, from threads of their own or never.
@Suite(.timeLimit(.minutes(2))) struct ModuleAnswerTests {
    /// Starts a thread that accepts the call after some milliseconds.
    private static let later = #"""
        #include <pthread.h>
        typedef struct { const mcp_auth_host *host; uint64_t call; int milliseconds; int times; } order;
        static void *run_order(void *argument) {
            order *mine = argument;
            usleep(mine->milliseconds * 1000);
            for (int i = 0; i < mine->times; i++) {
                mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":1795425600}");
                mine->host->complete(mine->host, mine->call, &verdict);
            }
            free(mine);
            return NULL;
        }
        static inline void accept_later(const mcp_auth_host *host, uint64_t call, int milliseconds, int times) {
            order *mine = malloc(sizeof *mine);
            *mine = (order){ host, call, milliseconds, times };
            pthread_t thread;
            pthread_create(&thread, NULL, run_order, mine);
            pthread_detach(thread);
        }
        """#

    private static func limits(seconds: Double = 60) -> ModuleLimits {
        var limits = ModuleLimits()
        limits.callSeconds = seconds
        return limits
    }

    @Test(arguments: ["0", Modules.reentrant, Modules.pure])
    func `a verdict may come from another thread after verify has returned`(flags: String) async throws {
        let verifier = try Modules.verifier(
            body: "accept_later(the_host, call, 20, 3);",
            flags: flags,
            functions: Self.later
        )
        for _ in 0..<30 { #expect(await verifier.ask().word == "verified") }
    }

    @Test func `a module that never answers is unavailable at the deadline, and is told so once`() async throws {
        let gate = try Gate()
        let events = Events()
        let path = try Modules.compile(
            change: ".flags = \(Modules.reentrant), .cancel = cancel",
            schema: Gate.schema,
            destroy: #"note(the_host, "journal", "destroyed");"#,
            functions: #"""
                static inline void note(const mcp_auth_host *host, const char *name, const char *line);
                static void cancel(void *instance, uint64_t call) { (void)call; note(instance, "journal", "cancelled"); }
                """#
        )
        var verifier: HostedVerifier? = try Modules.verifier(
            try Modules.library(path),
            gate.configuration,
            limits: Self.limits(seconds: 0.05),
            events: events
        )
        #expect(await verifier?.ask().word == "unavailable")
        try await gate.waitForLines(1)
        verifier = nil
        try await gate.waitForLines(2)
        #expect(gate.lines == ["cancelled", "destroyed"])
        #expect(events.all.map(\.message) == ["the module `test` did not answer within 0.05 s"])
    }

    @Test func `verdicts after the deadline, and after destroy, have no effect`() async throws {
        let events = Events()
        var verifier: HostedVerifier? = try Modules.verifier(
            body: "accept_later(the_host, call, 150, 50);",
            flags: Modules.reentrant,
            functions: Self.later,
            limits: Self.limits(seconds: 0.05),
            events: events
        )
        #expect(await verifier?.ask().word == "unavailable")
        verifier = nil
        try await Task.sleep(for: .milliseconds(300))
        #expect(events.all.map(\.message) == ["the module `test` did not answer within 0.05 s"])
    }

    @Test func `a module that is not reentrant is never entered by two threads`() async throws {
        let body = #"""
            static int inside;
            int now_inside = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
            usleep(500);
            __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
            answer(call, now_inside == 1 ? MCP_AUTH_VERDICT_NOT_MINE : MCP_AUTH_VERDICT_REJECT, "");
            """#
        for (flags, isAlone) in [("0", true), ("MCP_AUTH_VERIFIER_PURE", true), (Modules.reentrant, false)] {
            let verifier = try Modules.verifier(body: body + "/* \(flags) */", flags: flags)
            let words = await withTaskGroup(of: String.self) { group in
                for _ in 0..<64 { group.addTask { await verifier.ask().word } }
                return await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect((words == ["not mine"]) == isAlone, "\(flags): \(words)")
        }
    }

    @Test func `a thousand calls may wait for their verdicts without a thread each`() async throws {
        // One thread of the module completes all calls, 100 ms after each began.
        let functions = #"""
            #include <pthread.h>
            #include <time.h>
            static struct { const mcp_auth_host *host; uint64_t call; double end; } orders[2000];
            static int taken, given;
            static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
            static double clock_now(void) {
                struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9;
            }
            static void *complete_all(void *unused) {
                (void)unused;
                for (;;) {
                    pthread_mutex_lock(&lock);
                    while (taken < given && orders[taken].end <= clock_now()) {
                        mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_NOT_MINE, "");
                        orders[taken].host->complete(orders[taken].host, orders[taken].call, &verdict);
                        taken++;
                    }
                    pthread_mutex_unlock(&lock);
                    usleep(1000);
                }
                return NULL;
            }
            """#
        let body = #"""
            pthread_mutex_lock(&lock);
            if (given == 0) { pthread_t thread; pthread_create(&thread, NULL, complete_all, NULL); }
            orders[given].host = the_host; orders[given].call = call; orders[given].end = clock_now() + 0.1;
            given++;
            pthread_mutex_unlock(&lock);
            """#
        let verifier = try Modules.verifier(body: body, flags: Modules.reentrant, functions: functions)
        let before = Self.threads
        let most = Lock(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { #expect(await verifier.ask().word == "not mine") } }
            for _ in 0..<20 {
                try? await Task.sleep(for: .milliseconds(5))
                most.withLock { $0 = max($0, Self.threads) }
            }
        }
        // The pool, the watch for deadlines, the thread of the module, and what other tests started meanwhile.
        #expect(most.withLock { $0 } - before <= 8 + 2 + 8, "\(before) -> \(most.withLock { $0 })")
    }

    /// The threads of this process.
    private static var threads: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
    }

    @Test func `a pure module that blocks does not block the threads of requests`() async throws {
        let gate = try Gate()
        let body = #"""
            static int calls;
            if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) > 8) wait_for(the_host, "gate");
            answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        let library = try Modules.library(try Modules.compile(schema: Gate.schema, body: body))
        let verifier = try Modules.verifier(library, gate.configuration, limits: Self.limits(seconds: 0.2))
        for _ in 0..<8 { #expect(await verifier.ask().word == "not mine") }
        let start = MonotonicTime.now
        #expect(await verifier.ask().word == "unavailable")
        #expect(start.duration(to: .now) < 5)
        gate.open()
    }

    @Test(arguments: [Modules.pure, Modules.reentrant, "0"])
    func `a module that was quick and then blocks holds no request beyond its deadline`(flags: String) async throws {
        let gate = try Gate()
        let body = #"""
            if (request->token.length == 2) wait_for(the_host, "gate");
            answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        let path = try Modules.compile(change: ".flags = \(flags)", schema: Gate.schema, body: body)
        let limits = Self.limits(seconds: 0.1)
        let verifier = try Modules.verifier(try Modules.library(path), gate.configuration, limits: limits)
        for _ in 0..<(ModuleQuickness.needed * 4) { #expect(await verifier.ask([1]).word == "not mine") }
        // On the thread of the request, this call would not return before the gate opens.
        #expect(await verifier.ask([1, 2]).word == "unavailable")
        gate.open()
    }

    @Test func `a pure module that breaks its deadline once runs on no thread of a request again`() async throws {
        let gate = try Gate()
        let events = Events()
        let body = #"""
            static int calls;
            int count = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
            if (count == 17) usleep(400000);
            if (count > 60) wait_for(the_host, "gate");
            answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        let library = try Modules.library(try Modules.compile(schema: Gate.schema, body: body))
        var limits = Self.limits(seconds: 0.2)
        limits.usesRequestThread = true
        let verifier = try Modules.verifier(library, gate.configuration, limits: limits, events: events)
        for _ in 0..<16 { #expect(await verifier.ask().word == "not mine") }
        #expect(await verifier.ask().word == "unavailable")
        // In a process of its own, that call still blocks the thread that receives the next one.
        try await Task.sleep(for: .milliseconds(400))
        for _ in 0..<43 { #expect(await verifier.ask().word == "not mine") }
        // On the thread of the request, this call would not return before the gate opens.
        #expect(await verifier.ask().word == "unavailable")
        gate.open()
        #expect(events.all.filter { $0.message.contains("no other call runs on the thread of a request") }.count == 1)
    }
}
