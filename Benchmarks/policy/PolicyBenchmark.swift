// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CAllocations
internal import Foundation
internal import MCPAuthCore
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// The cost of a policy: evaluation of a typical one, growth with its rules, growth of routing with the resources, and
/// the time to refuse hostile files and to compare two files.
///
/// Everything is measured in one run on one thread, in processor time; each figure is the median of several rounds.
/// `--comparison` measures only the last; `--lines` prints one JSON object for each of ten decisions instead, and `--decisions` these decisions, for the
/// programs it is compared with.
@main
struct PolicyBenchmark {
    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "--decisions": print(TenDecisions.json)
        case "--lines": try await tenDecisions()
        case "--comparison": try comparison()
        default: try await everything()
        }
    }

    private static func everything() async throws {
        print("median of \(rounds) rounds, processor time, one thread")
        try await evaluation()
        try await arguments()
        try await growthWithRules()
        try growthWithResources()
        try hostileFiles()
        try await hostileArguments()
        try comparison()
    }

    private static let rounds = 11

    private static func evaluation() async throws {
        print("\nevaluation of the policy in the documentation, claims parsed before")
        for (name, input) in try await PolicyFixtures.typicalInputs() {
            let policies = try PolicyFixtures.typical()
            let before = mcp_allocations()
            for _ in 0..<1000 { blackHole(policies.evaluate(input)) }
            let allocations = Double(mcp_allocations() - before) / 1000
            let time = nanoseconds(100_000) { blackHole(policies.evaluate(input)) }
            print("\(padded(name, 44))\(Int(time)) ns, \(allocations) allocations")
        }
    }

    private static func arguments() async throws {
        print("\nan argument of the call, read for one comparison")
        let long = #"{"note":"\#(String(repeating: "x", count: 900))","amount":5000}"#
        let calls = [
            ("amount alone", #"{"amount":5000}"#),
            ("amount among four", #"{"to":"bob","amount":5000,"memo":"x","urgent":true}"#),
            ("amount after a text of 900 bytes", long),
        ]
        for (name, text) in calls {
            let (without, input) = try await PolicyFixtures.argument(isRead: false, text)
            let (with, same) = try await PolicyFixtures.argument(isRead: true, text)
            let before = nanoseconds(100_000) { blackHole(without.evaluate(input)) }
            let after = nanoseconds(100_000) { blackHole(with.evaluate(same)) }
            print("\(padded(name, 44))\(Int(before)) ns, compared \(Int(after)) ns, \(Int(after - before)) more")
        }
    }

    private static func tenDecisions() async throws {
        let policies = try PolicyFixtures.typical()
        for (name, input) in try await TenDecisions.inputs() {
            let time = nanoseconds(20_000) { blackHole(policies.evaluate(input)) }
            let isAllowed = if case .allow = policies.evaluate(input).kind { true } else { false }
            print(
                #"{"peer":"mcp-auth","what":"policy","decision":"\#(name)","allowed":\#(isAllowed),"ns":\#(Int(time))}"#
            )
        }
    }

    private static func growthWithRules() async throws {
        print("\nevaluation as the file grows; the same rules match")
        for kind in PolicyFixtures.RuleKind.allCases {
            var times: [Double] = []
            for count in [10, 100, 1000] {
                let policies = try PolicyFixtures.policies(rules: count, kind)
                let input = try await PolicyFixtures.call(of: kind)
                times.append(nanoseconds(50_000) { blackHole(policies.evaluate(input)) })
            }
            let list = times.map { "\(Int($0))" }.joined(separator: ", ")
            print("\(padded("10, 100, 1,000 \(kind.rawValue)", 44))\(list) ns, ratio \(ratio(times[2], times[0]))")
        }
    }

    private static func growthWithResources() throws {
        print("\nrouting as the resources grow")
        var times: [Double] = []
        for count in [10, 100, 1000, 10_000] {
            let router = try ResourceRouter(try PolicyFixtures.resources(count))
            let requests = PolicyFixtures.requests(among: count)
            var next = 0
            times.append(
                nanoseconds(50_000) {
                    next = (next + 1) % requests.count
                    blackHole(router.route(requests[next]))
                }
            )
        }
        let list = times.map { "\(Int($0))" }.joined(separator: ", ")
        print("\(padded("10, 100, 1,000, 10,000 resources", 44))\(list) ns, ratio \(ratio(times[3], times[0]))")
    }

    private static func hostileFiles() throws {
        print("\nhostile files: code, and time for 128, 256, 512 and 1,024 KiB")
        for attack in HostileFile.allCases {
            var codes = Set<String>()
            let times = [128, 256, 512, 1024].map { size -> Double in
                let bytes = attack.bytes(kilobytes: size)
                return nanoseconds(1) {
                    do throws(ConfigurationError) {
                        blackHole(try CompiledPolicy(file: "hostile.json", bytes: bytes))
                        codes.insert("accepted")
                    } catch {
                        codes.insert(error.code.description)
                    }
                }
            }
            let list = times.map { "\(Int($0 / 1000))" }.joined(separator: ", ")
            print("\(padded(attack.rawValue, 34))\(padded(codes.sorted().joined(separator: " "), 10))\(list) us")
        }
    }

    private static func hostileArguments() async throws {
        print("\nhostile arguments: time for 128, 256, 512 and 1,024 KiB")
        for attack in HostileArguments.allCases {
            let policies = try attack.policy()
            let caller = try await PolicyFixtures.caller([
                "sub": "alice", "list": .array((0..<1000).map { .integer(Int64($0)) }),
            ])
            let times = [128, 256, 512, 1024].map { size in
                let input = PolicyFixtures.input(caller, "t", arguments: attack.text(kilobytes: size))
                return nanoseconds(1) { blackHole(policies.evaluate(input)) }
            }
            let list = times.map { "\(Int($0 / 1000))" }.joined(separator: ", ")
            print("\(padded(attack.rawValue, 44))\(list) us")
        }
        let policies = try HostileArguments.wide.policy()
        let times = [128, 256, 512, 1024].map { size in
            let request = PolicyFixtures.request("t", arguments: HostileArguments.wide.text(kilobytes: size))
            return nanoseconds(1) { blackHole(policies.scopesToRequest(for: request)) }
        }
        let list = times.map { "\(Int($0 / 1000))" }.joined(separator: ", ")
        print("\(padded("the same, the scopes of a challenge", 44))\(list) us")
    }

    /// Nanoseconds for one call of `work`: the median of several rounds of `count` calls.
    private static func comparison() throws {
        print("\nmcp-auth policy diff of 200 rules against 200")
        let resource = try ResourceIdentifier("https://notes.example.com/mcp")
        for files in ComparedFiles.allCases {
            let (old, new) = try files.pair(rules: 200)
            let began = processorTime()
            let result = PolicyComparison(old: [old], new: [new], at: resource, now: NumericDate(1_704_067_200))
            let milliseconds = Int((processorTime() - began) / 1_000_000)
            let counts = "\(result.changes.count) changes, \(result.undecided.count) not decided"
            print("\(padded(files.rawValue, 44))\(milliseconds) ms, \(counts)")
        }
    }

    private static func nanoseconds(_ count: Int, _ work: () -> Void) -> Double {
        let times = (0..<rounds).map { _ in
            let began = processorTime()
            for _ in 0..<count { work() }
            return (processorTime() - began) / Double(count)
        }
        return times.sorted()[rounds / 2]
    }

    private static func processorTime() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func ratio(_ one: Double, _ other: Double) -> String { String(Double(Int(one / other * 100)) / 100) }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

/// Keeps the optimiser from removing what is measured.
@inline(never) private func blackHole(_ value: some Any) {}
