// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON

/// The oracle's input for one request: plain values, so that it shares no model with the compiled evaluator.
struct NaiveRequest {
    /// The claims after the issuer's transformers, an object; `scope` is an array of strings.
    var claims: JSON
    /// The token's own claims, an object.
    var rawClaims: JSON
    var issuer: String
    var subject: String?
    var clientID: String?
    /// The scopes of the token, before any `scope_implies`.
    var scopes: [String]
    /// The scopes that its issuer may grant at the resource; `nil` for no bound.
    var grantable: [String]?
    var method: String
    var path: String
    /// Whether the host treats paths that differ only in case as the same path.
    var ignoresCase: Bool
    var operation: RequestOperation
    /// Seconds since 1970.
    var now: Double
    /// Whether the token was presented with a proof of possession.
    var hasProof: Bool
    /// Whether the caller has a token; without one, `claims` and `rawClaims` are empty objects.
    var hasToken = true
}

/// What the policies decide, without the reasons.
enum NaiveOutcome: Equatable {
    case allow
    /// A plain 403.
    case deny
    /// The scopes of the challenge, as the rules name them.
    case insufficientScope(Set<String>)
    /// The sign-in that would suffice.
    case insufficientAuthentication(acrValues: [String], maxAge: Int?)
}

/// The policy language, implemented directly from its specification; the compiled evaluator is compared with it.
///
/// It walks the JSON of every rule for every message. It has no index, no bit sets and no compiled form, so it cannot
/// repeat a mistake in one of those, and each function can be compared with one sentence of the specification. It
/// assumes that the loader accepted the documents.
struct NaiveEvaluator {
    /// Sentences of the specification that can be read in two ways; the defaults grant less.
    struct Readings {
        /// Whether an allow rule with only `http_methods` and `paths` allows an MCP message that is known.
        ///
        /// By default no: such a rule cannot allow an unknown message, which would make no sense if it could allow
        /// every known one.
        var httpRulesAllowMessages = false
        /// Whether an allow rule in shadow mode stops the short form from allowing.
        ///
        /// By default yes: otherwise putting a rule into shadow mode would let the short form allow everything.
        var shadowAllowStopsShortForm = true
    }

    /// One rule, with the settings of its file that affect it.
    private struct Rule {
        let json: JSON
        let implications: JSON?
        let isEnforced: Bool

        func has(effect: String) -> Bool { json["effect"] == .string(effect) }
    }

    /// What a rule demands of the caller when its other parts are met: scopes and a sign-in.
    private struct Demand {
        /// Every scope to request, including those the caller has: a challenge is complete.
        let scopes: Set<String>
        let missing: Set<String>
        let needsSignIn: Bool
        let acrValues: [String]?
        let maxAge: Int?

        var isMet: Bool { missing.isEmpty && !needsSignIn }
    }

    /// The result for one message, or for a request that has none.
    private enum Verdict {
        /// No scope and no sign-in would help.
        case denied
        /// All demands, met or not: a new token must keep the scopes of this one.
        case demands([Demand])
    }

    private let policies: [JSON]
    private let readings: Readings

    /// The policies of one resource, in order.
    init(policies: [JSON], readings: Readings = Readings()) {
        self.policies = policies
        self.readings = readings
    }

    /// Every message must be allowed; one challenge asks for what all messages need.
    func decide(_ request: NaiveRequest) -> NaiveOutcome {
        var demands: [Demand] = []
        let situations = NaiveSituation.all(of: request.operation)
        if situations.isEmpty { return .deny }
        for situation in situations {
            switch verdict(on: situation, of: request) {
            case .denied: return .deny
            case .demands(let more): demands += more
            }
        }
        if demands.allSatisfy(\.isMet) { return .allow }
        if demands.contains(where: { !$0.missing.isEmpty }) { return scopeChallenge(demands, request) }
        return signInChallenge(demands)
    }

    /// The ids of rules in shadow mode that would have denied the request.
    func wouldDeny(_ request: NaiveRequest) -> Set<String> {
        var ids: Set<String> = []
        for situation in NaiveSituation.all(of: request.operation) {
            for rule in rules() where !rule.isEnforced && countsAgainst(rule, situation, request) {
                if let id = rule.json["id"]?.string { ids.insert(id) }
            }
        }
        return ids
    }

    // MARK: - Rules

