// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthServer
import MCPAuthTesting
import TestSupport
import Testing
import Tracing

/// The export of spans to a collector.
struct SpanExporterTests {
    private static let endpoint = "http://127.0.0.1:4318/v1/traces"

    /// An exporter that runs, its collector, and what it reported.
    private struct Export {
        let collector = FixtureFetcher([SpanExporterTests.endpoint: Array("{}".utf8)])
        let metrics = PrometheusMetrics()
        let events = Lock<[EngineEvent]>([])
        let exporter: SpanExporter
        let tracer: OTLPTracer

        init(interval: Double = 0.02) throws {
            var timing = SpanExporter.Timing()
            (timing.interval, timing.firstPause, timing.longestPause, timing.lastDeadline) = (interval, 0.05, 0.1, 2)
            exporter = SpanExporter(
                TracingSettings(try #require(HTTPURL(SpanExporterTests.endpoint))),
                fetcher: collector,
                timing: timing,
                metrics: metrics,
                onEvent: { [events] event in events.withLock { $0.append(event) } }
            )
            tracer = OTLPTracer(onEnd: exporter.take)
        }

        func make(_ count: Int) {
            for _ in 0..<count { tracer.startSpan("x", context: .topLevel, ofKind: .server).end() }
        }

        func running(_ body: () async throws -> Void) async throws {
            let running = Task { try await exporter.run() }
            defer { running.cancel() }
            try await body()
            running.cancel()
            try await running.value
        }

        /// The number of spans in each request.
        var sent: [Int] { collector.received.map { SpanExporterTests.spans($0.form ?? []).count } }
        var dropped: String? {
            metrics.text().split(separator: "\n").first { $0.hasPrefix("mcpauth_spans_dropped_total ") }
                .map { String($0.dropFirst("mcpauth_spans_dropped_total ".count)) }
        }
        var messages: [String] { events.withLock { $0.map(\.message) } }

        func answer(_ status: Int, _ body: String = "{}") {
            collector.serve(Array(body.utf8), at: SpanExporterTests.endpoint, status: status)
        }
    }

    private static func spans(_ body: [UInt8]) -> [JSON] {
        let group = try? JSON(parsing: body)["resourceSpans"]?.elements?.first
        return group?["scopeSpans"]?.elements?.first?["spans"]?.elements ?? []
    }

