// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// Explains the result of one rule for one message: what it is, which part of the rule decided it, and why.
///
/// It makes the same checks as ``PolicyEvaluation``, but does not stop before it has checked every part of the rule.
struct RuleExplainer {
    /// One part of a rule: its truth, its position in the file, and the reason in words.
    private struct Part {
        let truth: Truth
        let pointer: JSONPointer
        let why: String
    }

    private let policy: CompiledPolicy
    private let rule: PolicyRule
    private let revealsClaims: Bool

    init(_ policy: CompiledPolicy, _ rule: PolicyRule, revealsClaims: Bool) {
        self.policy = policy
        self.rule = rule
        self.revealsClaims = revealsClaims
    }

    func finding(_ input: PolicyInput, _ message: MCPMessage?) -> RuleFinding {
        guard rule.isAbout(input.request, message) else {
            let operation = message?.description ?? input.request.summary
            return finding(.notApplicable, rule.pointer, "it is not about `\(operation)`", [])
        }
        let who = who(input.authInfo)
        if rule.isFor(input.authInfo) == .isFalse, let other = who.first(where: { $0.truth == .isFalse }) {
            return finding(.notApplicable, other.pointer, other.why, [])
        }
        let claims = ClaimsView(input.authInfo.claims)
        var leaves: [RuleFinding.Leaf] = []
        // A require rule that may be for this caller counts as if it were.
        let parts =
            (rule.effect == .require ? [] : who) + proof() + condition(claims, &leaves) + scopes(input)
            + signIn(claims, input.now)
        let truth = Truth.all(parts, \.truth)
        let decisive = parts.first { $0.truth == .isFalse } ?? parts.first { $0.truth == .unknown }
        let why = decisive?.why ?? (parts.isEmpty ? "it has no conditions" : parts.map(\.why).joined(separator: "; "))
        return finding(truth.result, decisive?.pointer ?? rule.pointer, why, leaves)
    }

    private func finding(
        _ result: RuleFinding.Result,
        _ pointer: JSONPointer,
        _ why: String,
        _ leaves: [RuleFinding.Leaf]
    ) -> RuleFinding {
        RuleFinding(
            file: policy.identity.file,
            id: rule.id,
            effect: rule.effect.rawValue,
            isEnforced: rule.isEnforced,
            result: result,
            pointer: pointer.description,
            why: why,
            leaves: leaves
        )
    }

    private func who(_ authInfo: AuthInfo) -> [Part] {
        var parts: [Part] = []
        if let issuers = rule.issuers {
            let isNamed = issuers.contains(ExactString(authInfo.issuer.description))
            parts.append(part(Truth(isNamed), "issuers", "the issuer is \(isNamed ? "" : "not ")one of them"))
        }
        if let kind = rule.subjectKind {
            let found = SubjectKind(authInfo)
            parts.append(part(Truth(found == kind), "subject_kind", "the token represents a \(found.rawValue)"))
        }
        if let clientIDs = rule.clientIDs {
            let isNamed = authInfo.clientID.map { clientIDs.contains(ExactString($0)) }
            let words = isNamed.map { "the client is \($0 ? "" : "not ")one of them" } ?? "the token names no client"
            parts.append(part(Truth(isNamed), "client_ids", words))
        }
        return parts
    }

    private func proof() -> [Part] {
        rule.requiresProof ? [part(.isFalse, "proof_of_possession", "the token came without a proof")] : []
    }

    private func scopes(_ input: PolicyInput) -> [Part] {
        guard !rule.allScopes.isEmpty || !rule.anyScopes.isEmpty else { return [] }
        let granted = policy.scopeTable.granted(by: input.authInfo.scopes)
        guard !rule.hasScopes(granted) else { return [part(.isTrue, "scopes", "the scopes suffice")] }
        let holder = ScopeHolder(input.authInfo, policy)
        let missing = holder.missing(rule.namedScopes(holder))
        let beyond = ScopeSet(missing.filter { !holder.isGrantable($0) })
        let bounds = beyond.isEmpty ? "" : ", and its issuer may not grant `\(beyond)` here"
        return [part(.isFalse, "scopes", "the token lacks scope `\(missing)`\(bounds)")]
    }

    private func signIn(_ claims: ClaimsView, _ now: NumericDate) -> [Part] {
        guard let signIn = rule.signIn else { return [] }
        let key = signIn.acrValues == nil ? "max_age_seconds" : "acr"
        let isMet = signIn.isMet(by: claims, now: now)
        let words = isMet ? "the sign-in is good enough" : "the sign-in is too old, too weak or unknown"
        return [part(Truth(isMet), key, words)]
    }

    private func part(_ truth: Truth, _ key: String, _ why: String) -> Part {
        Part(truth: truth, pointer: rule.pointer.appending(key), why: why)
    }

    private func condition(_ claims: ClaimsView, _ leaves: inout [RuleFinding.Leaf]) -> [Part] {
        guard let condition = rule.condition else { return [] }
        return [explain(condition, rule.pointer.appending("when"), claims, &leaves)]
    }

