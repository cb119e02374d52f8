// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// What a rule does when it applies.
enum Effect: String, Sendable, CaseIterable {
    case allow
    case deny
    case require
}

/// Who a token speaks for.
enum SubjectKind: String, Sendable, CaseIterable {
    /// A person, by way of a client.
    case user
    /// A client for itself.
    case client

    /// A token without subject, or whose subject is its client, is the client's own (RFC 9068 section 2.2).
    init(_ authInfo: AuthInfo) {
        guard let subject = authInfo.subject else {
            self = .client
            return
        }
        self = authInfo.clientID.map(subject.isExactly) ?? false ? .client : .user
    }
}

/// One rule of a policy; immutable, and a class so that it is passed around without copying its parts.
final class PolicyRule: Sendable {
    let id: String
    /// The id alone, made once.
    let ids: [String]
    let effect: Effect
    /// False for shadow mode: the rule decides nothing.
    let isEnforced: Bool
    let targets: Targets
    let allScopes: ScopeSet
    let anyScopes: ScopeSet
    let issuers: Set<ExactString>?
    let clientIDs: Set<ExactString>?
    let subjectKind: SubjectKind?
    let signIn: SignInDemand?
    let requiresProof: Bool
    let condition: Condition?
    /// Where it stands in its file.
    let pointer: JSONPointer
    private let allBits: ScopeBits
    private let anyBits: ScopeBits
    // What a rule does not ask about is most of what it could; these spare a look at it.
    private let limitsHTTP: Bool
    private let namesScopes: Bool
    let demandsSignIn: Bool
    let asksAboutClaims: Bool
    /// Whether the rule is for every caller.
    let isForEverybody: Bool

    init(_ parts: Parts, scopes table: inout ScopeTable) {
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
        condition = parts.condition
        pointer = parts.pointer
        allBits = table.bits(naming: parts.allScopes)
        anyBits = table.bits(naming: parts.anyScopes)
        limitsHTTP = !parts.targets.httpMethods.isEmpty || !parts.targets.paths.isEmpty
        namesScopes = !parts.allScopes.isEmpty || !parts.anyScopes.isEmpty
        demandsSignIn = parts.signIn != nil
        asksAboutClaims = parts.condition != nil && !parts.requiresProof
        isForEverybody = parts.issuers == nil && parts.clientIDs == nil && parts.subjectKind == nil
    }

    /// What a rule is made of.
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

    /// Whether the rule has to be looked at for an operation.
    ///
    /// A rule about an operation that may be this one counts against the caller, never for it.
    func isAbout(_ request: ProtectedResourceRequest, _ message: MCPMessage?) -> Bool {
        switch targets.match(request, message, isAgainstCaller: effect != .allow) {
        case .yes: true
        case .no: false
        case .unknown: effect != .allow
        }
    }

    /// The same for a rule that the index found; of several ways in which it is found, true in one.
    func isAbout(_ request: ProtectedResourceRequest, _ message: MCPMessage?, found finding: RuleIndex.Match) -> Bool {
        switch finding {
        case .certain: matchesHTTP(request)
        case .byMethod(let method): targets.hasMethod(method) && matchesHTTP(request)
        case .byName(let name, let object, let method):
            !targets.hasMethod(method) && targets.hasName(name, object) && matchesHTTP(request)
        case .perhaps: isAbout(request, message)
        }
    }

    private func matchesHTTP(_ request: ProtectedResourceRequest) -> Bool {
        !limitsHTTP || targets.matchesHTTP(request, isAgainstCaller: effect != .allow)
    }

    /// The scopes the rule names, as this caller would have to ask for them.
    ///
    /// Of `any` it is one that the caller has, so that no other is asked for, else the first that it can be asked for,
    /// else the first.
    func namedScopes(_ caller: ScopeHolder) -> ScopeSet {
        guard !anyScopes.isEmpty else { return allScopes }
        let choice = anyScopes.first(where: caller.has) ?? anyScopes.first(where: caller.canObtain)
        return allScopes.union([choice ?? anyScopes.values[0]])
    }

    /// Whether scopes suffice.
    func hasScopes(_ granted: ScopeBits) -> Bool {
        guard namesScopes else { return true }
        return granted.isSuperset(of: allBits) && (anyScopes.isEmpty || granted.intersects(anyBits))
    }

    /// Whether the sign-in is good enough.
    func hasSignIn(_ claims: ClaimsView, now: NumericDate) -> Bool {
        signIn?.isMet(by: claims, now: now) ?? true
    }

    /// Whether the rule is for this caller.
    func isFor(_ authInfo: AuthInfo) -> Truth {
        guard !isForEverybody else { return .isTrue }
        if let issuers, !issuers.contains(ExactString(authInfo.issuer.description)) { return .isFalse }
        if let subjectKind, subjectKind != SubjectKind(authInfo) { return .isFalse }
        guard let clientIDs else { return .isTrue }
        return Truth(authInfo.clientID.map { clientIDs.contains(ExactString($0)) })
    }

    /// What the rule says of every token alike, where it does not ask about claims.
    var holdsForEveryToken: Truth { requiresProof ? .isFalse : .isTrue }

    /// What the rule says of the claims; no verifier of this version accepts a token together with a proof.
    func holds(for claims: ClaimsView) -> Truth {
        guard asksAboutClaims else { return holdsForEveryToken }
        return condition?.evaluate(claims) ?? .isTrue
    }
}
