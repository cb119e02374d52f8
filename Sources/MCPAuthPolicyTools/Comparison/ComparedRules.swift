// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
package import MCPAuthPolicy

/// A policy with the text from which it was made.
package struct PolicyText: Sendable {
    package let policy: CompiledPolicy
    let document: JSON

    /// - Throws: `ConfigurationError` if the text is not a policy.
    package init(file: String, bytes: [UInt8], sha256: String = "") throws {
        policy = try CompiledPolicy(file: file, bytes: bytes, sha256: sha256)
        document = JSON(try JSONDocument(parsing: bytes, limits: .file).root)
    }

    /// Each rule without its name and comments: what it decides.
    ///
    /// - Parameter position: The position of the file, because its scopes that imply others are for its own rules.
    fileprivate func contents(_ position: Int) -> [Content] {
        let names: Set<String> = ["id", "description", "$comment"]
        let isEnforced = document["enforce"]?.boolean ?? true
        return (document["rules"]?.elements ?? []).map { rule in
            var members = (rule.members ?? [:]).filter { !names.contains($0.key) }
            // The file in shadow mode puts its rules in shadow mode.
            members["enforce"] = .boolean(isEnforced && members["enforce"]?.boolean ?? true)
            return Content(position, members)
        }
    }

    /// What a rule decides, as bytes: texts are compared byte by byte, as requests are.
    struct Content: Hashable {
        private let file: Int
        private let rule: [UInt8]
        private let ruleWithoutCondition: [UInt8]
        /// Whether the rule takes part in the choice of what a challenge asks for.
        let asksForSomething: Bool

        fileprivate init(_ file: Int, _ rule: [String: JSON]) {
            self.file = file
            self.rule = JSON.object(rule).encoded()
            ruleWithoutCondition = JSON.object(rule.filter { $0.key != "when" }).encoded()
            asksForSomething =
                rule["effect"] != "deny" && ["scopes", "acr", "max_age_seconds"].contains { rule[$0] != nil }
        }

        func isSame(apartFromCondition other: Content) -> Bool {
            file == other.file && ruleWithoutCondition == other.ruleWithoutCondition
        }
    }

    /// What the file says beside its rules.
    fileprivate var frame: [UInt8] {
        let frame: JSON = [
            document["required_scopes"] ?? .array([]), document["scope_implies"] ?? .object([:]),
            document["enforce"] ?? true,
        ]
        return frame.encoded()
    }
}

/// The rules of two sets of policies, and which of them both sets have.
struct ComparedRules {
    /// A rule of one side.
    struct Use {
        let rule: PolicyRule
        let policy: CompiledPolicy
        /// The same for a rule that both sides have.
        let number: Int
    }

    /// The old side and the new one.
    let sides: [PolicySet]
    /// For each side, policy and position, the use.
    let uses: [[[Use]]]
    /// The numbers of the rules that only one side has.
    let changed: Set<Int>
    /// The numbers of the rules that both sides have in another order, if that can change what a challenge asks for.
    let moved: Set<Int>
    /// The numbers of changed rules whose condition alone changed, with that of the same rule on the other side.
    let withOtherCondition: [Int: Int]
    /// Whether the files differ beside their rules, so that unchanged rules may decide in another way.
    let isFrameChanged: Bool
    /// Whether a scope implies others in some of the files only.
    let differInImplications: Bool

    init(_ old: [PolicyText], _ new: [PolicyText]) {
        let before = old.enumerated().flatMap { $1.contents($0) }
        let after = new.enumerated().flatMap { $1.contents($0) }
        var changed = Set<Int>()
        var numbers: [[Int]] = [Array(before.indices), Array(repeating: -1, count: after.count)]
        let difference = after.difference(from: before)
        var removed = Set<Int>()
        var inserted = Set<Int>()
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        // Rules in another order allow the same, and may ask for other scopes.
        var moves: [Int: Int] = [:]
        var sources = Dictionary(grouping: removed.sorted().reversed()) { before[$0] }
        for index in inserted.sorted() {
            if let source = sources[after[index]]?.popLast() { moves[index] = source }
        }
        let moved = Set(moves.values)
        changed.formUnion(removed.subtracting(moved))
        var partners: [Int: Int] = [:]
        var position = 0
        for index in after.indices {
            guard inserted.contains(index) else {
                while removed.contains(position) { position += 1 }
                numbers[1][index] = position
                position += 1
                continue
            }
            if let source = moves[index] {
                numbers[1][index] = source
                continue
            }
            let number = before.count + index
            numbers[1][index] = number
            changed.insert(number)
            guard removed.contains(position), !moved.contains(position) else { continue }
            if before[position].isSame(apartFromCondition: after[index]) {
                partners[position] = number
                partners[number] = position
            }
            position += 1
        }
        withOtherCondition = partners
        self.moved = moved.filter { before[$0].asksForSomething }
        uses = zip([old, new], numbers).map { texts, numbers in
            var numbers = numbers[...]
            return texts.map { text in
                text.policy.rules.map { Use(rule: $0, policy: text.policy, number: numbers.popFirst() ?? -1) }
            }
        }
        sides = [PolicySet(old.map(\.policy)), PolicySet(new.map(\.policy))]
        self.changed = changed
        isFrameChanged =
            old.map(\.frame) != new.map(\.frame) || sides[0].shortFormAllows != sides[1].shortFormAllows
        differInImplications = Set((old + new).map(\.policy.scopeTable.implied)).count > 1
    }
}
