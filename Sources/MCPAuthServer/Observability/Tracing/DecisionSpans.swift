// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import HTTPTypes
package import MCPAuthCore
internal import MCPAuthHTTP
internal import Tracing

/// Makes a span of each decision; its parent is the span that the request of the client names.
///
/// A span begins and ends with the decision. What was decided comes from the ``DecisionRecord``, which is made within it. No
/// attribute has a token, a subject or another claim value.
package final class DecisionSpans: DecisionObserver {
    private let tracer: OTLPTracer

    package init(_ tracer: OTLPTracer) {
        self.tracer = tracer
    }

    /// Makes async-http-client of this process use the tracer, so that fetches during a decision have spans too.
    ///
    /// At most once in a process, and before the first fetch.
    package func bootstrap() {
        InstrumentationSystem.bootstrap(tracer)
    }

    package func observe<Decided>(
        _ request: HTTPRequest,
        _ decide: () async throws -> Decided
    ) async rethrows -> Decided {
        var context = ServiceContext.topLevel
        tracer.extract(request.headerFields, into: &context, using: FieldExtractor())
        let span = tracer.startSpan("mcp_auth.decide", context: context, ofKind: .server)
        defer { span.end() }
        do {
            return try await ServiceContext.$current.withValue(span.context) { try await decide() }
        } catch {
            // The client is gone, and nothing was decided.
            span.recordError(error)
            throw error
        }
    }

    /// Adds what was decided to the span of the decision.
    package func take(_ record: DecisionRecord) {
        guard let context = ServiceContext.current, let span = tracer.activeSpan(identifiedBy: context) else { return }
        var attributes: SpanAttributes = [:]
        func set(_ name: SpanAttributeName, _ value: (any SpanAttributeConvertible)?) {
            attributes[name.rawValue] = value
        }
        set(.door, record.door)
        set(.decision, record.denial == nil ? "allow" : "deny")
        set(.reason, record.denial?.reason.rawValue)
        set(.decisionID, record.id.description)
        set(.resource, record.resource?.description)
        set(.operation, record.operation)
        set(.status, record.denial?.status ?? 200)
        span.attributes = attributes
        // A refusal is no error of this server, unless it could not decide.
        if let status = record.denial?.status, status >= 500 { span.setStatus(SpanStatus(code: .error)) }
    }
}

/// Reads the fields of a request; a `traceparent` that comes twice is ignored.
private struct FieldExtractor: Extractor {
    func extract(key: String, from fields: HTTPFields) -> String? {
        guard let name = HTTPField.Name(key) else { return nil }
        let values = fields[values: name]
        return key == TraceContext.stateField || values.count == 1 ? values.joined(separator: ",") : nil
    }
}
#endif
