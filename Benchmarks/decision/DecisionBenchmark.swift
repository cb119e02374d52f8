// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthJSON

/// The cost of a decision: uncached beyond OpenSSL's verification of the signature, cached, on two threads, in memory.
///
/// Without arguments it prints a table; `--lines` prints one JSON object for each measurement. `--fixtures DIR` writes
/// tokens and keys for the programs it is compared with, and `--peer DIR` measures with these as those programs do.
@main
struct DecisionBenchmark {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.dropFirst().first) {
        case ("--fixtures", let directory?): try Peer.writeFixtures(to: directory)
        case ("--peer", let directory?): try await Peer.measure(directory)
        default: try await measure(Report(asLines: arguments.first == "--lines"))
        }
    }

    private static func measure(_ report: Report) async throws {
        report.title(
            """
            median of \(Timing.rounds) rounds, microseconds of processor time for one decision about \
            \(Fixtures.claims().encoded().count) bytes of claims
            raw: OpenSSL verifies the same messages, their hash included, with a context that is set up once
            """
        )
        for algorithm in [SignatureAlgorithm.rs256, .es256, .edDSA] {
            let subject = try Subject(algorithm)
            let (raw, uncached) = try await subject.rawAndUncached()
            report.line("raw", algorithm, raw)
            report.line("uncached", algorithm, uncached, comparedWith: raw)
        }
        let subject = try Subject(.rs256)
        let remembered = try await subject.remembered()
        report.line("cached", .rs256, remembered.processor)
        report.line("cached, wall clock", .rs256, remembered.alone)
        report.line("cached, 2 threads, wall clock", .rs256, remembered.together, comparedWith: remembered.alone)
        report.line("cached, 2 engines, wall clock", .rs256, remembered.apart, comparedWith: remembered.alone)
        for shards in [16, 1] {
            let (one, two) = try await Sharding.lookups(shards: shards)
            report.line("cache lookup, 2 threads, \(shards) shards", .rs256, two, comparedWith: one)
        }
        let flood = try await KeyFlood.measure()
        report.flood(flood)
        let megabytes = try await CacheMemory.megabytes(entries: 100_000)
        report.memory(entries: 100_000, megabytes: megabytes)
    }
}

/// Prints measurements for people or for programs.
struct Report {
    let asLines: Bool

    func title(_ text: String) {
        if !asLines { print(text) }
    }

    func line(_ what: String, _ algorithm: SignatureAlgorithm, _ microseconds: Double, comparedWith base: Double? = nil)
    {
        guard asLines else {
            let difference =
                base.map { ", \(rounded(microseconds - $0)) more, ratio \(rounded(microseconds / $0))" } ?? ""
            return print("\(padded(what, 38))\(padded(algorithm.rawValue, 8))\(rounded(microseconds))\(difference)")
        }
        let nanoseconds = Int(microseconds * 1000)
        print(#"{"peer":"mcp-auth","what":"\#(what)","algorithm":"\#(algorithm.rawValue)","ns":\#(nanoseconds)}"#)
    }

    func flood(_ flood: KeyFlood.Result) {
        guard asLines else {
            let ratio = rounded(flood.amid / flood.alone)
            return print(
                "good tokens among 10,000 of unknown keys: \(rounded(flood.amid)) us, alone \(rounded(flood.alone)), "
                    + "ratio \(ratio), \(flood.fetches) fetches"
            )
        }
        let nanoseconds = Int(flood.amid * 1000)
        print(#"{"peer":"mcp-auth","what":"good among unknown keys","algorithm":"RS256","ns":\#(nanoseconds)}"#)
    }

    func memory(entries: Int, megabytes: Double) {
        guard asLines else {
            return print("\(entries) remembered tokens with 450 bytes of claims: \(rounded(megabytes)) MiB")
        }
        print(#"{"peer":"mcp-auth","what":"memory","entries":\#(entries),"mib":\#(rounded(megabytes))}"#)
    }

    private func rounded(_ value: Double) -> String { String(Double(Int(value * 100)) / 100) }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
