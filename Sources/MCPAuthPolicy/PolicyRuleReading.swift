// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

extension PolicyRule.Parts {
    /// Reads one rule; a rule that can never apply is a mistake.
    ///
    /// - Returns: The id, if there is one, and the rule, if it has no mistake.
    static func read(
        _ value: JSONView,
        at pointer: JSONPointer,
        in document: DocumentReader,
        _ mistakes: inout Mistakes
    ) -> (id: String?, rule: Self?) {
        let before = mistakes.count
        let keys = PolicyGrammar.rule.keys
        guard
            let object = document.object(
                value,
                at: pointer,
                allowing: keys,
                foreign: PolicyWords.rule,
                noting: &mistakes
            )
        else { return (nil, nil) }
        let id = mistakes.noting(try object.required("id", try object.string("id")))
        if id?.isEmpty ?? false { mistakes.add(object.error(.invalidValue, "`id` is empty", at: "id")) }
        let effect = mistakes.noting(
            try object.required("effect", try object.word("effect", as: Effect.self, foreign: PolicyWords.effect))
        )
        let targets = Targets.read(object, &mistakes)
        let scopes = readScopes(object, &mistakes)
        let issuers = mistakes.noting(try object.nonEmptyStrings("issuers"))
        let clientIDs = mistakes.noting(try object.nonEmptyStrings("client_ids"))
        let subjectKind = mistakes.noting(
            try object.word("subject_kind", as: SubjectKind.self, foreign: PolicyWords.subjectKind)
        )
        let signIn = mistakes.noting(try SignInDemand.read(object, for: effect))
        let requiresProof = mistakes.noting(try readProof(object, effect)) ?? false
        let condition = readCondition(object, effect, CaptureTable.names(of: targets), &mistakes)
        if subjectKind == .anyone { refuseTokenKeys(object, effect, &mistakes) }
        guard let id, let effect, mistakes.count == before else { return (id, nil) }
        let rule = PolicyRule.Parts(
            id: id,
            effect: effect,
            isEnforced: mistakes.noting(try object.boolean("enforce")) ?? true,
            targets: targets,
            allScopes: scopes.all,
            anyScopes: scopes.any,
            issuers: issuers.map { Set($0.map { ExactString($0) }) },
            clientIDs: clientIDs.map { Set($0.map { ExactString($0) }) },
            subjectKind: subjectKind,
            signIn: signIn,
            requiresProof: requiresProof,
            condition: condition,
            pointer: pointer
        )
        if effect == .require, !rule.demandsSomething {
            let list = "`when`, `scopes`, `acr`, `max_age_seconds`, `proof_of_possession`"
            mistakes.add(object.error(.unreachableRule, "the rule requires nothing: it has none of \(list)"))
        }
        return (id, mistakes.count == before ? rule : nil)
    }

    /// Refuses what a caller without a token can never have.
    private static func refuseTokenKeys(_ object: ObjectReader, _ effect: Effect?, _ mistakes: inout Mistakes) {
        if let effect, effect != .allow {
            let message =
                "`anyone` is for allow rules; a \(effect.rawValue) rule without `subject_kind` is for every caller"
            mistakes.add(object.error(.conflict, message, at: "subject_kind"))
        }
        for key in PolicyGrammar.forVerifiedCallers where object.value[key] != nil {
            let message = "a rule for `anyone` cannot have `\(key)`: a caller without a token never meets it"
            mistakes.add(object.error(.conflict, message, at: key))
        }
    }

    private var demandsSomething: Bool {
        condition != nil || !allScopes.isEmpty || !anyScopes.isEmpty || signIn != nil || requiresProof
    }

