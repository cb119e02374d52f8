// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import CoreMetrics
import Foundation
import Logging
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthServer
import Testing

/// The decision log, the metrics and the log lines of `mcp-auth serve`.
struct ObservabilityTests {
    private static func record(_ seconds: Double = 0, isAllowed: Bool = false) -> DecisionRecord {
        let denial = Denial(.noCredentials, status: 401)
        let time = NumericDate(1_795_816_000 + seconds)
        return DecisionRecord(
            id: DecisionID(time),
            time: time,
            decision: isAllowed ? .allow(nil) : .deny(denial)
        )
    }

    private static func path() -> String { NSTemporaryDirectory() + "decisions-\(UUID().uuidString)" }

    private static func lines(_ path: String) -> [JSON] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    private static func run(
        _ settings: DecisionLogSettings,
        events: Lock<[EngineEvent]> = Lock([]),
        _ body: (DecisionLog) async throws -> Void
    ) async throws {
        let log = try DecisionLog(settings) { event in events.withLock { $0.append(event) } }
        let running = Task { try await log.run() }
        try await body(log)
        running.cancel()
        try await running.value
    }

    @Test func `the last decisions are written when the server ends`() async throws {
        let path = Self.path()
        try await Self.run(DecisionLogSettings(file: path)) { log in
            for second in 0..<50 { log.take(Self.record(Double(second))) }
        }
        let lines = Self.lines(path)
        #expect(lines.count == 50)
        #expect(lines.allSatisfy { $0["decision"] == "deny" && $0["reason"] == "no_credentials" })
        #expect(Set(lines.compactMap { $0["id"]?.string }).count == 50)
    }

    @Test(arguments: [(0.0, 0), (0.25, 25), (1.0, 100)])
    func `only allowed requests are left out, and evenly`(fraction: Double, written: Int) async throws {
        let path = Self.path()
        try await Self.run(DecisionLogSettings(file: path, allowedFraction: fraction)) { log in
            for _ in 0..<100 {
                log.take(Self.record(isAllowed: true))
                log.take(Self.record())
            }
        }
        let lines = Self.lines(path)
        #expect(lines.count { $0["decision"] == "deny" } == 100)
        #expect(lines.count { $0["decision"] == "allow" } == written)
    }

    @Test func `when the queue is full, allowed requests leave room for refused ones`() async throws {
        let path = Self.path()
        let settings = DecisionLogSettings(file: path, queue: 400)
        let log = try DecisionLog(settings) { _ in }
        for _ in 0..<1000 { log.take(Self.record(isAllowed: true)) }
        for _ in 0..<1000 { log.take(Self.record()) }
        #expect(log.waiting == 400)
        let running = Task { try await log.run() }
        while log.waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
        running.cancel()
        try await running.value
        let lines = Self.lines(path)
        #expect(lines.count { $0["decision"] == "allow" } == 200)
        #expect(lines.count { $0["decision"] == "deny" } == 200)
    }

    @Test func `a file that was moved away is created again`() async throws {
        let path = Self.path()
        try await Self.run(DecisionLogSettings(file: path)) { log in
            log.take(Self.record())
            while Self.lines(path).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            log.take(Self.record())
            while Self.lines(path).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(Self.lines(path).count == 1 && Self.lines(path + ".1").count == 1)
    }

    @Test func `a link or a directory is not written to`() throws {
        let path = Self.path()
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".target")
        for path in [path, NSTemporaryDirectory(), "/nowhere/decisions"] {
            #expect(throws: ConfigurationError.self) { try DecisionLog(DecisionLogSettings(file: path)) { _ in } }
        }
    }

    @Test func `each line of a decision has what the schema allows, and no more`() throws {
        let known = Set(DecisionRecord.grammar.keys)
        for record in [Self.record(), Self.record(isAllowed: true)] {
            let members = try #require(record.json.members)
            #expect(Set(members.keys).isSubset(of: known))
            #expect(["id", "time", "decision"].allSatisfy { members[$0] != nil })
        }
        #expect(Self.record().json["time"] == "2026-11-27T21:46:40.000Z")
    }

    @Test func `metrics are text that Prometheus reads`() {
        let metrics = PrometheusMetrics()
        metrics.makeCounter(label: "mcpauth_decisions_total", dimensions: [("reason", "a\"b\\c\nd"), ("door", "x")])
            .increment(by: 3)
        metrics.makeTimer(label: "mcpauth_decision_seconds", dimensions: []).recordNanoseconds(2_000_000)
        metrics.makeMeter(label: "odd name", dimensions: []).set(1.5)
        let text = metrics.text(adding: [.init(.cacheEntries, 7)])
        #expect(text.contains("# TYPE mcpauth_decisions_total counter\n"))
        #expect(text.contains(#"mcpauth_decisions_total{door="x",reason="a\"b\\c\nd"} 3"# + "\n"))
        #expect(text.contains("# TYPE mcpauth_decision_seconds histogram\n"))
        #expect(text.contains("mcpauth_decision_seconds_bucket{le=\"0.001\"} 0\n"))
        #expect(text.contains("mcpauth_decision_seconds_bucket{le=\"0.0025\"} 1\n"))
        #expect(text.contains("mcpauth_decision_seconds_bucket{le=\"+Inf\"} 1\n"))
        #expect(text.contains("mcpauth_decision_seconds_count 1\n"))
        #expect(text.contains("odd_name 1.5\n"))
        #expect(text.contains("mcpauth_token_cache_entries 7\n"))
        let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(Set(names).count == names.count)
    }

    @Test func `labels without number cannot fill the memory`() {
        let metrics = PrometheusMetrics()
        for index in 0..<(PrometheusMetrics.mostSeries + 50) {
            metrics.makeCounter(label: "c", dimensions: [("n", "\(index)")]).increment(by: 1)
        }
        #expect(metrics.text().contains("mcpauth_metric_series_dropped_total 50\n"))
    }

    @Test func `a log line is one JSON object with stable keys`() throws {
        let written = Lock<[[UInt8]]>([])
        var logger = Logger(label: "mcp-auth") { label in
            JSONLogHandler(label: label) { line in written.withLock { $0.append(line) } }
        }
        logger.logLevel = .info
        logger.warning("two\nlines \u{1B}", metadata: ["reason": "x", "level": "y"])
        logger.debug("not logged")
        let lines = written.withLock { $0 }
        #expect(lines.count == 1 && lines[0].last == UInt8(ascii: "\n") && lines[0].count { $0 == 10 } == 1)
        let line = try JSON(parsing: Array(lines[0].dropLast()))
        #expect(line["level"] == "warning" && line["message"] == "two\nlines \u{1B}" && line["logger"] == "mcp-auth")
        #expect(line["reason"] == "x" && line["meta.level"] == "y")
    }
}
#endif
