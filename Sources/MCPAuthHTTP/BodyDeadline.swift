// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Ends the wait for a client that stops sending.
public enum BodyDeadline {
    /// What `read` gives; `nil` when it took longer than `limit`, and is cancelled.
    ///
    /// `read` must end when its task is cancelled. After that its source cannot be read any more.
    public static func run<Result: Sendable>(
        _ limit: Duration,
        _ read: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await read() }
            group.addTask {
                guard await Alarm.shared.wait(until: .now.advanced(by: limit)) else { throw CancellationError() }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
