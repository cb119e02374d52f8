// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// Limits the time to read a request body.
public enum BodyDeadline {
    /// Runs `read` with a time limit.
    ///
    /// After the limit, `read` is cancelled. It must then end, and its source cannot be read any more.
    ///
    /// - Returns: The result of `read`; `nil` if it took longer than `limit`.
    /// - Throws: What `read` throws, or `CancellationError` if the calling task is cancelled.
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