    /// Waits until something is so, for at most 10 seconds.
    private static func until(_ isSo: () -> Bool) async throws {
        let end = ContinuousClock.now.advanced(by: .seconds(10))
        while !isSo() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func `the queue has a bound, and what it does not take is counted`() throws {
        let export = try Export()
        export.make(SpanExporter.mostWaiting + 7)
        #expect(export.exporter.waiting == 2048 && export.dropped == "7")
    }

    @Test func `spans are sent in requests of at most 512, in order`() async throws {
        let export = try Export()
        export.make(1100)
        try await export.running { try await Self.until { export.exporter.waiting == 0 } }
        #expect(export.sent == [512, 512, 76] && export.dropped == "0" && export.messages.isEmpty)
        let ids = export.collector.received.flatMap { Self.spans($0.form ?? []) }.compactMap { $0["spanId"]?.string }
        #expect(Set(ids).count == 1100)
        let request = try #require(export.collector.received.first)
        #expect(request.fields[.contentType] == "application/json" && request.timeout == 5)
    }

    @Test func `512 spans do not wait for the interval, and fewer do`() async throws {
        let export = try Export(interval: 60)
        try await export.running {
            try await Task.sleep(for: .milliseconds(50))
            export.make(511)
            try await Task.sleep(for: .milliseconds(50))
            #expect(export.sent.isEmpty)
            export.make(2)
            try await Self.until { export.exporter.waiting == 1 }
        }
        #expect(export.sent == [512, 1])
    }

    @Test func `the last spans are sent when the server ends`() async throws {
        let export = try Export(interval: 60)
        try await export.running { export.make(600) }
        #expect(export.sent == [512, 88] && export.exporter.waiting == 0)
    }

    @Test func `at the end, spans that a dead collector does not take are counted`() async throws {
        let export = try Export(interval: 60)
        export.collector.setDown(true)
        try await export.running { export.make(400) }
        #expect(export.collector.received.count == 1 && export.dropped == "400" && export.messages.count == 1)
    }

    @Test(arguments: [429, 502, 503, 504, nil] as [Int?])
    func `spans that are not taken now are sent later, and one event says so`(status: Int?) async throws {
        let export = try Export()
        for round in 1...2 {
            if let status { export.answer(status) } else { export.collector.setDown(true) }
            let before = export.collector.received.count
            export.make(3)
            try await export.running {
                try await Self.until { export.collector.received.count >= before + 3 }
                #expect(export.exporter.waiting == 3 && export.messages.count == round)
                export.answer(200)
                export.collector.setDown(false)
                try await Self.until { export.exporter.waiting == 0 }
            }
        }
        #expect(export.dropped == "0")
        #expect(export.messages.allSatisfy { $0.hasPrefix("spans cannot be exported: http://127.0.0.1:4318 ") })
        #expect(export.events.withLock { $0 }.allSatisfy { $0.level == .warning && $0.code == .recordingFailed })
    }

    @Test(arguments: [301, 400, 404, 413, 500])
    func `spans that are refused are dropped, and one event says so`(status: Int) async throws {
        let export = try Export()
        export.answer(status)
        try await export.running {
            for count in 1...3 {
                export.make(2)
                try await Self.until { export.collector.received.count == count && export.exporter.waiting == 0 }
            }
        }
        #expect(export.dropped == "6")
        #expect(export.messages == ["spans cannot be exported: http://127.0.0.1:4318 answered with status \(status)"])
    }

    @Test(arguments: [
        (#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"x"}}"#, "2"), (#"{"partialSuccess":{}}"#, "0"),
        (#"{"partialSuccess":{"rejectedSpans":1}}"#, "1"), (#"{"partialSuccess":{"rejectedSpans":"99"}}"#, "3"),
        (#"{"partialSuccess":{"rejectedSpans":-5}}"#, "0"), ("not json", "0"), ("", "0"),
    ])
    func `spans that a collector does not take from a request are counted`(body: String, count: String) async throws {
        let export = try Export()
        export.answer(200, body)
        export.make(3)
        try await export.running { try await Self.until { export.exporter.waiting == 0 } }
        #expect(export.dropped == count && export.sent == [3] && export.messages.isEmpty)
    }

    // MARK: The whole server

    @Test func `every door of a server makes spans, and a collector gets them`() async throws {
        let collector = try ScriptedServer { _ in ScriptedServer.answer(Array("{}".utf8)) }
        defer { collector.stop() }
        var settings = try ServerTests.settings()
        settings.tracing = TracingSettings(try #require(HTTPURL("\(collector.origin)/v1/traces")))
        let observation = try Observation(settings, metrics: PrometheusMetrics()) { _ in }
        var configuration = try MCPAuthConfiguration(resources: ProxyDoor.standardResources()) { _ in }
        configuration.onDecision = observation.handler
        let sockets = Lock<[DecisionServer.ListeningSocket]>([])
        let server = try DecisionServer(
            settings,
            mcpAuth: try MCPAuth(configuration, fetcher: TestFetcher()),
            observation: observation,
            onEvent: { _ in },
            onListening: { bound in sockets.withLock { $0 = bound } }
        )
        let exporter = try #require(observation.exporter)
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        let exporting = Task { try await exporter.run() }
        defer { exporting.cancel() }
        try await Self.until { !sockets.withLock { $0.isEmpty } }
        let ports = sockets.withLock { $0.compactMap(\.port) }
        let parent = "traceparent: 00-12345678901234567890123456789012-1234567890123456-01\r\n"
        let question = ServerTests.question("GET /verify HTTP/1.1", parent)
        let direct = "GET /public HTTP/1.1\r\nHost: mcp.example\r\n\(parent)\r\n"
        for (port, request) in zip(ports, [direct, question]) {
            let answers = try await RawClient.exchange([Array(request.utf8)], port: port, seconds: 5)
            #expect(answers.map(\.status) == [200])
        }
        try await Self.until { exporter.waiting == 2 }
        exporting.cancel()
        try await exporting.value
        let request = try #require(collector.requests.first)
        #expect(request.path == "/v1/traces" && request.fields["content-type"] == "application/json")
        #expect(request.fields["traceparent"] == nil)
        let spans = Self.spans(Array(request.body.utf8))
        #expect(spans.count == 2 && spans.allSatisfy { $0["parentSpanId"] == "1234567890123456" })
        #expect(["clients", "caddy"].allSatisfy { request.body.contains(#"{"stringValue":"\#($0)"}"#) })
    }

    // MARK: Configuration

    private static func read(_ tracing: String, _ more: String = "") throws -> TracingSettings? {
        let path = NSTemporaryDirectory() + "tracing-\(UUID().uuidString).json"
        let text = """
            { "version": 1, "server": { "tracing": \(tracing)\(more) },
              "issuers": { "main": { "issuer": "https://issuer.example" } },
              "resources": [ { "resource": "https://mcp.example/mcp", "issuers": ["main"], "policy": "authenticated" } ] }
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationFile(path: path, environment: [:]) { _ in }.server.tracing
    }

    @Test func `the configuration says where spans go`() throws {
        let standard = try Self.read(#"{"endpoint": "http://127.0.0.1:4318/v1/traces"}"#)
        #expect(standard == TracingSettings(try #require(HTTPURL(Self.endpoint))))
        let some = try Self.read(#"{"endpoint": "https://otel.example/v1/traces", "sampled_fraction": 0.1}"#)
        #expect(some?.endpoint.host == "otel.example" && some?.sampledFraction == 0.1)
        let isAllowed = #", "dangerously_allow_http": true"#
        let plain = try Self.read(#"{"endpoint": "http://otel.example:4318/v1/traces"}"#, isAllowed)
        #expect(plain?.dangerouslyAllowsHTTP == true)
    }

    @Test(arguments: [
        "{}", #"{"endpoint": "http://otel.example/v1/traces"}"#, #"{"endpoint": "otel:4318"}"#, #"{"endpoint": 1}"#,
        #"{"endpoint": "https://u:p@otel.example/"}"#, #"{"endpoint": "https://o.example", "sampled_fraction": 1.5}"#,
        #"{"endpoint": "https://o.example", "sampled_fraction": -1}"#,
        #"{"endpoint": "https://o.example", "headers": {}}"#,
    ])
    func `other settings are refused`(tracing: String) {
        #expect(throws: ConfigurationError.self) { try Self.read(tracing) }
    }
}
#endif
