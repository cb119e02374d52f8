// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import MCPAuth
package import MCPAuthCore
internal import MCPAuthConcurrency

/// What a server keeps and writes about its decisions: the recent ones, metrics, the decision log and spans.
package struct Observation: Sendable {
    package let recent = RecentDecisions()
    package let log: DecisionLog?
    /// Makes spans of decisions; `nil` if there are none.
    package let spans: DecisionSpans?
    package let exporter: SpanExporter?
    package let reloads = ReloadRequests()
    private let numbers = DecisionMetrics()
    let metrics: PrometheusMetrics

    /// - Parameter metrics: The metrics of this process, which must be those that it was bootstrapped with.
    /// - Throws: `ConfigurationError` when the decision log cannot be opened.
    package init(
        _ settings: ServerSettings,
        metrics: PrometheusMetrics,
        onEvent: @escaping EngineEventHandler
    ) throws {
        self.metrics = metrics
        log = try settings.decisionLog.map { try DecisionLog($0, onEvent: onEvent) }
        exporter = settings.tracing.map { tracing in
            let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: tracing.dangerouslyAllowsHTTP)
            return SpanExporter(tracing, fetcher: fetcher, onEvent: onEvent)
        }
        let fraction = settings.tracing?.sampledFraction ?? 0
        spans = exporter.map { DecisionSpans(OTLPTracer(sampledFraction: fraction, onEnd: $0.take)) }
    }

    /// Receives every decision.
    package var handler: DecisionHandler {
        { [recent, numbers, log, spans] record in
            recent.add(record)
            numbers.take(record)
            log?.take(record)
            spans?.take(record)
        }
    }
}
#endif
