// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
package import CoreMetrics
internal import MCPAuthConcurrency
internal import Synchronization

/// Keeps the metrics of this process, and writes them in the text format of Prometheus (version 0.0.4).
///
/// Counters and meters keep one number. A timer is a histogram in seconds; a recorder with aggregation has a sum and a
/// count, one without is a gauge. There are at most ``mostSeries`` series; what is measured beyond is counted only as
/// dropped. It is written here because no library for this format is at hand for this project's platforms.
package final class PrometheusMetrics: MetricsFactory, Sendable {
    /// A name with its labels.
    private struct Series: Hashable {
        let name: String
        let labels: String
    }

    private let series = Lock<[Series: any Measured]>([:])
    private let dropped = PrometheusCounter()
    /// The maximum number of series.
    package static let mostSeries = 10_000

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        made(label, dimensions) { PrometheusCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        made(label, dimensions) { PrometheusGauge() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? made(label, dimensions) { PrometheusHistogram(bounds: []) as PrometheusHistogram }
            : made(label, dimensions) { PrometheusGauge() } as any RecorderHandler
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        made(label, dimensions) { PrometheusHistogram(bounds: PrometheusHistogram.seconds) }
    }

    // A counter must not begin again at 0 when nobody holds it, so nothing is removed.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func made<Kind: Measured>(_ label: String, _ dimensions: [(String, String)], make: () -> Kind) -> Kind {
        let key = Series(name: Self.name(label), labels: Self.labels(dimensions))
        let known: Kind? = series.withLock { series in
            if let known = series[key] { return known as? Kind }
            guard series.count < Self.mostSeries else { return nil }
            let new = make()
            series[key] = new
            return new
        }
        if let known { return known }
        dropped.increment(by: 1)
        return make()
    }

    /// Everything that was measured, and these samples of the moment.
    package func text(adding samples: [Sample] = []) -> String {
        var families: [String: (kind: String, lines: [String])] = [:]
        let measured = series.withLock { $0 }.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
        for (key, value) in measured {
            let lines = value.lines(key.name, key.labels)
            families[key.name, default: (value.kind, [])].lines += lines
        }
        let own = [Sample(.seriesDropped, Double(dropped.value), kind: "counter")]
        for sample in samples + own {
            let name = sample.name.rawValue
            let line = name + Self.braced(Self.labels(sample.labels)) + " " + Self.number(sample.value)
            families[name, default: (sample.kind, [])].lines.append(line)
        }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            if let help = MetricName(rawValue: name)?.help { text += "# HELP \(name) \(help)\n" }
            text += "# TYPE \(name) \(family.kind)\n"
            for line in family.lines { text += line + "\n" }
        }
        return text
    }

    /// A number that is read when the metrics are asked for.
    package struct Sample: Sendable {
        let name: MetricName
        let value: Double
        let labels: [(String, String)]
        let kind: String

        package init(_ name: MetricName, _ value: Double, _ labels: [(String, String)] = [], kind: String = "gauge") {
            self.name = name
            self.value = value
            self.labels = labels
            self.kind = kind
        }
    }

    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    /// A name with the characters that Prometheus accepts.
    static func name(_ label: String) -> String {
        let bytes = label.utf8.enumerated().map { index, byte in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, UInt8(ascii: "_"), UInt8(ascii: ":"): byte
            case 0x30...0x39 where index > 0: byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// By scalars: a combining mark makes one character of a quotation mark and itself.
    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }.map { name, value in
            "\(Self.name(name))=\"\(escaped(value))\""
        }.joined(separator: ",")
    }
}
#endif
