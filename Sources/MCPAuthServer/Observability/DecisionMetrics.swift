// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import CoreMetrics
internal import MCPAuthConcurrency
package import MCPAuthCore

/// Counts decisions by door, resource, decision and reason, and measures how long they took.
package final class DecisionMetrics: Sendable {
    private struct Kind: Hashable {
        let door: String?
        let resource: ResourceIdentifier?
        let reason: Denial.Reason?
    }

    /// Kept, because looking up a counter by its labels takes longer than counting.
    private let counters = Lock<[Kind: Counter]>([:])
    private let timers = Lock<[String?: Timer]>([:])
    /// Modules can name any number of reasons.
    private static let mostKinds = 2000

    package init() {}

    package func take(_ record: DecisionRecord) {
        let reason = record.denial?.reason
        counter(Kind(door: record.door, resource: record.resource, reason: reason)).increment()
        if let seconds = record.seconds { timer(record.door).recordSeconds(seconds) }
    }

    private func counter(_ kind: Kind) -> Counter {
        counters.withLock { counters in
            if let counter = counters[kind] { return counter }
            let isKnown = counters.count < Self.mostKinds
            let counter = Counter(
                label: MetricName.decisions.rawValue,
                dimensions: [
                    ("door", kind.door ?? "host"), ("resource", kind.resource?.description ?? ""),
                    ("decision", kind.reason == nil ? "allow" : "deny"),
                    ("reason", isKnown ? kind.reason?.rawValue ?? "" : "other"),
                ]
            )
            if isKnown { counters[kind] = counter }
            return counter
        }
    }

    private func timer(_ door: String?) -> Timer {
        timers.withLock { timers in
            if let timer = timers[door] { return timer }
            let timer = Timer(label: MetricName.decisionSeconds.rawValue, dimensions: [("door", door ?? "host")])
            timers[door] = timer
            return timer
        }
    }
}
#endif
