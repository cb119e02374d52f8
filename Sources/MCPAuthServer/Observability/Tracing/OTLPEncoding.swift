// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import MCPAuth
internal import MCPAuthJSON
internal import Tracing

/// The JSON encoding of what OTLP/HTTP sends: `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`.
///
/// It differs from the usual JSON encoding of Protocol Buffers: ids are in hexadecimal, and enumerations are numbers.
package enum OTLPEncoding {
    /// The body of a request with these spans.
    package static func request(_ spans: [FinishedSpan]) -> [UInt8] {
        let resource: JSON = [
            "attributes": [
                attribute("service.name", .string("mcp-auth")), attribute("service.version", .string(Version.current)),
            ]
        ]
        let scope: JSON = ["name": "swift-mcp-auth", "version": .string(Version.current)]
        let body: JSON = [
            "resourceSpans": [
                ["resource": resource, "scopeSpans": [["scope": scope, "spans": .array(spans.map(json))]]]
            ]
        ]
        return body.encoded()
    }

    /// The number of spans that the receiver did not take, from the body of its response.
    package static func rejected(_ response: [UInt8]) -> Int {
        guard let body = try? JSON(parsing: response), let rejected = body["partialSuccess"]?["rejectedSpans"] else {
            return 0
        }
        switch rejected {
        case .integer(let number): return Int(number)
        case .string(let text): return Int(text) ?? 0
        default: return 0
        }
    }

    private static func json(_ span: FinishedSpan) -> JSON {
        let origin = span.origin
        let attributes = span.attributes.sorted { $0.key.rawValue < $1.key.rawValue }
        var members: [String: JSON] = [
            "traceId": .string(span.trace.traceID.description), "spanId": .string(span.trace.spanID.hexadecimal(16)),
            "flags": .integer(flags(of: origin)), "name": .string(span.name), "kind": .integer(number(of: origin.kind)),
            "startTimeUnixNano": .string(String(origin.start)), "endTimeUnixNano": .string(String(span.end)),
            "attributes": .array(attributes.map { attribute($0.key.rawValue, $0.value) }),
        ]
        members["parentSpanId"] = origin.parentID.map { .string($0.hexadecimal(16)) }
        if !span.trace.state.isEmpty { members["traceState"] = .string(span.trace.state) }
        if let status = span.status { members["status"] = ["code": .integer(number(of: status))] }
        return .object(members)
    }

    /// The flags of `traceparent`, and whether the parent is in another system.
    private static func flags(of origin: SpanOrigin) -> Int64 {
        (origin.trace.isSampled ? 1 : 0) | 0x100 | (origin.isParentRemote ? 0x200 : 0)
    }

    private static func number(of kind: SpanKind) -> Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func number(of status: SpanStatus.Code) -> Int64 {
        switch status {
        case .ok: 1
        case .error: 2
        }
    }

    private static func attribute(_ name: String, _ value: JSON) -> JSON {
        let written: JSON =
            switch value {
            case .integer(let number): ["intValue": .string(String(number))]
            case .boolean: ["boolValue": value]
            default: ["stringValue": value]
            }
        return ["key": .string(name), "value": written]
    }
}
#endif
