// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
package import MCPAuthPolicy

/// The results of the tests of one file.
package struct PolicyTestRun: Sendable {
    /// A test whose decision was not the expected one.
    package struct Failure: Sendable {
        /// The name of the test.
        package let name: String
        package let error: ConfigurationError
        /// The trace of the decision.
        package let trace: DecisionTrace
    }

    /// The names of the tests that passed.
    package private(set) var passedNames: [String] = []
    package var passed: Int { passedNames.count }
    package private(set) var failures: [Failure] = []
    package private(set) var coverage: PolicyCoverage

    /// Runs the tests of a file against its policies.
    ///
    /// - Throws: ``ConfigurationError`` when `resource` of the file is not a resource identifier.
    package init(_ file: PolicyTestFile, _ policies: [CompiledPolicy]) async throws {
        coverage = PolicyCoverage(policies)
        for test in file.tests {
            let trial = try PolicyTrial(policies, resource: file.resource, claims: test.claims ?? [:])
            let trace = await trial.decide(
                test.call,
                hasToken: test.claims != nil,
                now: test.now,
                revealingClaims: true
            )
            coverage.add(trace)
            if let disagreement = test.expectation.disagreement(with: trace) {
                failures.append(Failure(name: test.name, error: file.failure(of: test, disagreement), trace: trace))
            } else {
                passedNames.append(test.name)
            }
        }
    }
}

/// Which rules decided a test, and which conditions were both true and false in tests.
package struct PolicyCoverage: Sendable {
    /// A rule or condition that the tests do not cover.
    package struct Gap: Sendable, Hashable, CustomStringConvertible {
        package let file: String
        package let rule: String
        /// The condition, as a JSON Pointer; `nil` when the whole rule decided nothing.
        package let pointer: String?
        package let what: String

        package var description: String {
            "\(file): rule `\(rule.printable)`\(pointer.map { " at \($0)" } ?? "") \(what)"
        }
    }

    private struct Key: Hashable {
        let file: String
        let name: String
    }

    private let rules: [Key]
    private let leaves: [(key: Key, rule: String)]
    private var decisive = Set<Key>()
    private var seen: [Key: Set<RuleFinding.Result>] = [:]

    init(_ policies: [CompiledPolicy]) {
        rules = policies.flatMap { policy in policy.rules.map { Key(file: policy.identity.file, name: $0.id) } }
        leaves = policies.flatMap { policy in
            policy.rules.flatMap { rule in
                rule.leafPointers.map {
                    (Key(file: policy.identity.file, name: $0.description), rule.id)
                }
            }
        }
    }

    mutating func add(_ trace: DecisionTrace) {
        let isAllowed = if case .allow? = trace.decision { true } else { false }
        for finding in trace.rules where finding.result != .notApplicable {
            let decided =
                !finding.isEnforced
                ? trace.wouldDeny.contains(finding.id) || (finding.effect == "allow" && finding.result == .isTrue)
                : isAllowed && finding.effect == "allow"
                    ? finding.result == .isTrue : trace.decidingRules.contains(finding.id)
            if decided { decisive.insert(Key(file: finding.file, name: finding.id)) }
            for leaf in finding.leaves {
                seen[Key(file: finding.file, name: leaf.pointer), default: []].insert(leaf.result)
            }
        }
    }

    /// Every rule that decided no test, and every condition that was not both true and false.
    package var gaps: [Gap] {
        let idle = rules.filter { !decisive.contains($0) }.map {
            Gap(file: $0.file, rule: $0.name, pointer: nil, what: "decided no test")
        }
        let halfSeen = leaves.compactMap { key, rule -> Gap? in
            let missing = [RuleFinding.Result.isTrue, .isFalse].filter { !(seen[key]?.contains($0) ?? false) }
            guard !missing.isEmpty else { return nil }
            let words = missing.map(\.rawValue).joined(separator: " and ")
            return Gap(file: key.file, rule: rule, pointer: key.name, what: "was never \(words)")
        }
        return idle + halfSeen
    }

    /// The number of covered items and of all items: each rule is one item, and each condition is two.
    package var count: (shown: Int, all: Int) {
        let all = rules.count + 2 * leaves.count
        let seenLeaves = leaves.reduce(0) { $0 + (seen[$1.key]?.intersection([.isTrue, .isFalse]).count ?? 0) }
        return (decisive.count + seenLeaves, all)
    }
}
