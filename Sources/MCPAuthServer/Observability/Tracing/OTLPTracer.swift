// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import Tracing

/// Makes spans that OpenTelemetry understands, and passes their trace on to other systems (W3C Trace Context).
///
/// Only a span of the kind `server` begins a trace. So a fetch during a decision has a span. A fetch in the background, or
/// by the exporter, has none.
package struct OTLPTracer: Tracer {
    package typealias Span = OTLPSpan

    /// Receives a recorded span when it ends; it is called from any thread and must not block.
    package typealias EndHandler = @Sendable (FinishedSpan) -> Void

    /// Of 2⁵⁶ traces, the number that is not recorded.
    private let skipped: UInt64
    private let onEnd: EndHandler

    private static let traces: UInt64 = 1 << 56

    /// - Parameter sampledFraction: The fraction of traces that is recorded, 0 to 1, where the parent of a span does not say
    ///   whether it is.
    package init(sampledFraction: Double = 1, onEnd: @escaping EndHandler) {
        skipped = Self.traces - UInt64(min(1, max(0, sampledFraction)) * Double(Self.traces))
        self.onEnd = onEnd
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> ServiceContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.activeTrace
        guard parent != nil || kind == .server else { return OTLPSpan(context: context, recording: nil) }
        let traceID = parent?.trace.traceID ?? Self.newTraceID()
        let trace = TraceContext(
            traceID: traceID,
            spanID: .random(in: 1 ... .max),
            isSampled: parent?.trace.isSampled ?? isSampled(traceID),
            state: parent?.trace.state ?? ""
        )
        guard trace.isSampled else {
            context.activeTrace = ActiveTrace(trace: trace)
            return OTLPSpan(context: context, recording: nil)
        }
        let origin = SpanOrigin(
            trace: trace,
            kind: kind,
            parentID: parent?.trace.spanID,
            isParentRemote: parent?.isRemote ?? false,
            start: instant().nanosecondsSinceEpoch
        )
        let recording = SpanRecording(origin, name: operationName, onEnd: onEnd)
        context.activeTrace = ActiveTrace(trace: trace, recording: recording)
        return OTLPSpan(context: context, recording: recording)
    }

    package func activeSpan(identifiedBy context: ServiceContext) -> OTLPSpan? {
        context.activeTrace?.recording.map { OTLPSpan(context: context, recording: $0) }
    }

    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout ServiceContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: TraceContext.parentField, from: carrier) else { return }
        let state = extractor.extract(key: TraceContext.stateField, from: carrier)
        guard let trace = TraceContext(traceparent: parent, tracestate: state) else { return }
        context.activeTrace = ActiveTrace(trace: trace, isRemote: true)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.activeTrace?.trace else { return }
        // Without `tracestate`, which a client may have written: issuers get no text of clients.
        injector.inject(trace.traceparent, forKey: TraceContext.parentField, into: &carrier)
    }

    private static func newTraceID() -> TraceContext.TraceID {
        TraceContext.TraceID(high: .random(in: .min ... .max), low: .random(in: 1 ... .max))
    }

    /// The same for every span of a trace, in every system that looks at its last 56 bits.
    private func isSampled(_ traceID: TraceContext.TraceID) -> Bool { traceID.low % Self.traces >= skipped }
}

/// The trace that a task belongs to.
struct ActiveTrace: Sendable {
    /// The span that is the parent of the next one.
    let trace: TraceContext
    /// Whether another system made that span.
    var isRemote = false
    /// What that span records; `nil` if it is not recorded here.
    var recording: SpanRecording?

    fileprivate enum Key: ServiceContextKey {
        typealias Value = ActiveTrace
    }
}

extension ServiceContext {
    var activeTrace: ActiveTrace? {
        get { self[ActiveTrace.Key.self] }
        set { self[ActiveTrace.Key.self] = newValue }
    }
}
#endif
