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

    func print(_ format: ReportFormat) {
        switch format {
        case .text: printText()
        case .json: Output.json(json)
        case .junit: Output.line(junit)
        case .sarif: Output.json(Report.sarif(entries))
        case .github: for entry in entries { Output.line(Report.github(entry).escaped) }
        }
    }

    /// The errors, and the tests that failed.
    private var entries: [ReportEntry] {
        errors.reportEntries
            + runs.flatMap(\.run.failures).map { failure in
                let rules = TraceText(failure.trace).rules(onlyApplicable: true)
                return ReportEntry(error: failure.error, isWarning: false, details: rules)
            }
    }

    /// One test suite for each file, and one for files that could not be run.
    private var junit: String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites>"]
        if !errors.isEmpty {
            let count = errors.reportEntries.count
            lines.append(#"<testsuite name="mcp-auth" tests="\#(count)" failures="0" errors="\#(count)">"#)
            for entry in errors.reportEntries {
                let name = entry.error.location.map { "\($0)" } ?? "\(entry.error.code)"
                lines.append(#"<testcase name="\#(Report.xml(name))"><error type="\#(entry.error.code)" "#)
                lines.append(#"message="\#(Report.xml(entry.error.message))"/></testcase>"#)
            }
            lines.append("</testsuite>")
        }
        for (path, run) in runs {
            let counts = #"tests="\#(run.passed + run.failures.count)" failures="\#(run.failures.count)" errors="0""#
            lines.append(#"<testsuite name="\#(Report.xml(path))" \#(counts)>"#)
            for name in run.passedNames {
                lines.append(#"<testcase classname="\#(Report.xml(path))" name="\#(Report.xml(name))"/>"#)
            }
            for failure in run.failures {
                lines.append(#"<testcase classname="\#(Report.xml(path))" name="\#(Report.xml(failure.name))">"#)
                let rules = TraceText(failure.trace).rules(onlyApplicable: true)
                let text = "\(failure.error)\n\(rules)"
                lines.append(
                    #"<failure message="\#(Report.xml(failure.error.message))">\#(Report.xml(text))</failure>"#
                )
                lines.append("</testcase>")
            }
            lines.append("</testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n")
    }

    private func printText() {
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
