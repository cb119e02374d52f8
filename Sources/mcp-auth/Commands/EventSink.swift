// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Logging
internal import MCPAuth
internal import MCPAuthServer
internal import Metrics
internal import ServiceLifecycle

/// Sends the events of a server to the log and counts them by kind.
///
/// Every event is counted. The log gets at most ten of a kind per second, and then the number of the others.
struct EventSink: Service {
    private let limiter: EventLimiter

    init(_ logger: Logger) {
        limiter = EventLimiter { $0.write(to: logger, at: $0.level.forLog) }
        // From 0, so that the first event of a kind is an increase.
        for code in EngineEvent.Code.allCases {
            Counter(label: MetricName.events.rawValue, dimensions: [("code", code.rawValue)]).increment(by: 0)
        }
        Gauge(label: MetricName.reloadRefused.rawValue).record(0)
    }

    /// Counts `mcpauth_events_total` by `code` and `mcpauth_denials_total` by `reason`, and keeps
    /// `mcpauth_reload_refused` at 1 while a newer configuration is not in force.
    var handler: EngineEventHandler {
        { [limiter] event in
            if event.code != .moduleCounted { limiter.take(event) }
            Counter(label: MetricName.events.rawValue, dimensions: [("code", event.code.rawValue)]).increment()
            if let reason = event.reason {
                Counter(label: MetricName.denials.rawValue, dimensions: [("reason", reason.rawValue)]).increment()
            }
            switch event.code {
            case .reloaded: Gauge(label: MetricName.reloadRefused.rawValue).record(0)
            case .reloadRefused: Gauge(label: MetricName.reloadRefused.rawValue).record(1)
            case .moduleCounted: Self.count(event)
            default: break
            }
        }
    }

    private static func count(_ event: EngineEvent) {
        let (module, counter) = (event.metadata["module"] ?? "", event.metadata["counter"] ?? "")
        guard let by = event.metadata["by"].flatMap({ Int64($0) }) else { return }
        let dimensions = [("module", module), ("counter", counter)]
        Counter(label: MetricName.moduleCounters.rawValue, dimensions: dimensions).increment(by: by)
    }

    /// Reports, at shutdown, how many events were held back since the last report.
    func run() async throws {
        defer { limiter.flush() }
        try? await gracefulShutdown()
    }
}

/// The lowest level that is logged.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical

    var forLog: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}

extension EngineEvent.Level {
    /// The log level; events that operators see by default are at least notices.
    fileprivate var forLog: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
#endif
