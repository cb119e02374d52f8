// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuth
internal import MCPAuthConcurrency

/// The lines that an operator would see.
final class EventLog: Sendable {
    private let events = Lock<[String]>([])

    var lines: [String] { events.withLock { $0 } }

    @Sendable func take(_ event: EngineEvent) {
        let metadata = event.metadata.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        events.withLock { $0.append("\(event) \(metadata)") }
    }
}
