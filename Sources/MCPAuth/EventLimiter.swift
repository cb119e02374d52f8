// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
public import MCPAuthCore

/// Passes on a limited number of events of each kind per second, and reports how many more there were.
///
/// Anyone who can send requests can cause events, and so fill the disk of a log that accepts all of them. Events of one
/// kind have the same code and, for denials, the same reason. Metrics must count events before this limiter.
///
/// ```swift
/// let limiter = EventLimiter { event in logger.info("\(event)") }
/// configuration.onEvent = limiter.take
/// ```
public final class EventLimiter: Sendable {
    private struct Kind: Hashable {
        let code: EngineEvent.Code
        let reason: Denial.Reason?
    }

    private struct Window {
        var start: ContinuousClock.Instant
        var passed = 0
        var held = 0
        var level: EngineEvent.Level
    }

    private let perSecond: Int
    private let handler: EngineEventHandler
    private let now: @Sendable () -> ContinuousClock.Instant
    private let windows = Lock<[Kind: Window]>([:])

    /// - Parameters:
    ///   - perSecond: The number of events of a kind that are passed on per second; at least 1.
    ///   - handler: Receives the events that are passed on.
    public convenience init(perSecond: Int = 10, to handler: @escaping EngineEventHandler) {
        self.init(perSecond: perSecond, now: { .now }, to: handler)
    }

    init(
        perSecond: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        to handler: @escaping EngineEventHandler
    ) {
        self.perSecond = max(1, perSecond)
        self.now = now
        self.handler = handler
    }

    /// Passes an event on, unless there were too many of its kind in this second.
    @Sendable public func take(_ event: EngineEvent) {
        let time = now()
        let (isPassed, isFirstHeld, summary) = windows.withLock { windows in
            let kind = kind(of: event, windows)
            var window = windows[kind] ?? Window(start: time, level: event.level)
            var summary: EngineEvent?
            if window.start.duration(to: time) >= .seconds(1) {
                summary = Self.summary(kind, window)
                window = Window(start: time, level: event.level)
            }
            let isPassed = window.passed < perSecond
            if isPassed { window.passed += 1 } else { window.held += 1 }
            windows[kind] = window
            return (isPassed, window.held == 1, summary)
        }
        // The last events of a burst are reported even when no event follows.
        if isFirstHeld { _ = Alarm.shared.call(at: .now.advanced(by: .seconds(1))) { self.flush() } }
        if let summary { handler(summary) }
        if isPassed { handler(event) }
    }

    /// Reports how many events were held back since the last report.
    ///
    /// The first event of a later second causes this report too; without one, it is made a second later. Call it at the
    /// end of a program.
    public func flush() {
        let summaries = windows.withLock { windows in
            let summaries = windows.compactMap { Self.summary($0.key, $0.value) }
            for kind in windows.keys { windows[kind]?.held = 0 }
            return summaries
        }
        for summary in summaries.sorted(by: { $0.description < $1.description }) { handler(summary) }
    }

    /// Extensions can define any number of reasons, so the number of kinds is limited.
    private func kind(of event: EngineEvent, _ windows: [Kind: Window]) -> Kind {
        let kind = Kind(code: event.code, reason: event.reason)
        return windows.count < 256 || windows[kind] != nil ? kind : Kind(code: event.code, reason: nil)
    }

    private static func summary(_ kind: Kind, _ window: Window) -> EngineEvent? {
        guard window.held > 0 else { return nil }
        let what = kind.reason.map { " (\($0.description.printable))" } ?? ""
        return EngineEvent(window.level, kind.code, "and \(window.held) more\(what)", reason: kind.reason)
    }
}
