// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import CoreMetrics
internal import MCPAuthConcurrency
internal import Synchronization

/// What a series has measured.
protocol Measured: AnyObject, Sendable {
    var kind: String { get }
    func lines(_ name: String, _ labels: String) -> [String]
}

final class PrometheusCounter: CounterHandler, Measured {
    private let count = Atomic<Int64>(0)
    let kind = "counter"

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        // A sum that overflows must not end the process: a module chooses the amount.
        count.wrappingAdd(max(0, amount), ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }

    func lines(_ name: String, _ labels: String) -> [String] {
        ["\(name)\(PrometheusMetrics.braced(labels)) \(value)"]
    }
}

final class PrometheusGauge: MeterHandler, RecorderHandler, Measured {
    private let current = Lock(0.0)
    let kind = "gauge"

    func set(_ value: Int64) { current.withLock { $0 = Double(value) } }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func lines(_ name: String, _ labels: String) -> [String] {
        ["\(name)\(PrometheusMetrics.braced(labels)) \(PrometheusMetrics.number(current.withLock { $0 }))"]
    }
}

final class PrometheusHistogram: TimerHandler, RecorderHandler, Measured {
    /// The bounds for times: from 10 µs, about the time that a cached token takes, to 30 s.
    static let seconds = [
        0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
        0.5, 1, 2.5, 5, 10, 30,
    ]

    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Lock<State>
    let kind = "histogram"

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Lock(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func lines(_ name: String, _ labels: String) -> [String] {
        let state = state.withLock { $0 }
        var lines: [String] = []
        var count: Int64 = 0
        let prefix = labels.isEmpty ? "" : labels + ","
        for (bound, more) in zip(bounds, state.counts) {
            count += more
            lines.append("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)")
        }
        count += state.counts[bounds.count]
        lines.append("\(name)_bucket{\(prefix)le=\"+Inf\"} \(count)")
        let braced = PrometheusMetrics.braced(labels)
        lines.append("\(name)_sum\(braced) \(PrometheusMetrics.number(state.sum))")
        lines.append("\(name)_count\(braced) \(count)")
        return lines
    }
}
#endif
