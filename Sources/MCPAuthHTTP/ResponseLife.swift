// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore

/// How long a response may still be sent: as long as the token of its caller is accepted.
///
/// A stream that was allowed once would otherwise go on for days. Revocation does not end it; the next request meets it.
public struct ResponseLife: Sendable {
    /// Why a response was broken off.
    public struct Expired: Error {
        /// Nothing more is told.
        public init() {}
    }

    private let end: NumericDate
    private let now: @Sendable () -> NumericDate

    /// The life of what is sent to a caller.
    public init(of authInfo: AuthInfo, now: @escaping @Sendable () -> NumericDate = NumericDate.now) {
        end = authInfo.acceptedUntil
        self.now = now
    }

    /// Whether there is an end at all.
    public var hasEnd: Bool { end.secondsSinceEpoch.isFinite }

    /// Whether nothing more may be sent.
    public var isOver: Bool { now() >= end }

    /// Waits until the end; `false` when the task was cancelled before.
    ///
    /// The clock is looked at every 30 seconds at least, since it can be set meanwhile.
    public func waitUntilOver() async -> Bool {
        while !isOver {
            let seconds = min(30, max(0.001, end.secondsSinceEpoch - now().secondsSinceEpoch))
            guard await Alarm.shared.wait(until: .now.advanced(by: .seconds(seconds))) else { return false }
        }
        return true
    }

    /// Whether a response can be ended before it is whole: clients take an event stream up again, and would take a part of
    /// anything else for the whole, so that must be broken off.
    public static func canEndEarly(contentType: String?) -> Bool {
        let type = contentType?.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type?.lowercased() == "text/event-stream"
    }
}
