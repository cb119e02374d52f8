// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// `mcp-auth policy`: checks, tests, explains and compares policies before they are served.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check, test, explain, show, compare and format policies.",
        subcommands: [Lint.self, Test.self, Explain.self, Show.self, Diff.self, Format.self]
    )

    /// `mcp-auth policy lint`.
    struct Lint: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find mistakes, and what is allowed but probably unintended.",
            discussion: "With --config, the policies of a configuration are checked as its resources use them. "
                + "The exit code is 0 when there are only warnings."
        )

        @Option(name: .shortAndLong, help: "A configuration file whose policies are checked.")
        var config: String?

        @Option(help: "`text`, `json`, `sarif` or `github`.")
        var format = ReportFormat.text

        @Argument(help: "Policy files.")
        var files: [String] = []

        func validate() throws {
            guard !files.isEmpty || config != nil else { throw ValidationError("name a policy file or a --config") }
            guard format != .junit else { throw ValidationError("--format junit is for tests") }
        }

        func run() throws {
            var diagnostics = Diagnostics()
            var uses: [(path: String, uses: [PolicyLint.Use])] = files.map { ($0, []) }
            if let config {
                do {
                    let file = try ConfigurationFile(path: config, environment: Input.environment)
                    for warning in file.configuration.warnings { diagnostics.add(warning, isWarning: true) }
                    uses += file.configuration.policyUses
                } catch let error as ConfigurationError {
                    diagnostics.add(error)
                }
            }
            for (path, uses) in uses {
                do {
                    for warning in try PolicyFiles.lint(path, uses: uses) { diagnostics.add(warning, isWarning: true) }
                } catch let error as ConfigurationError {
                    diagnostics.add(error)
                }
            }
            switch format {
            case .text, .junit: diagnostics.print(asJSON: false)
            case .json: diagnostics.print(asJSON: true)
            case .sarif: Output.json(Report.sarif(diagnostics.reportEntries))
            case .github: for entry in diagnostics.reportEntries { Output.line(Report.github(entry).escaped) }
            }
            if diagnostics.hasErrors { throw ProgramExit.invalid }
            if format == .text {
                let count = diagnostics.reportEntries.count
                let warnings = count == 0 ? "" : ", \(count) \(count == 1 ? "warning" : "warnings")"
                Output.line("ok, \(uses.count) \(uses.count == 1 ? "policy" : "policies")\(warnings)")
            }
        }
    }

    /// `mcp-auth policy test`.
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the tests of policies.",
            discussion: "Runs a file whose name ends with `.test.json`; for any other file, the test file next to it."
        )

        @Flag(help: "List rules that decided nothing, and conditions that were not both true and false in the tests.")
        var coverage = false

        @Option(help: "`text`, `json`, `junit`, `sarif` or `github`.")
        var format = ReportFormat.text

        @Argument(help: "Policy or test files.")
        var files: [String]

        func run() async throws {
            var report = TestReport(showsCoverage: coverage)
            for path in files {
                let tests = path.hasSuffix(".test.json") ? path : PolicyFiles.testPath(for: path)
                guard PolicyFiles.exists(tests) else {
                    report.add(ConfigurationError(.unreadableFile, "there are no tests at `\(tests.printable)`"))
                    continue
                }
                do {
                    report.add(tests, try await PolicyFiles.run(testsAt: tests))
                } catch let error as ConfigurationError {
                    report.add(error)
                }
            }
            report.print(format)
            if report.hasFailed { throw ProgramExit.invalid }
        }
    }
}
#endif
