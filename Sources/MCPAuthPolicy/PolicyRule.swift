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

/// One rule of a policy.
struct PolicyRule: Sendable {
    let id: String
    let effect: Effect
    /// False for shadow mode: the rule decides nothing.
    let isEnforced: Bool
    let targets: Targets
    let allScopes: ScopeSet
    let anyScopes: ScopeSet
    let issuers: Set<String>?
    let clientIDs: Set<String>?
    let signIn: SignInDemand?
    let condition: Condition?

    /// Whether the rule has to be looked at for an operation.
    ///
    /// A rule about an operation that may be this one counts against the caller, never for it.
    func isAbout(_ operation: PolicyOperation, _ message: MCPMessage?) -> Bool {
        switch targets.match(operation, message) {
        case .yes: true
        case .no: false
        case .unknown: effect != .allow
        }
    }

    /// The scopes the rule names, as a client that has `granted` would have to ask for them.
    ///
    /// Of `any` it is the one the client has, so that no other is asked for, and else the first.
    func namedScopes(having granted: Set<String> = []) -> ScopeSet {
        guard let choice = anyScopes.first(where: granted.contains) ?? anyScopes.values.first else { return allScopes }
        return allScopes.union([choice])
    }

    /// Whether scopes suffice.
    func hasScopes(_ granted: Set<String>) -> Bool {
        allScopes.allSatisfy(granted.contains) && (anyScopes.isEmpty || anyScopes.contains(where: granted.contains))
    }

    /// Whether the sign-in is good enough.
    func hasSignIn(_ input: PolicyInput) -> Bool {
        signIn?.isMet(by: input.authInfo, now: input.now) ?? true
    }

    /// Everything but scopes and sign-in.
    func holds(for authInfo: AuthInfo) -> Truth {
        var truths = [condition?.evaluate(authInfo.claims) ?? .isTrue]
        if let issuers { truths.append(Truth(issuers.contains(authInfo.issuer.description))) }
        if let clientIDs { truths.append(authInfo.clientID.map { Truth(clientIDs.contains($0)) } ?? .unknown) }
        return .all(truths)
    }
}

extension PolicyRule {
    private static let keys = [
        "id", "effect", "enforce", "targets", "mcp_methods", "tools", "http_methods", "paths", "scopes", "when",
        "issuers", "client_ids", "acr", "max_age_seconds",
    ]

    /// Reads one rule.
    ///
    /// - Throws: ``ConfigurationError`` with the place of the mistake.
    static func read(
        _ value: JSONValue,
        at pointer: JSONPointer,
        in document: DocumentReader
    ) throws(ConfigurationError) -> PolicyRule {
        let object = try document.object(value, at: pointer, allowing: keys)
        let id = try object.required("id", try object.string("id"))
        guard !id.isEmpty else { throw object.error(.invalidValue, "`id` is empty", at: "id") }
        var condition: Condition?
        if let when = value["when"] {
            condition = try Condition.read(when, at: pointer.appending("when"), in: document)
        }
        let scopes = try object.object("scopes", allowing: ["all", "any"])
        let effect = try object.required("effect", try object.word("effect", as: Effect.self))
        return PolicyRule(
            id: id,
            effect: effect,
            isEnforced: try object.boolean("enforce") ?? true,
            targets: try readTargets(object),
            allScopes: try readScopes("all", scopes),
            anyScopes: try readScopes("any", scopes),
            issuers: try nonEmpty("issuers", object).map(Set.init),
            clientIDs: try nonEmpty("client_ids", object).map(Set.init),
            signIn: try SignInDemand.read(object, for: effect),
            condition: condition
        )
    }

    private static func readTargets(_ object: ObjectReader) throws(ConfigurationError) -> Targets {
        let lists = ["mcp_methods", "tools", "http_methods", "paths"].filter { object.value[$0] != nil }
        let word = try object.string("targets")
        if let word, word != "any" {
            throw object.error(
                .invalidValue,
                "`targets` is `\(word.printable)`, expected `any` or a list such as `tools`",
                at: "targets"
            )
        }
        if word != nil, let list = lists.first {
            throw object.error(.conflict, "`targets` says any and `\(list)` says which", at: list)
        }
        guard word != nil || !lists.isEmpty else {
            throw object.error(.missingKey, "the rule names no target; for every operation write \"targets\": \"any\"")
        }
        let methods = try nonEmpty("mcp_methods", object) ?? []
        if let stray = methods.first(where: { $0.hasPrefix("@") && $0 != "@basics" }) {
            throw object.error(
                .unknownName,
                "no group of methods is named `\(stray.printable)`, expected `@basics`",
                at: "mcp_methods"
            )
        }
        let httpMethods = try nonEmpty("http_methods", object) ?? []
        if let lower = httpMethods.first(where: { $0 != $0.uppercased() }) {
            throw object.error(
                .unreachableRule,
                "`\(lower.printable)` matches no request: HTTP methods are upper case",
                at: "http_methods"
            )
        }
        let paths = try nonEmpty("paths", object) ?? []
        if let relative = paths.first(where: { !$0.hasPrefix("/") && !$0.hasPrefix("*") }) {
            throw object.error(
                .unreachableRule,
                "`\(relative.printable)` matches no path: paths begin with `/`",
                at: "paths"
            )
        }
        return Targets(
            matchesAny: word != nil,
            methods: methods.filter { $0 != "@basics" }.map { Glob($0, .name) },
            includesBasics: methods.contains("@basics"),
            tools: (try nonEmpty("tools", object) ?? []).map { Glob($0, .name) },
            httpMethods: Set(httpMethods),
            paths: paths.map { Glob($0, .path) }
        )
    }

    private static func readScopes(_ key: String, _ object: ObjectReader?) throws(ConfigurationError) -> ScopeSet {
        guard let object, let values = try nonEmpty(key, object) else { return [] }
        return try scopeSet(values, key, object)
    }

    static func scopeSet(
        _ values: [String],
        _ key: String,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> ScopeSet {
        if let bad = values.first(where: { !ScopeSet.isScopeToken($0) }) {
            throw object.error(.invalidValue, "`\(bad.printable)` is not a scope (RFC 6749 section 3.3)", at: key)
        }
        return ScopeSet(values)
    }

    /// A list that is present has something in it; an empty one would make a rule that never applies.
    private static func nonEmpty(_ key: String, _ object: ObjectReader) throws(ConfigurationError) -> [String]? {
        guard let values = try object.strings(key) else { return nil }
        guard !values.isEmpty else {
            throw object.error(.unreachableRule, "`\(key)` is empty, so nothing matches", at: key)
        }
        return values
    }
}
