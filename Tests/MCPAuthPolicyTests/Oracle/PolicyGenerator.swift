// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import MCPAuthPolicyTools

@testable import MCPAuthPolicy

/// Random policies and requests from one seed.
///
/// Policies are generated to be valid: unique ids, implications without cycles, no empty lists, a target in every rule,
/// no require without a demand. The loader refuses only those with a condition that no token can meet.
struct PolicyGenerator {
    private typealias Words = PolicyVocabulary

    /// Predicates that are never unknown: removing a claim can make them true.
    static let presence = ["exists", "absent"]
    /// All other predicates on claims: removing the claim makes them unknown.
    static let comparisons = [
        "equals", "in", "contains", "contains_any", "contains_all", "subset_of", "prefix", "suffix", "glob", "lt",
        "lte",
        "gt", "gte",
    ]

    var random: SplitMix64
    private let predicates: [String]
    /// The captures of the patterns of the rule that is generated.
    private var captures: [String] = []

    /// - Parameter testsPresence: Whether conditions use `exists` and `absent`; without them, fewer claims never grant
    ///   more.
    init(seed: UInt64, testsPresence: Bool = true) {
        random = SplitMix64(seed: seed)
        predicates = Self.comparisons + (testsPresence ? Self.presence : [])
    }

    // MARK: - Policies

    /// The policies of one resource.
    mutating func policies() -> [JSON] {
        (0..<random.pick([1, 1, 1, 2, 2, 3])).map { _ in policy() }
    }

    /// One policy, sometimes only the short form.
    mutating func policy() -> JSON {
        var members: [String: JSON] = ["version": 1]
        if random.chance(5) { members["enforce"] = false }
        if random.chance(50) { members["scope_implies"] = implications() }
        let isShort = random.chance(15)
        if isShort || random.chance(10) { members["required_scopes"] = scopeList(most: 2) }
        if !isShort {
            members["rules"] = .array((0..<Int.random(in: 1...7, using: &random)).map { rule(id: "rule-\($0)") })
        }
        return .object(members)
    }

    /// A rule with a random effect.
    mutating func rule(id: String) -> JSON {
        rule(id: id, effect: random.pick(["allow", "allow", "allow", "allow", "require", "deny"]))
    }

    /// A rule with this effect.
    ///
    /// A deny mostly has a condition; otherwise almost nothing would be allowed.
    mutating func rule(id: String, effect: String) -> JSON {
        var members: [String: JSON] = ["id": .string(id), "effect": .string(effect)]
        members.merge(target(), uniquingKeysWith: { first, _ in first })
        captures = Self.captures(of: members)
        members.merge(callers(), uniquingKeysWith: { first, _ in first })
        if random.chance(7) { members["enforce"] = .boolean(random.chance(20)) }
        if random.chance(effect == "allow" ? 35 : 60) { members["when"] = condition(depth: 3) }
        if random.chance(effect == "deny" ? 20 : 55) { members["scopes"] = scopes() }
        if effect != "deny" {
            if random.chance(20) { members["acr"] = .array(random.some(Words.classes, most: 2).map(JSON.string)) }
            if random.chance(20) { members["max_age_seconds"] = random.pick([0, 300, 3600]) }
            if random.chance(6) { members["proof_of_possession"] = "required" }
        }
        if effect == "allow", random.chance(20) {
            members["subject_kind"] = "anyone"
            for key in PolicyGrammar.forVerifiedCallers { members[key] = nil }
        }
        let asks = ["when", "scopes", "acr", "max_age_seconds", "proof_of_possession"]
        if effect == "require", asks.allSatisfy({ members[$0] == nil }) { members["scopes"] = scopes() }
        return .object(members)
    }

    /// A scope implies only scopes that come later in `order`, so there is no cycle.
    private mutating func implications() -> JSON {
        let order = ["admin", "write", "share", "read", "audit"]
        var edges: [String: JSON] = [:]
        for (index, scope) in order.dropLast().enumerated() where random.chance(40) {
            edges[scope] = .array(random.some(Array(order[(index + 1)...]), most: 2).map(JSON.string))
        }
        return edges.isEmpty ? ["write": ["read"]] : .object(edges)
    }

    private mutating func scopes() -> JSON {
        var members: [String: JSON] = [:]
        if random.chance(70) { members["all"] = scopeList(most: 2) }
        if members.isEmpty || random.chance(30) { members["any"] = scopeList(most: 3) }
        return .object(members)
    }

    private mutating func scopeList(most: Int) -> JSON {
        .array(random.some(Words.scopes, most: most).map(JSON.string))
    }

