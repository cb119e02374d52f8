// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import Logging
public import MCPAuthCore

extension EngineEvent {
    /// A handler that writes events to a log, at most ten of a kind per second.
    ///
    /// The log metadata of a denial has `subject`, `client`, `operation`, `rules` and `reason`.
    public static func log(to logger: Logger = Logger(label: "mcp-auth")) -> EngineEventHandler {
        EventLimiter { $0.write(to: logger, at: $0.level.forLog) }.take
    }

    /// Writes one line.
    package func write(to logger: Logger, at level: Logger.Level) {
        var metadata = metadata.mapValues { Logger.MetadataValue.string($0) }
        if let reason { metadata["reason"] = .string(reason.description.printable) }
        logger.log(level: level, "\(self)", metadata: metadata)
    }
}

extension EngineEvent.Level {
    /// The corresponding log level.
    var forLog: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
