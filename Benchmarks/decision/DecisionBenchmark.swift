// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthJSON

/// What a decision costs: uncached beyond OpenSSL's verification of the signature, cached, on two threads, in memory.
///
/// Without arguments it prints a table; `--lines` prints one JSON object for each measurement, and `--fixtures DIR`
/// writes tokens and keys for programs that are measured beside it.
@main
struct DecisionBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "--fixtures", let directory = arguments.dropFirst().first {
            return try Fixtures.write(to: directory)
        }
        let report = Report(asLines: arguments.first == "--lines")
        report.title(
            "median of \(Timing.rounds) rounds, microseconds for one decision about \(Fixtures.claims().encoded().count) bytes of claims"
        )
        for algorithm in [SignatureAlgorithm.rs256, .es256, .edDSA] {
            let subject = try Subject(algorithm)
            let (raw, uncached) = try await subject.rawAndUncached()
            report.line("raw", algorithm, raw)
            report.line("uncached", algorithm, uncached, comparedWith: raw)
        }
        let subject = try Subject(.rs256)
        let (one, two) = try await subject.cachedOnOneAndTwoThreads()
        report.line("cached", .rs256, one)
        report.line("cached-2-threads", .rs256, two, comparedWith: one)
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
            return print("\(padded(what, 18))\(padded(algorithm.rawValue, 8))\(rounded(microseconds))\(difference)")
        }
        let nanoseconds = Int(microseconds * 1000)
        print(#"{"peer":"mcp-auth","what":"\#(what)","algorithm":"\#(algorithm.rawValue)","ns":\#(nanoseconds)}"#)
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
