// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Logging
internal import MCPAuth
internal import Metrics

/// Where the events of a server go: the log, and a counter for each kind.
enum EventSink {
    /// Counts `mcpauth_events_total` by `code`, and keeps `mcpauth_reload_refused` at 1 while a newer configuration is
    /// not in force.
    static func handler(_ logger: Logger) -> EngineEventHandler {
        { event in
            logger.log(level: event.level.forLog, "\(event)")
            Counter(label: "mcpauth_events_total", dimensions: [("code", event.code.rawValue)]).increment()
            switch event.code {
            case .reloaded: Gauge(label: "mcpauth_reload_refused").record(0)
            case .reloadRefused: Gauge(label: "mcpauth_reload_refused").record(1)
            default: break
            }
        }
    }
}

extension EngineEvent.Level {
    /// What an operator should see without asking is at least a notice.
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
