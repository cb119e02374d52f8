// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// The output of `mcp-auth policy test`.
struct TestReport {
    let showsCoverage: Bool
    private var runs: [(path: String, run: PolicyTestRun)] = []
    private var errors = Diagnostics()

    init(showsCoverage: Bool) {
        self.showsCoverage = showsCoverage
    }

    mutating func add(_ path: String, _ run: PolicyTestRun) {
        runs.append((path, run))
    }

    mutating func add(_ error: ConfigurationError) {
        errors.add(error)
    }

    var hasFailed: Bool { errors.hasErrors || runs.contains { !$0.run.failures.isEmpty } }

    func print(asJSON: Bool) {
        guard !asJSON else { return Output.json(json) }
        errors.print(asJSON: false)
        for (path, run) in runs {
            for failure in run.failures {
                var diagnostics = Diagnostics()
                diagnostics.add(failure.error)
                diagnostics.print(asJSON: false)
                let rules = TraceText(failure.trace).rules(onlyApplicable: true)
                Output.line(rules.isEmpty ? "    no rule applies" : rules)
            }
            let count = run.coverage.count
            let share = showsCoverage ? ", \(count.shown) of \(count.all) covered" : ""
            Output.line("\(path.escaped): \(run.passed) passed, \(run.failures.count) failed\(share)")
            if showsCoverage { for gap in run.coverage.gaps { Output.line("  \(gap)".escaped) } }
        }
    }

    private var json: JSON {
        let files = runs.map { path, run in
            var members: [String: JSON] = [
                "file": .string(path), "passed": .integer(Int64(run.passed)),
                "failures": .array(
                    run.failures.map { ["message": .string("\($0.error)"), "trace": $0.trace.json] as JSON }
                ),
            ]
            if showsCoverage {
                members["coverage"] = [
                    "shown": .integer(Int64(run.coverage.count.shown)), "all": .integer(Int64(run.coverage.count.all)),
                    "gaps": .array(run.coverage.gaps.map { .string("\($0)") }),
                ]
            }
            return JSON.object(members)
        }
        return ["files": .array(files), "errors": errors.json]
    }
}
#endif
