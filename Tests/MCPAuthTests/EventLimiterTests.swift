// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthConcurrency
import MCPAuthCore
import Testing

@testable import MCPAuth

/// The number of log lines that requests can cause is limited, and suppressed lines are counted.
@Suite struct EventLimiterTests {
    private final class Log: Sendable {
        let lines = Lock<[String]>([])
        let time = Lock(ContinuousClock.now)

        func limiter(perSecond: Int) -> EventLimiter {
            EventLimiter(
                perSecond: perSecond,
                now: { self.time.withLock { $0 } },
                to: { event in
                    self.lines.withLock { $0.append(event.description) }
                }
            )
        }

        func wait(_ duration: Duration) { time.withLock { $0 += duration } }
        func take() -> [String] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    private static func denial(_ reason: Denial.Reason) -> EngineEvent {
        EngineEvent(.info, .requestDenied, reason.rawValue, reason: reason)
    }

    @Test func `events beyond the limit per second are counted, and reported with the next event`() {
        let log = Log()
        let limiter = log.limiter(perSecond: 2)
        for _ in 0..<5 { limiter.take(Self.denial(.expired)) }
        #expect(log.take() == ["request_denied: expired", "request_denied: expired"])
        log.wait(.milliseconds(999))
        limiter.take(Self.denial(.expired))
        #expect(log.take() == [])
        log.wait(.milliseconds(1))
        limiter.take(Self.denial(.expired))
        #expect(log.take() == ["request_denied: and 4 more (expired)", "request_denied: expired"])
    }

    @Test func `a flood of events of one kind suppresses no other kind`() {
        let log = Log()
        let limiter = log.limiter(perSecond: 1)
        for _ in 0..<1000 { limiter.take(Self.denial(.noCredentials)) }
        limiter.take(Self.denial(.invalidSignature))
        limiter.take(EngineEvent(.warning, .fetchFailed, "keys"))
        #expect(
            log.take() == ["request_denied: no_credentials", "request_denied: invalid_signature", "fetch_failed: keys"]
        )
    }

    @Test func `a flush reports the suppressed events once`() {
        let log = Log()
        let limiter = log.limiter(perSecond: 1)
        for _ in 0..<3 { limiter.take(Self.denial(.expired)) }
        _ = log.take()
        limiter.flush()
        limiter.flush()
        #expect(log.take() == ["request_denied: and 2 more (expired)"])
        limiter.take(Self.denial(.expired))
        #expect(log.take() == [], "the second is not over")
    }

    @Test func `the number of kinds of events is limited too`() {
        let log = Log()
        let limiter = log.limiter(perSecond: 1)
        for number in 0..<10_000 { limiter.take(Self.denial(.init(rawValue: "reason-\(number)"))) }
        #expect(log.take().count <= 257)
    }

    @Test func `the last events of a burst are reported even if no event follows`() async throws {
        let lines = Lock<[String]>([])
        let limiter = EventLimiter(perSecond: 2) { event in lines.withLock { $0.append(event.message) } }
        for number in 0..<5 { limiter.take(EngineEvent(.info, .purged, "\(number)")) }
        for _ in 0..<300 where lines.withLock({ $0.count }) < 3 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(lines.withLock { $0 } == ["0", "1", "and 3 more"])
    }
}
