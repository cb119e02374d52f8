// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import CoreMetrics
package import MCPAuth
internal import MCPAuthConcurrency
package import MCPAuthCore
internal import ServiceLifecycle

internal import struct HTTPTypes.HTTPFields

/// Sends spans to a collector of OpenTelemetry, as OTLP over HTTP in JSON.
///
/// Nothing waits for it: it has a queue of at most ``mostWaiting`` spans, and counts those that it does not take. Spans stay
/// in the queue until the collector has them. If it cannot take them now, they are sent again after a pause, which grows; if
/// it refuses them, they are dropped and counted. The first failure after a success is reported as an event.
package final class SpanExporter: Service {
    /// When spans are sent, in seconds.
    package struct Timing: Sendable {
        /// How long a span waits for others.
        package var interval = 5.0
        /// The limit of a request.
        package var deadline = 5.0
        /// The pause after a failure; it is doubled with each further one.
        package var firstPause = 5.0
        package var longestPause = 60.0
        /// The limit of all requests when the server ends: systemd kills it 5 seconds after its last request was answered.
        package var lastDeadline = 3.0

        package init() {}
    }

    private struct State {
        var waiting: [FinishedSpan] = []
        var wake = Flight<Void>()
        /// The failures since the last success.
        var failures = 0
    }

    private enum Outcome {
        /// The collector has the spans, except for a number of them.
        case sent(rejected: Int)
        /// It does not take them.
        case refused(String)
        /// It may take them later.
        case failed(String)
    }

    /// The maximum number of spans in the queue.
    package static let mostWaiting = 2048
    /// The maximum number of spans in a request.
    package static let mostInRequest = 512
    private static let mostResponseBytes = 64 * 1024

    private let settings: TracingSettings
    private let fetcher: any HTTPFetcher
    private let timing: Timing
    private let onEvent: EngineEventHandler
    private let dropped: Counter
    private let state = Lock(State())

    /// - Parameters:
    ///   - fetcher: Sends the requests.
    ///   - metrics: Counts dropped spans.
    ///   - onEvent: Is told when the export begins to fail.
    package init(
        _ settings: TracingSettings,
        fetcher: any HTTPFetcher,
        timing: Timing = Timing(),
        metrics: any MetricsFactory = MetricsSystem.factory,
        onEvent: @escaping EngineEventHandler
    ) {
        self.settings = settings
        self.fetcher = fetcher
        self.timing = timing
        self.onEvent = onEvent
        dropped = Counter(label: MetricName.spansDropped.rawValue, factory: metrics)
    }

    /// The number of spans in the queue.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    /// Puts a span into the queue, or counts it.
    package func take(_ span: FinishedSpan) {
        let (isTaken, wake): (Bool, Flight<Void>?) = state.withLock { state in
            guard state.waiting.count < Self.mostWaiting else { return (false, nil) }
            state.waiting.append(span)
            return (true, state.waiting.count == Self.mostInRequest ? state.wake : nil)
        }
        wake?.land(())
        if !isTaken { dropped.increment() }
    }

    /// Sends until the graceful shutdown, and then what is left.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while await self.pause() { await self.send(within: self.timing.deadline) }
        }
        // A task of its own, because these spans must be sent also when this one is cancelled.
        await Task { await self.sendRest() }.value
    }

    /// Waits for enough spans or for the interval, and after a failure for a time that grows.
    ///
    /// - Returns: `false` if this task was cancelled.
    private func pause() async -> Bool {
        let (failures, wake): (Int, Flight<Void>?) = state.withLock { state in
            guard state.failures == 0 else { return (state.failures, nil) }
            guard state.waiting.count < Self.mostInRequest else { return (0, nil) }
            state.wake = Flight()
            return (0, state.wake)
        }
        if failures > 0 {
            let seconds = min(timing.longestPause, timing.firstPause * Double(1 << min(failures - 1, 16)))
            // At random, so that not all servers ask a collector again at the same time.
            _ = await Alarm.shared.wait(until: Deadline(in: seconds * .random(in: 0.75...1)).instant)
        } else {
            _ = await wake?.value(until: Deadline(in: timing.interval))
        }
        return !Task.isCancelled
    }

    private func sendRest() async {
        let end = Deadline(in: timing.lastDeadline).instant
        while waiting > 0 {
            let seconds = ContinuousClock.now.duration(to: end).inSeconds
            guard seconds > 0, await send(within: seconds) else { break }
        }
        dropped.increment(by: waiting)
    }

    /// Sends the oldest spans; returns whether the collector has them.
    @discardableResult
    private func send(within seconds: Double) async -> Bool {
        let spans = state.withLock { Array($0.waiting.prefix(Self.mostInRequest)) }
        guard !spans.isEmpty else { return true }
        let outcome = await outcome(of: spans, within: min(seconds, timing.deadline))
        // The end of the server cut this request off; `sendRest` sends the spans again.
        if case .failed = outcome, Task.isCancelled { return false }
        let (isDone, lost, failure): (Bool, Int, String?) =
            switch outcome {
            case .sent(let rejected): (true, min(max(0, rejected), spans.count), nil)
            case .refused(let reason): (true, spans.count, reason)
            case .failed(let reason): (false, 0, reason)
            }
        let isFirst = state.withLock { state in
            // Only this function removes spans, and it runs once at a time.
            if isDone { state.waiting.removeFirst(spans.count) }
            state.failures = failure == nil ? 0 : state.failures + 1
            return state.failures == 1
        }
        dropped.increment(by: lost)
        if isFirst, let failure {
            onEvent(EngineEvent(.warning, .recordingFailed, "spans cannot be exported: \(failure)"))
        }
        return failure == nil
    }

    private func outcome(of spans: [FinishedSpan], within seconds: Double) async -> Outcome {
        let request = FetchRequest(
            url: settings.endpoint,
            provenance: .configured,
            form: OTLPEncoding.request(spans),
            fields: [.contentType: "application/json"],
            maximumBytes: Self.mostResponseBytes,
            timeout: seconds
        )
        do throws(FetchError) {
            let response = try await fetcher.fetch(request)
            let reason = "\(settings.endpoint.origin) answered with status \(response.status)"
            switch response.status {
            case 200...299: return .sent(rejected: OTLPEncoding.rejected(response.body))
            // The statuses that OTLP has for a receiver that may take the same spans later.
            case 429, 502, 503, 504: return .failed(reason)
            default: return .refused(reason)
            }
        } catch {
            return .failed(error.description)
        }
    }
}
#endif
