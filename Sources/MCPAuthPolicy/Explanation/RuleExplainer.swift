// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// Explains the result of one rule for one message: what it is, which part of the rule decided it, and why.
///
/// It makes the same checks as ``PolicyEvaluation``, but does not stop before it has checked every part of the rule.
struct RuleExplainer {
    /// One part of a rule: its truth, its position in the file, and the reason in words.
    struct Part {
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
        var leaves: [RuleFinding.Leaf] = []
        // A require rule that may be for this caller counts as if it were.
        let parts =
            (rule.effect == .require ? [] : who) + proof() + condition(input, message, &leaves) + scopes(input)
            + signIn(input)
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

    private func who(_ authInfo: AuthInfo?) -> [Part] {
        guard let authInfo else { return whoWithoutToken() }
        var parts: [Part] = []
        if let issuers = rule.issuers {
            let isNamed = issuers.contains(ExactString(authInfo.issuer.description))
            parts.append(part(Truth(isNamed), "issuers", "the issuer is \(isNamed ? "" : "not ")one of them"))
        }
        if let kind = rule.subjectKind, kind != .anyone {
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

    private func whoWithoutToken() -> [Part] {
        let key =
            rule.subjectKind != nil
            ? "subject_kind" : rule.issuers != nil ? "issuers" : rule.clientIDs != nil ? "client_ids" : nil
        let words = "the caller has no token"
        guard rule.effect == .allow || key != nil else { return [] }
        let pointer = key.map { rule.pointer.appending($0) } ?? rule.pointer
        return [Part(truth: rule.isFor(nil), pointer: pointer, why: words)]
    }

    private func proof() -> [Part] {
        rule.requiresProof ? [part(.isFalse, "proof_of_possession", "the token came without a proof")] : []
    }

    private func scopes(_ input: PolicyInput) -> [Part] {
        guard !rule.allScopes.isEmpty || !rule.anyScopes.isEmpty else { return [] }
        let granted = policy.scopeTable.granted(by: input.authInfo?.scopes ?? [])
        guard !rule.hasScopes(granted) else { return [part(.isTrue, "scopes", "the scopes suffice")] }
        let holder = ScopeHolder(input.authInfo, policy)
        let missing = holder.missing(rule.namedScopes(holder))
        let beyond = ScopeSet(missing.filter { !holder.isGrantable($0) })
        let bounds = beyond.isEmpty ? "" : ", and its issuer may not grant `\(beyond)` here"
        let who = input.authInfo == nil ? "the caller has no token, and so lacks" : "the token lacks"
        return [part(.isFalse, "scopes", "\(who) scope `\(missing)`\(bounds)")]
    }

    private func signIn(_ input: PolicyInput) -> [Part] {
        guard let signIn = rule.signIn else { return [] }
        let key = signIn.acrValues == nil ? "max_age_seconds" : "acr"
        let isMet = input.authInfo.map { signIn.isMet(by: ClaimsView($0.claims), now: input.now) } ?? false
        let words = isMet ? "the sign-in is good enough" : "the sign-in is too old, too weak or unknown"
        return [part(Truth(isMet), key, words)]
    }

    private func part(_ truth: Truth, _ key: String, _ why: String) -> Part {
        Part(truth: truth, pointer: rule.pointer.appending(key), why: why)
    }

    private func condition(
        _ input: PolicyInput,
        _ message: MCPMessage?,
        _ leaves: inout [RuleFinding.Leaf]
    ) -> [Part] {
        guard let condition = rule.condition else { return [] }
        let values = ConditionValues(
            claims: input.authInfo.map { ClaimsView($0.claims) } ?? .none,
            areClaimsUnknown: input.authInfo == nil && rule.effect == .allow,
            arguments: policy.argumentTable.values(in: message?.arguments),
            captures: rule.captures(of: input.request, message),
            ignoresCaseOfCaptures: rule.effect != .allow && input.request.ignoresCase
        )
        let explainer = ConditionExplainer(values: values, revealsValues: revealsClaims)
        return [explainer.explain(condition, rule.pointer.appending("when"), &leaves)]
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
    var result: RuleFinding.Result {
        switch self {
        case .isTrue: .isTrue
        case .isFalse: .isFalse
        case .unknown: .unknown
        }
    }
}
