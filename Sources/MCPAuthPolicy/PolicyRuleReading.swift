// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

extension PolicyRule.Parts {
    /// Reads one rule; what can never apply is refused.
    ///
    /// - Throws: ``ConfigurationError`` with the place of the mistake.
    static func read(
        _ value: JSONValue,
        at pointer: JSONPointer,
        in document: DocumentReader
    ) throws(ConfigurationError) -> Self {
        let object = try document.object(value, at: pointer, allowing: PolicyGrammar.rule.keys)
        let id = try object.required("id", try object.string("id"))
        guard !id.isEmpty else { throw object.error(.invalidValue, "`id` is empty", at: "id") }
        let effect = try object.required("effect", try object.word("effect", as: Effect.self))
        let scopes = try object.object("scopes", allowing: PolicyGrammar.ruleScopes.keys)
        if let scopes, scopes.value["all"] == nil, scopes.value["any"] == nil {
            throw object.error(.missingKey, "`scopes` has neither `all` nor `any`", at: "scopes")
        }
        let rule = PolicyRule.Parts(
            id: id,
            effect: effect,
            isEnforced: try object.boolean("enforce") ?? true,
            targets: try Targets.read(object),
            allScopes: try readScopes("all", scopes),
            anyScopes: try readScopes("any", scopes),
            issuers: try object.nonEmptyStrings("issuers").map { Set($0.map { ExactString($0) }) },
            clientIDs: try object.nonEmptyStrings("client_ids").map { Set($0.map { ExactString($0) }) },
            subjectKind: try object.word("subject_kind", as: SubjectKind.self),
            signIn: try SignInDemand.read(object, for: effect),
            requiresProof: try readProof(object, effect),
            condition: try readCondition(object, effect),
            pointer: pointer
        )
        guard effect != .require || rule.demandsSomething else {
            throw object.error(
                .unreachableRule,
                "the rule requires nothing: it has none of `when`, `scopes`, `acr`, `max_age_seconds`, `proof_of_possession`"
            )
        }
        return rule
    }

    private var demandsSomething: Bool {
        condition != nil || !allScopes.isEmpty || !anyScopes.isEmpty || signIn != nil || requiresProof
    }

    private static func readScopes(_ key: String, _ object: ObjectReader?) throws(ConfigurationError) -> ScopeSet {
        guard let object, let values = try object.nonEmptyStrings(key) else { return [] }
        return try object.scopes(values, key)
    }

    private static func readProof(_ object: ObjectReader, _ effect: Effect) throws(ConfigurationError) -> Bool {
        guard let word = try object.string("proof_of_possession") else { return false }
        guard word == "required" else {
            throw object.error(
                .invalidValue,
                "`proof_of_possession` is `\(word.printable)`, expected `required`",
                at: "proof_of_possession"
            )
        }
        guard effect != .deny else {
            throw object.error(
                .conflict,
                "a deny rule demands no proof; write a require rule",
                at: "proof_of_possession"
            )
        }
        return true
    }

    private static func readCondition(
        _ object: ObjectReader,
        _ effect: Effect
    ) throws(ConfigurationError) -> Condition? {
        guard let when = object.value["when"] else { return nil }
        let condition = try Condition.read(when, at: object.pointer.appending("when"), in: object.document)
        // A deny also fires on unknown, so only what is false whatever the claims are makes one useless.
        let isUseless = effect == .deny ? condition.constantTruth == .isFalse : !condition.canBeTrue
        guard !isUseless else {
            throw object.error(.unreachableRule, "the condition is true for no token", at: "when")
        }
        return condition
    }
}