    private func explain(
        _ condition: Condition,
        _ pointer: JSONPointer,
        _ claims: ClaimsView,
        _ leaves: inout [RuleFinding.Leaf]
    ) -> Part {
        switch condition {
        case .all(let conditions):
            let parts = explain(conditions, pointer.appending("all"), claims, &leaves)
            let truth = condition.evaluate(claims)
            let decisive = truth == .isTrue ? nil : parts.first { $0.truth == truth }
            return decisive ?? Part(truth: truth, pointer: pointer, why: "all of \(parts.count) conditions are true")
        case .any(let conditions):
            let parts = explain(conditions, pointer.appending("any"), claims, &leaves)
            let truth = condition.evaluate(claims)
            let decisive = truth == .isFalse ? nil : parts.first { $0.truth == truth }
            return decisive ?? Part(truth: truth, pointer: pointer, why: "none of \(parts.count) conditions is true")
        case .not(let inner):
            let part = explain(inner, pointer.appending("not"), claims, &leaves)
            return Part(truth: condition.evaluate(claims), pointer: part.pointer, why: "not: \(part.why)")
        case .predicate(let reference, let predicate):
            let truth = reference.truth(of: predicate, in: claims)
            leaves.append(RuleFinding.Leaf(pointer: pointer.description, result: truth.result))
            return Part(truth: truth, pointer: pointer, why: words(reference, predicate, claims, truth))
        }
    }

    private func explain(
        _ conditions: [Condition],
        _ pointer: JSONPointer,
        _ claims: ClaimsView,
        _ leaves: inout [RuleFinding.Leaf]
    ) -> [Part] {
        var parts: [Part] = []
        for (index, condition) in conditions.enumerated() {
            parts.append(explain(condition, pointer.appending(String(index)), claims, &leaves))
        }
        return parts
    }

    private func words(
        _ reference: Condition.ClaimReference,
        _ predicate: Predicate,
        _ claims: ClaimsView,
        _ truth: Truth
    ) -> String {
        let claim = "the \(reference.isRaw ? "token's own " : "")claim `\(reference.pointer.description.printable)`"
        guard let value = reference.value(in: claims) else {
            return truth == .unknown && claims.isHidden(at: reference.pointer, raw: reference.isRaw)
                ? "\(claim) is inside a value that cannot be represented" : "\(claim) is missing"
        }
        let shown =
            revealsClaims ? "`\(String(decoding: value.json.encoded(), as: UTF8.self).printable)`" : "<redacted>"
        switch truth {
        case .isTrue: return "\(claim) is \(shown), which matches"
        case .isFalse: return "\(claim) is \(shown), which does not match"
        case .unknown where value.isUnrepresentable: return "\(claim) is \(value.kindInWords)"
        case .unknown:
            return "\(claim) is \(value.kindInWords) (\(shown)), and `\(predicate.name)` needs \(predicate.expectation)"
        }
    }
}

extension ClaimValue {
    fileprivate var kindInWords: String {
        switch self {
        case .view(let value): value.kind.inWords
        case .made(.null): JSONView.Kind.null.inWords
        case .made(.boolean): JSONView.Kind.boolean.inWords
        case .made(.integer), .made(.number): JSONView.Kind.number.inWords
        case .made(.string): JSONView.Kind.string.inWords
        case .made(.array): JSONView.Kind.array.inWords
        case .made(.object): JSONView.Kind.object.inWords
        case .made(.unrepresentable): JSONView.Kind.unrepresentable.inWords
        }
    }
}

extension Predicate {
    /// The operator as written in a policy.
    fileprivate var name: String {
        switch self {
        case .equals: "equals"
        case .isIn: "in"
        case .contains: "contains"
        case .containsAny: "contains_any"
        case .containsAll: "contains_all"
        case .subsetOf: "subset_of"
        case .prefix: "prefix"
        case .suffix: "suffix"
        case .glob: "glob"
        case .exists: "exists"
        case .absent: "absent"
        case .compare(let comparison, _): comparison.rawValue
        }
    }

    /// The kind of value that it needs to be true or false.
    fileprivate var expectation: String {
        switch self {
        case .equals, .isIn: "a value of the type that it is compared with"
        case .contains, .containsAny, .containsAll, .subsetOf: "an array of values of the type that it looks for"
        case .prefix, .suffix, .glob: "a string"
        case .exists, .absent: "nothing"
        case .compare(_, .number): "a number"
        case .compare(_, .time): "a date-time (RFC 3339)"
        }
    }
}

extension PolicyRule {
    /// The positions of the conditions on claims, in file order.
    package var leafPointers: [JSONPointer] {
        condition.map { Self.leafPointers($0, pointer.appending("when")) } ?? []
    }

    private static func leafPointers(_ condition: Condition, _ pointer: JSONPointer) -> [JSONPointer] {
        func nested(_ conditions: [Condition], _ key: String) -> [JSONPointer] {
            conditions.enumerated().flatMap {
                leafPointers($0.element, pointer.appending(key).appending(String($0.offset)))
            }
        }
        switch condition {
        case .all(let conditions): return nested(conditions, "all")
        case .any(let conditions): return nested(conditions, "any")
        case .not(let inner): return leafPointers(inner, pointer.appending("not"))
        case .predicate: return [pointer]
        }
    }
}

extension Truth {
    fileprivate var result: RuleFinding.Result {
        switch self {
        case .isTrue: .isTrue
        case .isFalse: .isFalse
        case .unknown: .unknown
        }
    }
}