    /// All rules in file order, with the short forms written as rules.
    private func rules() -> [Rule] {
        let someRuleAllows = policies.contains { policy in
            (policy["rules"]?.elements ?? []).contains { rule in
                rule["effect"] == .string("allow")
                    && (readings.shadowAllowStopsShortForm || isEnforced(rule, in: policy))
            }
        }
        var rules: [Rule] = []
        for policy in policies {
            var written = policy["rules"]?.elements ?? []
            if let required = policy["required_scopes"] {
                let effects: [JSON] = someRuleAllows ? ["require"] : ["require", "allow"]
                written += effects.map { ["effect": $0, "targets": "any", "scopes": ["all": required]] }
            }
            for rule in written {
                rules.append(
                    Rule(
                        json: rule,
                        implications: policy["scope_implies"],
                        isEnforced: isEnforced(rule, in: policy)
                    )
                )
            }
        }
        return rules
    }

    private func isEnforced(_ rule: JSON, in policy: JSON) -> Bool {
        rule["enforce"] != .boolean(false) && policy["enforce"] != .boolean(false)
    }

    private func verdict(on situation: NaiveSituation, of request: NaiveRequest) -> Verdict {
        let rules = rules().filter(\.isEnforced)
        if rules.contains(where: { $0.has(effect: "deny") && countsAgainst($0, situation, request) }) { return .denied }
        var demands: [Demand] = []
        for rule in rules where rule.has(effect: "require") && reach(of: rule, situation, request) != .no {
            guard let demand = demand(of: rule, situation, request) else { return .denied }
            demands.append(demand)
        }
        let candidates =
            rules
            .filter { $0.has(effect: "allow") && reach(of: $0, situation, request) == .yes }
            .compactMap { demand(of: $0, situation, request) }
        // `min` returns the first of equal elements, so file order breaks ties.
        let best = candidates.min { left, right in
            func rank(_ demand: Demand) -> (Int, Int, Int) {
                let isHopeless = demand.missing.contains { !canBeAsked(for: $0, request) }
                return (isHopeless ? 1 : 0, demand.missing.count, demand.needsSignIn ? 1 : 0)
            }
            return rank(left) < rank(right)
        }
        guard let best else { return .denied }
        return .demands(demands + [best])
    }

    /// Whether the rule applies to this message and this caller.
    private func reach(of rule: Rule, _ situation: NaiveSituation, _ request: NaiveRequest) -> NaiveTruth {
        let target = NaiveTarget(rule: rule.json, httpRulesAllowMessages: readings.httpRulesAllowMessages)
        return .all([target.truth(for: situation, of: request), who(rule.json, request)])
    }

    /// Whether a deny fires or a require is unmet.
    ///
    /// If it is unknown whether a rule applies, it applies.
    private func countsAgainst(_ rule: Rule, _ situation: NaiveSituation, _ request: NaiveRequest) -> Bool {
        if reach(of: rule, situation, request) == .no { return false }
        if rule.has(effect: "deny") {
            let named = namedScopes(of: rule, request)
            let hasScopes = NaiveTruth(named.isSubset(of: expanded(request.scopes, by: rule.implications)))
            return NaiveTruth.all([hasScopes, condition(of: rule.json, situation, request)]) != .no
        }
        if rule.has(effect: "require") {
            return demand(of: rule, situation, request)?.isMet != true
        }
        return false
    }

    /// What the rule demands of the caller; `nil` when no scope and no sign-in can meet it.
    private func demand(of rule: Rule, _ situation: NaiveSituation, _ request: NaiveRequest) -> Demand? {
        guard condition(of: rule.json, situation, request) == .yes else { return nil }
        if rule.json["proof_of_possession"] == .string("required"), !request.hasProof { return nil }
        let named = namedScopes(of: rule, request)
        let maxAge = rule.json["max_age_seconds"]?.double
        let acrValues = rule.json["acr"]?.elements?.compactMap(\.string)
        return Demand(
            scopes: Set(named.map { askedAs($0, rule, request) }),
            missing: named.subtracting(expanded(request.scopes, by: rule.implications)),
            needsSignIn: !isFresh(request, maxAge) || !hasClass(request, acrValues),
            acrValues: acrValues,
            maxAge: maxAge.map { Int($0) }
        )
    }

    private func condition(of rule: JSON, _ situation: NaiveSituation, _ request: NaiveRequest) -> NaiveTruth {
        guard let condition = rule["when"] else { return .yes }
        return NaiveCondition(
            claims: request.claims,
            rawClaims: request.rawClaims,
            // A rule that allows knows nothing of a caller without a token; for others, its claims are missing.
            areClaimsUnknown: !request.hasToken && rule["effect"] == .string("allow"),
            arguments: situation.arguments,
            captures: NaiveCaptures(rule: rule).values(in: situation, of: request),
            foldsCaptures: request.ignoresCase && rule["effect"] != .string("allow")
        ).truth(of: condition)
    }