extension Targets {
    static func read(_ object: ObjectReader) throws(ConfigurationError) -> Targets {
        let lists = PolicyGrammar.targetLists.filter { object.value[$0] != nil }
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
        let methods = try object.nonEmptyStrings("mcp_methods") ?? []
        if let stray = methods.first(where: { $0.hasPrefix("@") && $0 != "@basics" }) {
            throw object.error(
                .unknownName,
                "no group of methods is named `\(stray.printable)`, expected `@basics`",
                at: "mcp_methods"
            )
        }
        var targets = Targets()
        targets.matchesAny = word != nil
        targets.includesBasics = methods.contains("@basics")
        targets.methods = try object.globs("mcp_methods", .name).filter { $0.pattern != "@basics" }
        targets.tools = try object.globs("tools", .name)
        targets.prompts = try object.globs("prompts", .name)
        targets.resourceURIs = try object.globs("resource_uris", .path)
        targets.httpMethods = Set(try object.nonEmptyStrings("http_methods") ?? [])
        targets.paths = try object.globs("paths", .path)
        try targets.refuseWhatMatchesNothing(object)
        return targets
    }

    /// Whether there can be a path like it: stars stand for something that is spelled right.
    private static func isSpelledAsPathsAre(_ pattern: String) -> Bool {
        let path = (pattern.hasPrefix("*") ? "/" : "") + pattern.replacing("*", with: "x")
        guard let canonical = RequestPath.canonical(path) else { return false }
        return canonical.isExactly(path) && (path == "/" || !path.hasSuffix("/"))
    }

    private func refuseWhatMatchesNothing(_ object: ObjectReader) throws(ConfigurationError) {
        if let lower = httpMethods.sorted().first(where: { $0 != $0.uppercased() }) {
            throw object.error(
                .unreachableRule,
                "`\(lower.printable)` matches no request: HTTP methods are upper case",
                at: "http_methods"
            )
        }
        if let relative = paths.first(where: { !$0.pattern.hasPrefix("/") && !$0.pattern.hasPrefix("*") }) {
            throw object.error(
                .unreachableRule,
                "`\(relative.pattern.printable)` matches no path: paths begin with `/`",
                at: "paths"
            )
        }
        if let odd = paths.first(where: { !Self.isSpelledAsPathsAre($0.pattern) }) {
            throw object.error(
                .unreachableRule,
                "`\(odd.pattern.printable)` matches no path: paths are compared without a slash at their end, with "
                    + "`:`, `@` and the like as they are, and with other bytes encoded in upper case",
                at: "paths"
            )
        }
        if let dotted = resourceURIs.first(where: { !Targets.isPlain($0.pattern, .resourceURI) }) {
            throw object.error(
                .unreachableRule,
                "`\(dotted.pattern.printable)` has a dot segment, and URIs with dot segments match no rule",
                at: "resource_uris"
            )
        }
        // MCP messages are posted; GET and DELETE are the stream and the end of a session.
        let carriers: Set<String> = ["POST", "GET", "HEAD", "DELETE"]
        if restrictsMCP, !httpMethods.isEmpty, httpMethods.isDisjoint(with: includesBasics ? carriers : ["POST"]) {
            throw object.error(
                .unreachableRule,
                "no request with these methods carries an MCP message; messages are sent with POST",
                at: "http_methods"
            )
        }
    }
}

extension ObjectReader {
    /// A list that is present has something in it; an empty one would make a rule that never applies.
    func nonEmptyStrings(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let values = try strings(key) else { return nil }
        guard !values.isEmpty else {
            throw error(.unreachableRule, "`\(key)` is empty, so nothing matches", at: key)
        }
        return values
    }

    func globs(_ key: String, _ kind: Glob.Kind) throws(ConfigurationError) -> [Glob] {
        var globs: [Glob] = []
        for (index, text) in (try nonEmptyStrings(key) ?? []).enumerated() {
            guard (1...Glob.longest).contains(text.utf8.count) else {
                throw document.error(
                    .invalidValue,
                    "a name or pattern has 1 to \(Glob.longest) bytes",
                    at: pointer.appending(key).appending(String(index))
                )
            }
            globs.append(Glob(text, kind))
        }
        return globs
    }

    func scopes(_ values: [String], _ key: String) throws(ConfigurationError) -> ScopeSet {
        if let bad = values.first(where: { !ScopeSet.isScopeToken($0) }) {
            throw error(.invalidValue, "`\(bad.printable)` is not a scope (RFC 6749 section 3.3)", at: key)
        }
        return ScopeSet(values)
    }
}
