// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
public import MCPAuthCore

/// Limits a response to the time for which the token of its caller is accepted.
///
/// Without it, a stream that was allowed once could continue for days. Revocation does not end a response; it applies
/// to the next request.
public struct ResponseLife: Sendable {
    /// The error of a response that was aborted because the token expired.
    public struct Expired: Error {
        /// Creates the error.
        public init() {}
    }

    private let end: NumericDate
    private let now: @Sendable () -> NumericDate

    /// Creates the limit for a response to this caller; for a caller without a token there is no end.
    public init(of authInfo: AuthInfo?, now: @escaping @Sendable () -> NumericDate = NumericDate.now) {
        end = authInfo?.acceptedUntil ?? NumericDate(.infinity)
        self.now = now
    }

    /// Whether there is an end.
    public var hasEnd: Bool { end.secondsSinceEpoch.isFinite }

    /// Whether the end is reached, so that nothing more may be sent.
    public var isOver: Bool { now() >= end }

    /// Waits until the end; returns `false` if the task was cancelled before.
    ///
    /// The clock is read at least every 30 seconds, because it can be set in the meantime.
    public func waitUntilOver() async -> Bool {
        while !isOver {
            let seconds = min(30, max(0.001, end.secondsSinceEpoch - now().secondsSinceEpoch))
            guard await Alarm.shared.wait(until: .now.advanced(by: .seconds(seconds))) else { return false }
        }
        return true
    }

    /// Whether a response can be ended before it is complete.
    ///
    /// Clients resume an event stream. They would treat a part of any other response as complete, so such a response
    /// must be aborted instead.
    public static func canEndEarly(contentType: String?) -> Bool {
        let type = contentType?.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type?.lowercased() == "text/event-stream"
    }
}
