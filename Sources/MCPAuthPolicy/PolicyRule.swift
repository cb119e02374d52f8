// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON

/// What a rule does when it applies.
package enum Effect: String, Sendable, CaseIterable {
    case allow
    case deny
    case require
}

/// The kind of subject that a token represents.
package enum SubjectKind: String, Sendable, CaseIterable {
    /// A user, through a client.
    case user
    /// A client that acts for itself.
    case client
    /// Every caller, also one without a token; for allow rules only.
    case anyone

    /// A token without a subject, or whose subject is its client, represents the client (RFC 9068 section 2.2).
    package init(_ authInfo: AuthInfo) {
        guard let subject = authInfo.subject else {
            self = .client
            return
        }
        self = authInfo.clientID.map(subject.isExactly) ?? false ? .client : .user
    }
}

/// One rule of a policy; immutable, and a class so that passing it around does not copy its parts.
package final class PolicyRule: Sendable {
    package let id: String
    /// The id in an array, made once to avoid allocations.
    let ids: [String]
    package let effect: Effect
    /// False in shadow mode, in which the rule decides nothing.
    package let isEnforced: Bool
    package let targets: Targets
    package let allScopes: ScopeSet
    package let anyScopes: ScopeSet
    package let issuers: Set<ExactString>?
    package let clientIDs: Set<ExactString>?
    package let subjectKind: SubjectKind?
    let signIn: SignInDemand?
    package var acrValues: [String]? { signIn?.acrValues }
    package var maxAge: Int? { signIn?.maxAge }
    package let requiresProof: Bool
    package let condition: Condition?
    /// The position of the rule in its file.
    package let pointer: JSONPointer
    private let allBits: ScopeBits
    private let anyBits: ScopeBits
    // Most rules leave out most keys; these flags skip the checks that a rule does not need.
    private let limitsHTTP: Bool
    private let namesScopes: Bool
    package let demandsSignIn: Bool
    /// Whether its truth depends on its condition.
    let hasCondition: Bool
    package let readsClaims: Bool
    package let readsArguments: Bool
    package let readsCaptures: Bool
    private let captures: CaptureTable?
    /// Whether the rule is for every caller with a token.
    package let isForEverybody: Bool

    init(_ parts: Parts, scopes table: inout ScopeTable, arguments: inout ArgumentTable) {
        id = parts.id
        ids = [parts.id]
        effect = parts.effect
        isEnforced = parts.isEnforced
        targets = parts.targets
        allScopes = parts.allScopes
        anyScopes = parts.anyScopes
        issuers = parts.issuers
        clientIDs = parts.clientIDs
        subjectKind = parts.subjectKind
        signIn = parts.signIn
        requiresProof = parts.requiresProof
        condition = parts.condition?.resolved(in: &arguments)
        pointer = parts.pointer
        allBits = table.bits(naming: parts.allScopes)
        anyBits = table.bits(naming: parts.anyScopes)
        limitsHTTP = !parts.targets.httpMethods.isEmpty || !parts.targets.paths.isEmpty
        namesScopes = !parts.allScopes.isEmpty || !parts.anyScopes.isEmpty
        demandsSignIn = parts.signIn != nil
        hasCondition = parts.condition != nil && !parts.requiresProof
        let keys = Set(parts.condition?.references.map(\.key) ?? [])
        readsClaims = !keys.isDisjoint(with: [.claim, .rawClaim])
        readsArguments = keys.contains(.argument)
        readsCaptures = keys.contains(.capture)
        captures = readsCaptures ? CaptureTable(parts.targets) : nil
        isForEverybody =
            parts.issuers == nil && parts.clientIDs == nil && [nil, .anyone].contains(parts.subjectKind)
    }

    /// The parts of a rule, as read from its file.
    struct Parts {
        var id: String
        var effect: Effect
        var isEnforced: Bool
        var targets: Targets
        var allScopes: ScopeSet
        var anyScopes: ScopeSet
        var issuers: Set<ExactString>?
        var clientIDs: Set<ExactString>?
        var subjectKind: SubjectKind?
        var signIn: SignInDemand?
        var requiresProof: Bool
        var condition: Condition?
        var pointer: JSONPointer
    }

    /// Whether the rule must be evaluated for an operation.
    ///
    /// When it is unknown whether the rule is about this operation, a deny or require rule counts, and an allow rule
    /// does not.
    package func isAbout(_ request: ProtectedResourceRequest, _ message: MCPMessage?) -> Bool {
        switch targets.match(request, message, isAgainstCaller: effect != .allow) {
        case .yes: true
        case .no: false
        case .unknown: effect != .allow
        }
    }

    /// The same for a rule that the index found.
    ///
    /// When a rule is found in several ways, true for at most one of them.
    func isAbout(
        _ request: ProtectedResourceRequest,
        found hit: RuleIndex.Hit,
        _ method: String,
        _ name: String
    ) -> Bool {
        switch hit {
        case .certain: matchesHTTP(request)
        case .byMethod: targets.hasMethod(method) && matchesHTTP(request)
        case .byName(let object):
            !targets.hasMethod(method) && targets.hasName(name, object) && matchesHTTP(request)
        case .byURI(let pattern):
            !targets.hasMethod(method) && targets.firstURIPattern(matching: name) == pattern && matchesHTTP(request)
        case .byPath(let pattern):
            targets.hasHTTPMethod(of: request)
                && targets.firstPathPattern(matching: request, isAgainstCaller: effect != .allow) == pattern
        }
    }

    private func matchesHTTP(_ request: ProtectedResourceRequest) -> Bool {
        !limitsHTTP || targets.matchesHTTP(request, isAgainstCaller: effect != .allow)
    }

    /// The scopes of the rule that this caller needs.
    ///
    /// These are all of `all`, and one of `any`: the first that the caller has, else the first that it can obtain, else
    /// the first.
    func namedScopes(_ caller: ScopeHolder) -> ScopeSet {
        guard !anyScopes.isEmpty else { return allScopes }
        let choice = anyScopes.first(where: caller.has) ?? anyScopes.first(where: caller.canObtain)
        return allScopes.union([choice ?? anyScopes.values[0]])
    }

    /// Whether these scopes satisfy the rule.
    package func hasScopes(_ granted: ScopeBits) -> Bool {
        guard namesScopes else { return true }
        return granted.isSuperset(of: allBits) && (anyScopes.isEmpty || granted.intersects(anyBits))
    }

    /// Whether the sign-in satisfies the rule.
    package func hasSignIn(_ claims: ClaimsView, now: NumericDate) -> Bool {
        signIn?.isMet(by: claims, now: now) ?? true
    }

    /// Whether the rule is for this caller.
    ///
    /// Unknown when the rule names clients and the token names none, and when a rule that denies or requires is for some
    /// callers and this one has no token.
    package func isFor(_ authInfo: AuthInfo?) -> Truth {
        guard let authInfo else {
            guard effect != .allow else { return Truth(subjectKind == .anyone) }
            return isForEverybody ? .isTrue : .unknown
        }
        guard !isForEverybody else { return .isTrue }
        if let issuers, !issuers.contains(ExactString(authInfo.issuer.description)) { return .isFalse }
        if let subjectKind, subjectKind != SubjectKind(authInfo) { return .isFalse }
        guard let clientIDs else { return .isTrue }
        return Truth(authInfo.clientID.map { clientIDs.contains(ExactString($0)) })
    }

    /// Whether a rule without a condition is true.
    ///
    /// A rule that requires a proof is false: no verifier of this version accepts a proof.
    var holdsWithoutCondition: Truth { requiresProof ? .isFalse : .isTrue }

    /// Whether the rule is true for these values.
    func holds(_ values: ConditionValues) -> Truth {
        guard hasCondition, let condition else { return holdsWithoutCondition }
        return condition.evaluate(values)
    }

    /// The captures of a request that the rule is about; empty if the condition reads none.
    package func captures(of request: ProtectedResourceRequest, _ message: MCPMessage?) -> [KnownValue] {
        captures?.values(of: targets, request, message, isAgainstCaller: effect != .allow) ?? []
    }
}
