// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthPolicy

/// Where the decisions of two sets of policies differ, with a request for each difference.
///
/// The operations are those that the targets of the rules tell apart, and the values of claims and arguments are those
/// that their conditions tell apart. For every operation and every kind of caller, the search either finds a request
/// about which both sides decide differently, or finds that there is none, or says that it did not decide. A batch of
/// messages is allowed if each message is, so messages are compared one at a time. What an issuer may grant, and claims
/// that a mapping or a transformer changes, are outside of policies and not part of the comparison.
package struct PolicyComparison: Sendable {
    /// An operation, and a kind of caller, for which the decision can change.
    package struct Change: Sendable {
        package let witness: PolicyWitness
        /// Other operations to which the same rules apply.
        package let alike: [String]
        /// The number of all such operations that were compared.
        package let alikeCount: Int
    }

    package private(set) var changes: [Change] = []
    /// What was not decided, in words; empty if everything was.
    package private(set) var undecided: [String] = []

    /// How much is tried.
    package struct Effort: Sendable {
        /// The number of partial requests that are tried for one operation and caller.
        package var mostVisits = 20_000
        /// The same for the whole comparison.
        package var mostVisitsInAll = 100_000
        /// The number of requests that are then tried at random.
        package var samples = 500
        /// The same for the whole comparison.
        package var samplesInAll = 20_000
        /// Whether one difference is enough.
        package var stopsAtFirst = false

        package init() {}
    }

    /// Compares policies that are evaluated together as those of one resource.
    ///
    /// - Parameter now: The time of every request.
    package init(
        old: [PolicyText],
        new: [PolicyText],
        at resource: ResourceIdentifier,
        now: NumericDate,
        effort: Effort = Effort()
    ) {
        let rules = ComparedRules(old, new)
        guard !rules.changed.isEmpty || !rules.moved.isEmpty || rules.isFrameChanged else { return }
        let operations = ComparedOperations(rules.sides.flatMap(\.policies))
        undecided = operations.gaps
        var spent = Spent()
        for group in OperationGroup.all(operations.operations, rules) {
            // A group that no changed rule is about has the same decisions.
            guard rules.isFrameChanged || group.uses.joined().contains(where: { $0.isChanged || $0.isMoved }) else {
                continue
            }
            compare(group, rules, resource, now, effort, &spent)
            if effort.stopsAtFirst, !changes.isEmpty { break }
        }
        undecided = undecided.uniqued
    }

    /// What was tried so far.
    private struct Spent {
        var visits = 0
        var samples = 0
    }

    private mutating func compare(
        _ group: OperationGroup,
        _ rules: ComparedRules,
        _ resource: ResourceIdentifier,
        _ now: NumericDate,
        _ effort: Effort,
        _ spent: inout Spent
    ) {
        let operation = group.operation
        let values = SearchValues(rules, group.uses, at: resource, now: now)
        guard let callers = values.callers else {
            undecided.append("\(operation.call.text): the rules name too many callers to try all")
            return
        }
        // What is allowed matters most, and a call with arguments tells most.
        let requests = (operation.takesArguments ? [true, false] : [false])
        let questions: [DecisionSearch.Question] = effort.stopsAtFirst ? [.whatIsNeeded] : [.isAllowed, .whatIsNeeded]
        let searches = questions.flatMap { question in
            requests.map { (question, knowsArguments: $0) }
        }
        for caller in callers {
            var isDecided = true
            var witness: PolicyWitness?
            for (question, knowsArguments) in searches where witness == nil {
                var search = DecisionSearch(
                    rules,
                    operation,
                    values,
                    caller,
                    question,
                    knowsArguments: knowsArguments,
                    at: resource,
                    now: now,
                    mostVisits: min(effort.mostVisits, effort.mostVisitsInAll - spent.visits),
                    samples: min(effort.samples, effort.samplesInAll - spent.samples)
                )
                let outcome = search.run()
                spent.visits += search.visits
                spent.samples += search.sampled
                switch outcome {
                case .same: continue
                case .undecided: isDecided = false
                case .different(let found): witness = found
                }
            }
            if let witness {
                changes.append(Change(witness: witness, alike: group.alike, alikeCount: group.count))
                if effort.stopsAtFirst { return }
            } else if !isDecided {
                undecided.append("\(operation.call.text): the rules have too many combinations of values to try all")
            }
        }
        undecided += values.gaps.map { "\(operation.call.text): \($0)" }
    }
}

/// Operations to which the same rules apply, with the same captures.
struct OperationGroup {
    let operation: ComparedOperation
    /// For each side, the rules about the operations.
    let uses: [[SearchValues.Use]]
    fileprivate(set) var alike: [String] = []
    fileprivate(set) var count = 1

    private static let mostNamed = 3

    /// What rules tell apart about operations.
    private struct Key: Hashable {
        var rules: [Int] = []
        var captures: [String?] = []
        var takesArguments = false
    }

    static func all(_ operations: [ComparedOperation], _ rules: ComparedRules) -> [OperationGroup] {
        var groups: [OperationGroup] = []
        var indexes: [Key: Int] = [:]
        for operation in operations {
            let uses = matched(operation, rules)
            var key = Key(takesArguments: operation.takesArguments)
            for side in uses {
                for use in side {
                    key.rules.append(use.number)
                    for capture in use.captures {
                        if case .known(let value) = capture {
                            key.captures.append(value?.text)
                        } else {
                            key.captures.append(nil)
                        }
                    }
                }
                key.rules.append(-1)
            }
            if let index = indexes[key] {
                groups[index].count += 1
                let text = operation.call.text
                // The same call at another path is not named once more.
                let isNamed = text == groups[index].operation.call.text || groups[index].alike.contains(text)
                if groups[index].alike.count < mostNamed, !isNamed { groups[index].alike.append(text) }
            } else {
                indexes[key] = groups.count
                groups.append(OperationGroup(operation: operation, uses: uses))
            }
        }
        return groups
    }

    private static func matched(_ operation: ComparedOperation, _ rules: ComparedRules) -> [[SearchValues.Use]] {
        let message = operation.message
        let request = operation.request(message)
        return rules.sides.indices.map { side in
            var uses: [(position: Int, use: SearchValues.Use)] = []
            for (policyIndex, policy) in rules.sides[side].policies.enumerated() {
                policy.forEachRule(about: request, message) { rule, position in
                    let number = rules.uses[side][policyIndex][position].number
                    let use = SearchValues.Use(
                        rule: rule,
                        number: number,
                        side: side,
                        policyIndex: policyIndex,
                        isChanged: rules.changed.contains(number),
                        isMoved: rules.moved.contains(number),
                        captures: rule.readsCaptures ? rule.captures(of: request, message) : []
                    )
                    uses.append((policyIndex << 32 | position, use))
                }
            }
            return uses.sorted { $0.position < $1.position }.map(\.use)
        }
    }
}
