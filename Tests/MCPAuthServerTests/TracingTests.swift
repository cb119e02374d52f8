// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthServer
import MCPAuthTesting
import Testing
import Tracing

/// The spans of decisions, and the traces that they belong to.
struct TracingTests {
    static let traceID = "12345678901234567890123456789012"
    static let parentID = "00f067aa0ba902b7"
    static let parent = "00-\(traceID)-\(parentID)-01"

    /// The spans that were recorded, and what makes them.
    struct Recorded {
        let all = Lock<[FinishedSpan]>([])
        let tracer: OTLPTracer
        let spans: DecisionSpans

        init(sampledFraction: Double = 1) {
            tracer = OTLPTracer(sampledFraction: sampledFraction) { [all] span in all.withLock { $0.append(span) } }
            spans = DecisionSpans(tracer)
        }

        var finished: [FinishedSpan] { all.withLock { $0 } }
        var names: [String] { finished.map(\.name) }
        /// What would be exported.
        var json: String { String(decoding: OTLPEncoding.request(finished), as: UTF8.self) }
    }

    // MARK: Trace context

    @Test(arguments: [
        ("00-12345678901234567890123456789012-1234567890123456-01", true, true),
        ("00-12345678901234567890123456789012-1234567890123456-00", true, false),
        ("00-12345678901234567890123456789012-1234567890123456-ff", true, true),
        ("00-12345678901234567890123456789012-1234567890123456-fe", true, false),
        ("00-00000000000000000000000000000001-0000000000000001-01", true, true),
        ("00-12345678901234567890123456789012-1234567890123456-01.", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", false, false),
        ("cc-12345678901234567890123456789012-1234567890123456-01", true, true),
        ("cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", true, true),
        ("cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like", false, false),
        ("ff-12345678901234567890123456789012-1234567890123456-01", false, false),
        (".0-12345678901234567890123456789012-1234567890123456-01", false, false),
        ("0.-12345678901234567890123456789012-1234567890123456-01", false, false),
        ("CC-12345678901234567890123456789012-1234567890123456-01", false, false),
        ("000-12345678901234567890123456789012-1234567890123456-01", false, false),
        ("0-12345678901234567890123456789012-1234567890123456-01", false, false),
        ("00-00000000000000000000000000000000-1234567890123456-01", false, false),
        ("00-.2345678901234567890123456789012-1234567890123456-01", false, false),
        ("00-1234567890123456789012345678901.-1234567890123456-01", false, false),
        ("00-ABCDEF78901234567890123456789012-1234567890123456-01", false, false),
        ("00-123456789012345678901234567890123-1234567890123456-01", false, false),
        ("00-1234567890123456789012345678901-1234567890123456-01", false, false),
        ("00-12345678901234567890123456789012-0000000000000000-01", false, false),
        ("00-12345678901234567890123456789012-.234567890123456-01", false, false),
        ("00-12345678901234567890123456789012-123456789012345.-01", false, false),
        ("00-12345678901234567890123456789012-ABCDEF7890123456-01", false, false),
        ("00-12345678901234567890123456789012-12345678901234567-01", false, false),
        ("00-12345678901234567890123456789012-123456789012345-01", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-.0", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-0.", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-001", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-1", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-", false, false),
        ("00_12345678901234567890123456789012_1234567890123456_01", false, false),
        ("00-12345678901234567890123456789012-1234567890123456-01, 00-1-1-01", false, false),
        ("00-१2345678901234567890123456789-1234567890123456-01", false, false), ("", false, false),
    ])
    func `traceparent is read as W3C Trace Context says`(text: String, isValid: Bool, isSampled: Bool) throws {
        let context = TraceContext(traceparent: text)
        #expect((context != nil) == isValid)
        guard let context else { return }
        #expect(context.isSampled == isSampled)
        // Of a later version only the known part is passed on, and so are flags.
        #expect(context.traceparent == "00\(text.dropFirst(2).prefix(50))-\(isSampled ? "01" : "00")")
    }

    @Test(arguments: [
        ("foo=1,bar=2", "foo=1,bar=2"), ("foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"), ("foo=1,", "foo=1"),
        ("foo=1,,bar=2", "foo=1,bar=2"), ("", ""), (" ", ""), ("foo=1,foo=2", "foo=1,foo=2"),
        ("a/b_c-d*0=!\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~ x", "a/b_c-d*0=!\"#$%&'()*+-./09:;<>?@AZ[\\]^_`az{|}~ x"),
        ("0tenant@system=1", "0tenant@system=1"), ("foo =1", ""), ("FOO=1", ""), ("foo.bar=1", ""), ("0foo=1", ""),
        ("foo@=1,bar=2", ""), ("@foo=1,bar=2", ""), ("foo@@bar=1,bar=2", ""), ("foo@bar@baz=1,bar=2", ""),
        ("foo@0bar=1", ""), ("foo=bar=baz", ""), ("foo=,bar=3", ""), ("foo", ""), ("=1", ""), ("foo=\u{7F}", ""),
        ("foo=é", ""), (String(repeating: "z", count: 256) + "=1", String(repeating: "z", count: 256) + "=1"),
        (String(repeating: "z", count: 257) + "=1", ""),
        (String(repeating: "t", count: 241) + "@v=1", String(repeating: "t", count: 241) + "@v=1"),
        (String(repeating: "t", count: 242) + "@v=1", ""), ("t@vvvvvvvvvvvvvv=1", "t@vvvvvvvvvvvvvv=1"),
        ("t@vvvvvvvvvvvvvvv=1", ""), ("a=" + String(repeating: "v", count: 257), ""),
        ((1...32).map { "bar\($0)=1" }.joined(separator: ","), (1...32).map { "bar\($0)=1" }.joined(separator: ",")),
        ((1...33).map { "bar\($0)=1" }.joined(separator: ","), ""),
    ])
    func `tracestate is kept if it is valid`(text: String, kept: String) {
        #expect(TraceContext(traceparent: Self.parent, tracestate: text)?.state == kept)
    }

    @Test func `of a long tracestate, long members and the last ones are left out`() throws {
        let long = "long=" + String(repeating: "v", count: 200)
        let short = (10..<30).map { "m\($0)=" + String(repeating: "v", count: 40) }
        let text = ([long] + short).joined(separator: ",")
        let state = try #require(TraceContext(traceparent: Self.parent, tracestate: text)).state
        #expect(state == short.prefix(11).joined(separator: ","))
        #expect(state.utf8.count <= 512 && state.utf8.count > 512 - 45)
    }

    /// Header fields by name.
    private struct Fields: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    @Test func `a trace is passed on with the span in place of its parent`() throws {
        let tracer = Recorded().tracer
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": Self.parent, "tracestate": "a=1, b=2"], into: &context, using: Fields())
        let span = tracer.startSpan("x", context: context, ofKind: .client)
        var sent: [String: String] = [:]
        tracer.inject(span.context, into: &sent, using: Fields())
        let passed = try #require(TraceContext(traceparent: sent["traceparent"] ?? ""))
        #expect(passed.traceparent.hasPrefix("00-\(Self.traceID)-") && passed.isSampled && span.isRecording)
        #expect(!passed.traceparent.contains(Self.parentID) && sent["tracestate"] == nil)

        var none: [String: String] = [:]
        tracer.inject(.topLevel, into: &none, using: Fields())
        #expect(none.isEmpty)
    }

    @Test func `a parent says whether a span is recorded, and otherwise a fraction of the traces is`() throws {
        for fraction in [0.0, 1.0] {
            let recorded = Recorded(sampledFraction: fraction)
            for flag in ["00", "01"] {
                var context = ServiceContext.topLevel
                let parent = "00-\(Self.traceID)-\(Self.parentID)-\(flag)"
                recorded.tracer.extract(["traceparent": parent], into: &context, using: Fields())
                let span = recorded.tracer.startSpan("x", context: context, ofKind: .server)
                #expect(span.isRecording == (flag == "01"))
                var sent: [String: String] = [:]
                recorded.tracer.inject(span.context, into: &sent, using: Fields())
                #expect(sent["traceparent"]?.hasSuffix("-\(flag)") == true)
            }
            #expect(recorded.tracer.startSpan("x", context: .topLevel, ofKind: .server).isRecording == (fraction == 1))
        }
        let tracer = Recorded(sampledFraction: 0.25).tracer
        let count = (0..<4000).count { _ in tracer.startSpan("x", context: .topLevel, ofKind: .server).isRecording }
        #expect((800...1200).contains(count))
    }

    @Test func `only a span of a server begins a trace`() {
        let recorded = Recorded()
        for kind in [SpanKind.client, .internal, .producer, .consumer] {
            let span = recorded.tracer.startSpan("x", context: .topLevel, ofKind: kind)
            #expect(!span.isRecording && span.context.isEmpty)
            span.end()
        }
        #expect(recorded.finished.isEmpty)
    }

    @Test func `only known attributes are exported, cut off and without errors' texts`() {
        let recorded = Recorded()
        let span = recorded.tracer.startSpan("x\u{0}", context: .topLevel, ofKind: .server)
        span.attributes["url.full"] = "https://issuer.example/?token=secret"
        span.attributes["url.query"] = "token=secret"
        span.attributes["http.status_code"] = 404
        span.attributes["server.address"] = "a\n" + String(repeating: "b", count: 5000)
        span.recordError(FetchError("secret"))
        span.setStatus(SpanStatus(code: .error, message: "secret"))
        span.addEvent("secret")
        span.end()
        span.attributes["url.scheme"] = "too late"
        span.end()
        let json = recorded.json
        #expect(recorded.finished.count == 1)
        #expect(!json.contains("secret") && !json.contains("too late") && json.utf8.count < 1500)
        #expect(json.contains(#"{"key":"http.response.status_code","value":{"intValue":"404"}}"#))
        #expect(json.contains(#"{"key":"error.type","value":{"stringValue":"FetchError"}}"#))
        #expect(json.contains(#""status":{"code":2}"#) && json.contains(#""name":"x\\u{0}""#))
        #expect(json.contains(#"a\\u{A}bbb"#))
    }

    @Test func `the JSON of a span is what OTLP says`() throws {
        let recorded = Recorded()
        var context = ServiceContext.topLevel
        recorded.tracer.extract(["traceparent": Self.parent, "tracestate": "a=1"], into: &context, using: Fields())
        let start = DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 1_795_816_000_000_000_001)
        let span = recorded.tracer.startSpan("name", context: context, ofKind: .server, at: start)
        // A clock that was set back.
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))
        let body = try JSON(parsing: OTLPEncoding.request(recorded.finished))
        let group = try #require(body["resourceSpans"]?.elements?.first)
        #expect(
            group["resource"]?["attributes"] == [
                ["key": "service.name", "value": ["stringValue": "mcp-auth"]],
                ["key": "service.version", "value": ["stringValue": .string(Version.current)]],
            ]
        )
        let written = try #require(group["scopeSpans"]?.elements?.first?["spans"]?.elements?.first)
        let spanID = try #require(written["spanId"]?.string)
        #expect(spanID.utf8.count == 16 && spanID != Self.parentID)
        #expect(
            written == [
                "traceId": .string(Self.traceID), "spanId": .string(spanID), "parentSpanId": .string(Self.parentID),
                "traceState": "a=1", "flags": 0x301, "name": "name", "kind": 2, "attributes": [],
                "startTimeUnixNano": "1795816000000000001", "endTimeUnixNano": "1795816000000000001",
            ]
        )
    }
}
#endif