    private static func readScopes(_ object: ObjectReader, _ mistakes: inout Mistakes) -> (all: ScopeSet, any: ScopeSet)
    {
        guard let value = object.value["scopes"] else { return ([], []) }
        let pointer = object.pointer.appending("scopes")
        if value.kind == .string || value.kind == .array {
            let advice = "write `{\"all\": […]}` where all are needed, `{\"any\": […]}` where one is enough"
            let message = "expected an object, found \(value.kind.inWords): \(advice)"
            mistakes.add(object.error(.wrongType, message, at: "scopes"))
            return ([], [])
        }
        guard
            let scopes = object.document.object(
                value,
                at: pointer,
                allowing: PolicyGrammar.ruleScopes.keys,
                foreign: PolicyWords.scopes,
                noting: &mistakes
            )
        else { return ([], []) }
        if value["all"] == nil, value["any"] == nil {
            mistakes.add(scopes.absence(of: ["all", "any"], .missingKey, "`scopes` has neither `all` nor `any`"))
        }
        func read(_ key: String) -> ScopeSet {
            let advice = "; name a scope, or leave it out"
            return mistakes.noting(try scopes.scopes(try scopes.nonEmptyStrings(key, advice) ?? [], key)) ?? []
        }
        return (read("all"), read("any"))
    }

    private static func readProof(_ object: ObjectReader, _ effect: Effect?) throws(ConfigurationError) -> Bool {
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
                "a deny rule cannot demand a proof; write a require rule",
                at: "proof_of_possession"
            )
        }
        return true
    }

    private static func readCondition(
        _ object: ObjectReader,
        _ effect: Effect?,
        _ captures: [String],
        _ mistakes: inout Mistakes
    ) -> Condition? {
        let pointer = object.pointer.appending("when")
        guard let when = object.value["when"],
            let condition = Condition.read(when, at: pointer, in: object.document, capturing: captures, &mistakes)
        else { return nil }
        // A deny rule also fires when its condition is unknown, so only a condition that is always false is useless.
        let isUseless = effect == .deny ? condition.constantTruth == .isFalse : !condition.canBeTrue
        if isUseless { mistakes.add(object.error(.unreachableRule, "the condition can never be true", at: "when")) }
        return condition
    }
}

extension Targets {
    static func read(_ object: ObjectReader, _ mistakes: inout Mistakes) -> Targets {
        let lists = PolicyGrammar.targetLists.filter { object.value[$0] != nil }
        let word = mistakes.noting(try object.string("targets"))
        if let word, word != "any" {
            let message = "`targets` is `\(word.printable)`, expected `any` or a list such as `tools`"
            mistakes.add(object.error(.invalidValue, message, at: "targets"))
        }
        if word != nil, let list = lists.first {
            mistakes.add(object.error(.conflict, "`targets` and `\(list)` are both given", at: list))
        }
        if object.value["targets"] == nil, lists.isEmpty {
            let message = "the rule names no target; for every operation write \"targets\": \"any\""
            mistakes.add(object.absence(of: PolicyGrammar.targetLists + ["targets"], .missingKey, message))
        }
        let methods = mistakes.noting(try object.globs("mcp_methods", .name)) ?? []
        for (index, glob) in methods.enumerated() where glob.pattern.hasPrefix("@") && glob.pattern != "@basics" {
            let message = "no group of methods is named `\(glob.pattern.printable)`, expected `@basics`"
            mistakes.add(object.error(.unknownName, message, at: "mcp_methods", index))
        }
        var targets = Targets()
        targets.matchesAny = word != nil
        targets.includesBasics = methods.contains { $0.pattern == "@basics" }
        targets.methods = methods.filter { $0.pattern != "@basics" }
        targets.tools = mistakes.noting(try object.globs("tools", .name)) ?? []
        targets.prompts = mistakes.noting(try object.globs("prompts", .name)) ?? []
        targets.resourceURIs = mistakes.noting(try object.globs("resource_uris", .path)) ?? []
        targets.httpMethods = Set(mistakes.noting(try object.nonEmptyStrings("http_methods")) ?? [])
        targets.paths = mistakes.noting(try object.globs("paths", .path)) ?? []
        targets.noteWhatMatchesNothing(object, &mistakes)
        return targets
    }

    /// Whether a canonical path can match the pattern, if each star stands for a valid part of a path.
    private static func isSpelledAsPathsAre(_ pattern: String) -> Bool {
        let path = (pattern.hasPrefix("*") ? "/" : "") + Capture.starred(pattern).replacing("*", with: "x")
        guard let canonical = RequestPath.canonical(path) else { return false }
        return canonical.isExactly(path) && (path == "/" || !path.hasSuffix("/"))
    }