    // MARK: - Who

    /// A token without a client ID may belong to any client.
    private func who(_ rule: JSON, _ request: NaiveRequest) -> NaiveTruth {
        if !request.hasToken {
            if rule["effect"] == .string("allow") { return NaiveTruth(rule["subject_kind"] == .string("anyone")) }
            let isForSome = ["issuers", "client_ids", "subject_kind"].contains { rule[$0] != nil }
            return isForSome ? .unknown : .yes
        }
        var parts: [NaiveTruth] = []
        if let issuers = rule["issuers"]?.elements {
            parts.append(NaiveTruth(issuers.contains(.string(request.issuer))))
        }
        if let clients = rule["client_ids"]?.elements {
            parts.append(request.clientID.map { NaiveTruth(clients.contains(.string($0))) } ?? .unknown)
        }
        if let kind = rule["subject_kind"]?.string, kind != "anyone" {
            let isClient = request.subject == nil || request.subject == request.clientID
            parts.append(NaiveTruth(kind == (isClient ? "client" : "user")))
        }
        return .all(parts)
    }

    // MARK: - Scopes

    /// The scopes of the rule; of `any`, one that the caller has, else the first that can be requested or the first.
    private func namedScopes(of rule: Rule, _ request: NaiveRequest) -> Set<String> {
        let held = expanded(request.scopes, by: rule.implications)
        var named = Set((rule.json["scopes"]?["all"]?.elements ?? []).compactMap(\.string))
        let alternatives = (rule.json["scopes"]?["any"]?.elements ?? []).compactMap(\.string)
        let chosen =
            alternatives.first(where: held.contains) ?? alternatives.first { canBeAsked(for: $0, request) }
            ?? alternatives.first
        if let chosen { named.insert(chosen) }
        return named
    }

    private func isGrantable(_ scope: String, _ request: NaiveRequest) -> Bool {
        request.grantable.map { $0.contains(scope) } ?? true
    }

    private func canBeAsked(for scope: String, _ request: NaiveRequest) -> Bool {
        scope != "offline_access" && isGrantable(scope, request)
    }

    /// The scope to request: a scope that the issuer may not grant is replaced by one of the token that implies it.
    private func askedAs(_ scope: String, _ rule: Rule, _ request: NaiveRequest) -> String {
        if isGrantable(scope, request) { return scope }
        return request.scopes.first { expanded([$0], by: rule.implications).contains(scope) } ?? scope
    }

    /// The granted scopes and all that they imply in this file.
    private func expanded(_ granted: [String], by implications: JSON?) -> Set<String> {
        var held: Set<String> = []
        var pending = granted
        while let scope = pending.popLast() {
            guard held.insert(scope).inserted else { continue }
            pending += (implications?[scope]?.elements ?? []).compactMap(\.string)
        }
        return held
    }

    /// The challenge for scopes, which never names `offline_access`.
    ///
    /// If nothing else is missing, or the issuer may not grant a missing scope, there is none.
    private func scopeChallenge(_ demands: [Demand], _ request: NaiveRequest) -> NaiveOutcome {
        var scopes: Set<String> = []
        var missing: Set<String> = []
        for demand in demands {
            scopes.formUnion(demand.scopes)
            missing.formUnion(demand.missing)
        }
        if missing.contains(where: { !isGrantable($0, request) }) { return .deny }
        scopes.remove("offline_access")
        missing.remove("offline_access")
        return missing.isEmpty ? .deny : .insufficientScope(scopes)
    }

    // MARK: - Sign-in

    private func hasClass(_ request: NaiveRequest, _ acrValues: [String]?) -> Bool {
        guard let acrValues else { return true }
        guard let acr = request.claims["acr"]?.string else { return false }
        return acrValues.contains(acr)
    }

    private func isFresh(_ request: NaiveRequest, _ maxAge: Double?) -> Bool {
        guard let maxAge else { return true }
        guard let signedIn = request.claims["auth_time"]?.double else { return false }
        return signedIn <= request.now + 60 && request.now - signedIn <= maxAge
    }

    /// One sign-in for all demands; when no `acr` value meets all of them, there is no challenge.
    private func signInChallenge(_ demands: [Demand]) -> NaiveOutcome {
        let lists = demands.compactMap(\.acrValues)
        let common = (lists.first ?? []).filter { value in lists.allSatisfy { $0.contains(value) } }
        if common.isEmpty, !lists.isEmpty { return .deny }
        return .insufficientAuthentication(acrValues: common, maxAge: demands.compactMap(\.maxAge).min())
    }
}
