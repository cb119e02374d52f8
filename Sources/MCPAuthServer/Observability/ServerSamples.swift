// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthVerification

/// The metrics that are read when somebody asks for them.
enum ServerSamples {
    typealias Sample = PrometheusMetrics.Sample

    static func all(_ mcpAuth: MCPAuth, _ log: DecisionLog?, _ connections: [(door: String, count: Int)]) -> [Sample] {
        let cache = mcpAuth.tokenCacheStatistics
        var samples = [
            Sample(.generation, Double(mcpAuth.status.generation)),
            Sample(.cacheHits, Double(cache.hits), kind: "counter"),
            Sample(.cacheMisses, Double(cache.misses), kind: "counter"),
            Sample(.cacheEvictions, Double(cache.evictions), kind: "counter"),
            Sample(.cacheEntries, Double(cache.entries)),
        ]
        for (issuer, keys) in mcpAuth.issuerStatus {
            let labels = [("issuer", issuer.description)]
            samples.append(Sample(.issuerUsable, keys.isUsable ? 1 : 0, labels))
            if let seconds = keys.seconds { samples.append(Sample(.keysAge, seconds.rounded(), labels)) }
        }
        // Two listeners may be of one kind.
        let byDoor = Dictionary(connections.map { ($0.door, $0.count) }, uniquingKeysWith: +)
        for (door, count) in byDoor.sorted(by: { $0.key < $1.key }) {
            samples.append(Sample(.connections, Double(count), [("door", door)]))
        }
        if let log { samples.append(Sample(.logWaiting, Double(log.waiting))) }
        return samples + ofProcess
    }

    private static let start = Date().timeIntervalSince1970

    /// Called when the server starts, so that its start is known.
    static func begin() { _ = start }

    private static var ofProcess: [Sample] {
        var samples = [Sample(.startTime, start.rounded())]
        var usage = rusage()
        #if canImport(Glibc)
        let result = unsafe getrusage(__rusage_who_t(0), &usage)
        #else
        let result = unsafe getrusage(RUSAGE_SELF, &usage)
        #endif
        if result == 0 {
            let times = [usage.ru_utime, usage.ru_stime]
            let seconds = times.reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
            samples.append(Sample(.processor, seconds, kind: "counter"))
        }
        // Linux only; elsewhere there are no such files, and these metrics are missing.
        if let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        {
            samples.append(Sample(.memory, pages * Double(sysconf(Int32(_SC_PAGESIZE)))))
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            samples.append(Sample(.openFiles, Double(files.count)))
        }
        return samples
    }
}
#endif