    private func noteWhatMatchesNothing(_ object: ObjectReader, _ mistakes: inout Mistakes) {
        for (index, word) in (object.value["http_methods"]?.strings ?? []).enumerated() where word != word.uppercased()
        {
            let message = "`\(word.printable)` matches no request: HTTP methods are upper case"
            mistakes.add(object.error(.unreachableRule, message, at: "http_methods", index))
        }
        noteCaptures(object, &mistakes)
        for (index, path) in paths.enumerated() where Capture.mistake(in: path.pattern) == nil {
            guard let message = Self.mistake(inPath: path.pattern) else { continue }
            mistakes.add(object.error(.unreachableRule, message, at: "paths", index))
        }
        for (index, uri) in resourceURIs.enumerated() where !Targets.isPlain(uri.pattern, .resourceURI) {
            let message = "`\(uri.pattern.printable)` has a dot segment, and URIs with dot segments match no rule"
            mistakes.add(object.error(.unreachableRule, message, at: "resource_uris", index))
        }
        // MCP messages are sent with POST; GET opens the stream, and DELETE ends a session.
        let carriers: Set<String> = includesBasics ? ["POST", "GET", "HEAD", "DELETE"] : ["POST"]
        if restrictsMCP, !httpMethods.isEmpty, httpMethods.isDisjoint(with: carriers) {
            let message = "no request with these methods carries an MCP message; messages are sent with POST"
            mistakes.add(object.error(.unreachableRule, message, at: "http_methods"))
        }
    }

    private func noteCaptures(_ object: ObjectReader, _ mistakes: inout Mistakes) {
        for (key, globs) in [("paths", paths), ("resource_uris", resourceURIs)] {
            for (index, glob) in globs.enumerated() {
                guard let message = Capture.mistake(in: glob.pattern) else { continue }
                mistakes.add(object.error(.invalidValue, message, at: key, index))
            }
        }
        let ofPaths = Set(paths.flatMap(\.captures).map(\.name))
        for (index, glob) in resourceURIs.enumerated() {
            guard let twice = glob.captures.first(where: { ofPaths.contains($0.name) }) else { continue }
            let message = "`\(twice.name)` is also captured in `paths`; give one of them another name"
            mistakes.add(object.error(.duplicate, message, at: "resource_uris", index))
        }
    }

    private static func mistake(inPath pattern: String) -> String? {
        guard pattern.hasPrefix("/") || pattern.hasPrefix("*") else {
            return "`\(pattern.printable)` matches no path: paths begin with `/`"
        }
        guard !isSpelledAsPathsAre(pattern) else { return nil }
        return
            "`\(pattern.printable)` matches no path: paths are compared without a trailing slash, with `:`, `@` and "
            + "similar characters unencoded, and with other bytes percent-encoded in upper case"
    }
}

extension ObjectReader {
    /// Reads a list that must not be empty when it is present: an empty one would make a rule that never applies.
    package func nonEmptyStrings(
        _ key: String,
        _ consequence: String = ", so nothing matches"
    ) throws(ConfigurationError) -> [String]? {
        guard let values = try strings(key) else { return nil }
        guard !values.isEmpty else {
            throw error(.unreachableRule, "`\(key)` is empty\(consequence)", at: key)
        }
        return values
    }

    func globs(_ key: String, _ kind: Glob.Kind) throws(ConfigurationError) -> [Glob] {
        let texts = try nonEmptyStrings(key) ?? []
        var mistakes = Mistakes()
        for (index, text) in texts.enumerated() where !(1...Glob.longest).contains(text.utf8.count) {
            mistakes.add(error(.invalidValue, "a name or pattern must have 1 to \(Glob.longest) bytes", at: key, index))
        }
        try mistakes.check()
        return texts.map { Glob($0, kind) }
    }

    func scopes(_ values: [String], _ key: String) throws(ConfigurationError) -> ScopeSet {
        var mistakes = Mistakes()
        for (index, value) in values.enumerated() where !ScopeSet.isScopeToken(value) {
            let message = "`\(value.printable)` is not a scope (RFC 6749 section 3.3)"
            mistakes.add(error(.invalidValue, message, at: key, index))
        }
        try mistakes.check()
        return ScopeSet(values)
    }

    /// An error about one element of a list.
    package func error(
        _ code: ConfigurationError.Code,
        _ message: String,
        at key: String,
        _ index: Int
    ) -> ConfigurationError {
        document.error(code, message, at: pointer.appending(key).appending(String(index)))
    }
}
