// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// Modules in processes of their own: whatever such a process does, it widens no access, holds no request beyond its
/// deadline, and is replaced.
@Suite(.timeLimit(.minutes(2))) struct IsolatedModuleTests {
    private static let good = Array("good".utf8)
    private static let bad = Array("bad".utf8)
    private static let accept = #"answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":9999999999}");"#

    /// A verifier that accepts every token, and does this for the token `bad` before.
    private static func verifier(
        _ body: String,
        create: String = "",
        functions: String = "",
        flags: String = Modules.pure,
        configuration: JSON = [:],
        limits: ModuleLimits = ModuleLimits(),
        events: Events = Events()
    ) throws -> HostedVerifier {
        let path = try Modules.compile(
            change: ".flags = \(flags)",
            schema: Gate.schema,
            body: "if (request->token.length == 3) { \(body) }\n\(accept)",
            create: create,
            functions: "#include <sys/socket.h>\n" + functions
        )
        let library = try Modules.library(path, isolated: true)
        return try Modules.verifier(library, configuration, limits: limits, events: events)
    }

    /// Asks until the token is verified, as a caller would after 503.
    private static func isVerifiedAgain(_ verifier: HostedVerifier, tries: Int = 500) async throws -> Bool {
        for _ in 0..<tries {
            if await verifier.ask(good).word == "verified" { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test(arguments: [
        // Under a sanitizer, its handler ends the process with an exit code.
        ("*(volatile int *)0 = 1;", "its process "),
        ("raise(SIGKILL);", "its process was ended by signal 9"),
        ("_exit(3);", "its process exited with code 3"),
        ("exit(0);", "its process exited with code "),
        ("kill(0, SIGTERM);", "its process was ended by signal 15"),
        ("close(3);", "its process "),
        ("shutdown(3, SHUT_RDWR); sleep(60);", "its process "),
        ("shutdown(3, SHUT_RD); sleep(60);", "its process "),
        (#"send(3, "hello, here is a module", 23, 0); sleep(60);"#, "it sent something that is not a message"),
        (#"send(3, "\xff\xff\xff\xff", 4, 0); sleep(60);"#, "it sent something that is not a message"),
        (#"send(3, "\x09\0\0\0\x01\0\0\0\0\0\0\0\0", 13, 0); sleep(60);"#, "it sent something that is not a message"),
        // Where this is slow, the process ends because the function does not return.
        (#"for (;;) the_host->log(the_host, 0, "flood", 5);"#, "it"),
        ("static char zeros[65536]; for (;;) send(3, zeros, sizeof zeros, 0);", "it sent something that is not a"),
        (
            #"if (fork() == 0) { answer(call, MCP_AUTH_VERDICT_REJECT, ""); _exit(1); } usleep(50000); raise(SIGKILL);"#,
            "its process was ended by signal 9"
        ),
    ])
    func `a process that dies or talks nonsense gives 503, and another one takes its place`(
        body: String,
        reason: String
    ) async throws {
        let events = Events()
        var limits = ModuleLimits()
        (limits.callSeconds, limits.hangSeconds) = (1, 1)
        let verifier = try Self.verifier(body, limits: limits, events: events)
        #expect(await verifier.ask(Self.good).word == "verified")
        let start = ContinuousClock.now
        let word = await verifier.ask(Self.bad).word
        // A process that forks may have both answer; the first answer counts.
        #expect(word == "unavailable" || (body.contains("fork") && word == "rejected rejected_by_module"))
        #expect(start.duration(to: .now) < .seconds(5))
        let line = "the module `test` has no process: \(reason)"
        var isNamed = false
        for _ in 0..<500 where !isNamed {
            isNamed = events.all.contains { $0.code == .moduleFailed && $0.message.hasPrefix(line) }
            // A process that hangs is noticed when it is asked.
            _ = await verifier.ask(Self.good)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(isNamed, "\(events.all.map(\.message).prefix(4))")
        #expect(try await Self.isVerifiedAgain(verifier))
    }

    @Test(arguments: [
        ("usleep(200000);", "verified"), ("sleep(10);", "unavailable"), ("raise(SIGKILL);", "unavailable"),
    ])
    func `a process that was quick and then is not holds no request beyond its deadline`(
        body: String,
        word: String
    ) async throws {
        var limits = ModuleLimits()
        limits.callSeconds = 1
        let verifier = try Self.verifier(body, limits: limits)
        // From then on, the thread of a request looks for the answer itself before it waits.
        for _ in 0..<ModuleQuickness.needed * 4 { #expect(await verifier.ask(Self.good).word == "verified") }
        let start = ContinuousClock.now
        #expect(await verifier.ask(Self.bad).word == word)
        #expect(start.duration(to: .now) < .seconds(5))
        #expect(try await Self.isVerifiedAgain(verifier, tries: 3000))
    }

    @Test func `all calls that wait when a process dies end at once`() async throws {
        let gate = try Gate()
        let verifier = try Self.verifier(
            #"note(the_host, "journal", "in"); wait_for(the_host, "gate"); raise(SIGKILL);"#,
            configuration: gate.configuration
        )
        let words = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { await verifier.ask(Self.bad).word } }
            try await gate.waitForLines(8)
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(words == Array(repeating: "unavailable", count: 8))
    }

    @Test(arguments: ["raise(SIGSTOP);", "for (;;) {}", "setpgid(0, getpgid(getppid())); raise(SIGSTOP);"])
    func `a process that stops or hangs is replaced`(body: String) async throws {
        var limits = ModuleLimits()
        (limits.callSeconds, limits.hangSeconds) = (0.5, 1)
        let events = Events()
        let gate = try Gate()
        let first =
            #"if (access(path_of(the_host, "journal"), F_OK) != 0) { note(the_host, "journal", "x"); \#(body) }"#
        let verifier = try Self.verifier(
            first,
            flags: "0",
            configuration: gate.configuration,
            limits: limits,
            events: events
        )
        #expect(await verifier.ask(Self.bad).word == "unavailable")
        // Fewer than would fill the connection of a process that reads nothing.
        #expect(try await Self.isVerifiedAgain(verifier, tries: 80))
        #expect(events.all.contains { $0.message.hasPrefix("the module `test` has no process: ") })
    }

    @Test func `a process that always dies is started less and less often`() async throws {
        let events = Events()
        let verifier = try Self.verifier("raise(SIGKILL);", events: events)
        for _ in 0..<3 {
            _ = await verifier.ask(Self.bad)
            #expect(try await Self.isVerifiedAgain(verifier))
        }
        let pauses = events.all.compactMap { $0.message.components(separatedBy: "the next start is in ").last }
        #expect(pauses.filter { $0.hasSuffix(" seconds") } == ["0.2 seconds", "0.4 seconds", "0.8 seconds"])
    }

    @Test func `a library that ends its process when it is loaded is refused`() throws {
        let path = try Modules.compile(
            functions: "__attribute__((constructor)) static void start(void) { raise(SIGKILL); }"
        )
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path, isolated: true) }
        #expect(error?.message.hasSuffix("is refused: its process was ended by signal 9") == true)
    }

    @Test func `a create that ends its process is refused`() throws {
        let library = try Modules.library(try Modules.compile(create: "raise(SIGKILL);"), isolated: true)
        let error = #expect(throws: ConfigurationError.self) { try Modules.verifier(library) }
        let message = "the module `test` cannot be configured: its process was ended by signal 9"
        #expect(error?.message == message)
    }

    @Test func `a library that was changed after the check is not started`() async throws {
        let path = try Modules.compile(body: Self.accept)
        let library = try Modules.library(path, isolated: true)
        let other = try Modules.compile(body: Self.accept + "/* other */", options: ["-DOTHER", "-O1"])
        try Data(contentsOf: URL(fileURLWithPath: other)).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: (any Error).self) { try Modules.verifier(library) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("not the pinned"))
    }

    @Test func `the process inherits no secret of the environment and no descriptor`() async throws {
        setenv("MCPAUTH_TEST_SECRET", "hidden", 1)
        let descriptor = open("/etc/hostname", O_RDONLY)
        defer { close(descriptor) }
        let create = """
            char target[64] = "", name[32] = "";
            snprintf(name, sizeof name, "/proc/self/fd/%d", \(descriptor));
            int inherited = readlink(name, target, sizeof target - 1) > 0 && strstr(target, "hostname") != NULL;
            note(host, "journal", getenv("MCPAUTH_TEST_SECRET") == NULL ? "no variable" : "variable");
            note(host, "journal", inherited ? "descriptor" : "no descriptor");
            """
        let gate = try Gate()
        let verifier = try Self.verifier("", create: create, configuration: gate.configuration)
        #expect(await verifier.ask(Self.good).word == "verified")
        #expect(gate.lines == ["no variable", "no descriptor"])
    }

    @Test func `many calls with long tokens get their own answers`() async throws {
        let body = #"""
            char claims[128];
            snprintf(claims, sizeof claims, "{\"sub\":\"%.8s\",\"exp\":9999999999}", request->token.data);
            answer(call, MCP_AUTH_VERDICT_ACCEPT, claims);
            return;
            """#
        let path = try Modules.compile(body: body)
        let verifier = try Modules.verifier(try Modules.library(path, isolated: true))
        let wrong = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let name = String(10_000_000 + index)
                    let token = Array(name.utf8) + Array(repeating: UInt8(ascii: "x"), count: 20_000)
                    guard case .verified(let evidence) = await verifier.ask(token) else { return true }
                    return evidence.document.root["sub"]?.string != name
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wrong == 0)
    }

    @Test func `an instance that is released while its process starts again leaves no process`() async throws {
        let before = Self.children()
        let gate = try Gate()
        let create = """
            if (access(path_of(host, "journal"), F_OK) == 0) { note(host, "journal", "again"); wait_for(host, "gate"); }
            note(host, "journal", "created");
            """
        var verifier: HostedVerifier? = try Self.verifier(
            "raise(SIGKILL);",
            create: create,
            configuration: gate.configuration
        )
        _ = await verifier?.ask(Self.bad)
        try await gate.waitForLines(2)
        verifier = nil
        for _ in 0..<1000 where !Self.children().isSubset(of: before) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(Self.children().isSubset(of: before))
        #expect(gate.lines == ["created", "again"])
    }

    @Test func `processes end with their instances`() async throws {
        let before = Self.children()
        let gate = try Gate()
        let path = try Modules.compile(schema: Gate.schema, destroy: #"note(the_host, "journal", "destroyed");"#)
        let library = try Modules.library(path, isolated: true)
        for _ in 0..<8 { _ = try Modules.verifier(library, gate.configuration) }
        try await gate.waitForLines(8)
        for _ in 0..<500 where !Self.children().isSubset(of: before) { try await Task.sleep(for: .milliseconds(10)) }
        #expect(Self.children().isSubset(of: before))
    }

    /// The processes of modules that this process started and did not reap.
    private static func children() -> Set<String> {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        let numbers = tasks.flatMap { task in
            let list = FileManager.default.contents(atPath: "/proc/self/task/\(task)/children") ?? Data()
            return String(decoding: list, as: UTF8.self).split(separator: " ").map(String.init)
        }
        return Set(numbers)
    }

    // MARK: Transformers

    private static func transformer(_ body: String, _ events: Events) throws -> HostedTransformer {
        let path = try HostedTransformerTests.module(body)
        let component = try Modules.library(path, isolated: true).component(.transformer, named: nil)
        var limits = ModuleLimits()
        limits.transformSeconds = 0.2
        return try HostedTransformer(
            name: "test",
            configuration: ModuleConfiguration([:], of: component) { $0 },
            limits: limits,
            secrets: [:],
            onEvent: events.add
        )
    }

    @Test(arguments: ["raise(SIGKILL);", "sleep(60);"])
    func `a transformer whose process dies or blocks refuses the token, and is replaced`(body: String) async throws {
        let events = Events()
        let transformer = try Self.transformer(
            """
            if (claims->claims_json.length > 2) { \(body) }
            give(result, claims->claims_json);
            return 0;
            """,
            events
        )
        #expect(try transformer.transform([:], of: "https://i.example").isEmpty)
        #expect(throws: (any Error).self) { try transformer.transform(["a": 1], of: "https://i.example") }
        var isBack = false
        for _ in 0..<200 where !isBack {
            isBack = (try? transformer.transform([:], of: "https://i.example")) != nil
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(isBack)
    }
}