    private mutating func target() -> [String: JSON] {
        if random.chance(30) { return ["targets": "any"] }
        if random.chance(25) { return httpTarget() }
        var members: [String: JSON] = [:]
        let lists = [
            ("mcp_methods", Words.methodPatterns), ("tools", Words.toolPatterns), ("prompts", Words.promptPatterns),
            ("resource_uris", Words.uriPatterns),
        ]
        for (name, entries) in random.some(lists, most: 2) {
            members[name] = .array(random.some(entries, most: 3).map(JSON.string))
        }
        if random.chance(15) {
            // Messages are sent with POST: a rule for messages with other HTTP methods only could never apply.
            members["http_methods"] = .array(["POST"] + (random.chance(30) ? ["GET"] : []))
        }
        if random.chance(15) { members["paths"] = pathList() }
        return members
    }

    private mutating func httpTarget() -> [String: JSON] {
        var members: [String: JSON] = [:]
        if random.chance(60) {
            members["http_methods"] = .array(random.some(Words.httpMethods, most: 3).map(JSON.string))
        }
        if members.isEmpty || random.chance(60) { members["paths"] = pathList() }
        return members
    }

    private mutating func pathList() -> JSON {
        .array(random.some(Words.pathPatterns, most: 2).map(JSON.string))
    }

    private mutating func callers() -> [String: JSON] {
        var members: [String: JSON] = [:]
        if random.chance(10) { members["issuers"] = .array(random.some(Words.issuers, most: 2).map(JSON.string)) }
        if random.chance(10) { members["client_ids"] = .array(random.some(Words.clients, most: 2).map(JSON.string)) }
        if random.chance(8) { members["subject_kind"] = random.pick(["user", "client"]) }
        return members
    }

    // MARK: - Conditions

    /// A condition nested at most this deep.
    mutating func condition(depth: Int) -> JSON {
        if depth == 0 || random.chance(55) { return predicate() }
        if random.chance(25) { return ["not": condition(depth: depth - 1)] }
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in condition(depth: depth - 1) }
        return [random.pick(["all", "any"]): .array(parts)]
    }

    /// One predicate on one value.
    ///
    /// Arguments have the names and values of claims.
    private mutating func predicate() -> JSON {
        let claim = random.pick(Words.claims)
        let name = random.pick(predicates)
        let subject = reference(claim)
        return [subject.key: subject.value, name: operand(of: name, for: claim)]
    }

    private mutating func reference(_ claim: Words.Claim) -> (key: String, value: JSON) {
        if !captures.isEmpty, random.chance(40) { return ("capture", .string(random.pick(captures))) }
        return (random.pick(["claim", "claim", "claim", "raw_claim", "argument", "argument"]), .string(claim.pointer))
    }

    private static func captures(of rule: [String: JSON]) -> [String] {
        let patterns = ["paths", "resource_uris"].flatMap { rule[$0]?.elements ?? [] }.compactMap(\.string)
        let segments = patterns.flatMap { $0.split(separator: "/") }.filter { $0.hasPrefix("{") }
        return Array(Set(segments.map { String($0.dropFirst().dropLast()) })).sorted()
    }

    private mutating func operand(of predicate: String, for claim: Words.Claim) -> JSON {
        if !["exists", "absent", "glob"].contains(predicate), random.chance(30) {
            let operand = reference(random.chance(60) ? claim : random.pick(Words.claims))
            return [operand.key: operand.value]
        }
        switch predicate {
        case "exists", "absent":
            return true
        case "equals", "contains":
            return constant(for: claim)
        case "in", "contains_any", "contains_all", "subset_of":
            var constants: [JSON] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let constant = constant(for: claim)
                if !constants.contains(constant) { constants.append(constant) }
            }
            return .array(constants)
        case "prefix", "suffix":
            return .string(random.pick(Words.affixes))
        case "glob":
            return .string(random.pick(Words.globs))
        default:
            // Only numbers and date-times have an order.
            let ordered = Words.claims.filter { ["/level", "/time", "/auth_time"].contains($0.pointer) }
            let hasOrder = ordered.contains { $0.pointer == claim.pointer }
            return random.pick(hasOrder && random.chance(90) ? claim.constants : ordered.flatMap(\.constants))
        }
    }

    /// A constant that is neither an array nor an object, mostly of the type that the claim should have.
    private mutating func constant(for claim: Words.Claim) -> JSON {
        if random.chance(88) { return random.pick(claim.constants) }
        return random.pick(Words.anything.filter { $0.elements == nil && $0 != ["roles": "editor"] })
    }
}
