// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// Warnings about a policy: what is valid and probably not intended.
///
/// Mistakes are refused when a policy is loaded. Warnings that depend on where a policy is used (supported scopes,
/// mapped claims, several issuers) are found for each ``Use``.
package struct PolicyLint: Sendable {
    /// A resource that the policy is attached to.
    package struct Use: Sendable {
        /// An issuer, with the scopes and claim values that it may give at the resource.
        package struct Issuer: Sendable {
            package let identifier: String
            /// The scopes that it may grant; `nil` for any.
            package let allowedScopes: ScopeSet?
            /// The values that claims may have, by claim name; other claims have no bounds.
            package let allowedClaims: [String: Set<String>]

            package init(identifier: String, allowedScopes: ScopeSet?, allowedClaims: [String: Set<String>]) {
                self.identifier = identifier
                self.allowedScopes = allowedScopes
                self.allowedClaims = allowedClaims
            }
        }

        package let resource: String
        package let scopesSupported: ScopeSet
        /// Names of normalised claims that a claim mapping creates.
        package let mappedClaims: Set<String>
        package let issuers: [Issuer]

        package init(resource: String, scopesSupported: ScopeSet, mappedClaims: Set<String>, issuers: [Issuer]) {
            self.resource = resource
            self.scopesSupported = scopesSupported
            self.mappedClaims = mappedClaims
            self.issuers = issuers
        }
    }

    /// The warnings, each once, in the order in which they were found.
    package var warnings: [ConfigurationError] {
        findings.map { finding in
            document.error(finding.code, finding.message(Self.list(finding.resources)), at: finding.pointer)
        }
    }

    /// One warning, and the resources that it is about.
    private struct Finding {
        let code: ConfigurationError.Code
        let pointer: JSONPointer
        /// Makes the message from the list of resources.
        let message: @Sendable (String) -> String
        var resources: [String]

        func isSame(_ other: Finding) -> Bool {
            code == other.code && pointer == other.pointer && message("") == other.message("")
        }
    }

    private var findings: [Finding] = []
    private let document: DocumentReader

    /// Checks a policy file.
    ///
    /// - Throws: ``ConfigurationError`` when it cannot be loaded.
    package init(file: String, bytes: [UInt8], uses: [Use] = []) throws(ConfigurationError) {
        let policy = try CompiledPolicy(file: file, bytes: bytes)
        document = try DocumentReader(file: file, bytes: bytes)
        for rule in policy.rules {
            lookAtShadow(rule)
            lookAtMethods(rule)
            lookAtHTTPMethods(rule)
            lookAtPatterns(rule)
            lookAtNegation(rule)
            lookAtCaptures(rule)
            lookAtOpenOperations(rule)
            lookAtWhatClosesThem(rule, policy)
            lookAtScopes(rule)
            lookAtDenies(rule, policy.rules)
        }
        lookAtShortForm(policy)
        for use in uses {
            for rule in policy.rules { look(at: rule, in: use) }
            lookAtShortForm(policy, use)
        }
    }

    private mutating func warn(_ code: ConfigurationError.Code, _ message: String, _ pointer: JSONPointer) {
        note(Finding(code: code, pointer: pointer, message: { _ in message }, resources: []))
    }

    private mutating func warn(
        _ code: ConfigurationError.Code,
        _ pointer: JSONPointer,
        at use: Use,
        _ message: @escaping @Sendable (String) -> String
    ) {
        note(Finding(code: code, pointer: pointer, message: message, resources: [use.resource]))
    }

    private mutating func note(_ finding: Finding) {
        guard let index = findings.firstIndex(where: finding.isSame) else {
            findings.append(finding)
            return
        }
        for resource in finding.resources where !findings[index].resources.contains(resource) {
            findings[index].resources.append(resource)
        }
    }

    private static func list(_ resources: [String]) -> String {
        let shown = resources.prefix(3).map { "`\($0.printable)`" }.joined(separator: ", ")
        return resources.count > 3 ? "\(shown) and \(resources.count - 3) more" : shown
    }

    private mutating func lookAtShadow(_ rule: PolicyRule) {
        guard !rule.isEnforced else { return }
        let isOwn = document.root[rule.pointer.appending("enforce")] != nil
        let place = isOwn ? rule.pointer.appending("enforce") : JSONPointer(tokens: ["enforce"])
        let what = isOwn ? "the rule `\(rule.id.printable)` is" : "the whole file is"
        warn(.shadowMode, "\(what) in shadow mode and decides nothing", place)
    }

    private mutating func lookAtMethods(_ rule: PolicyRule) {
        let place = rule.pointer.appending("mcp_methods")
        for (index, text) in (document.root[place]?.strings ?? []).enumerated() {
            guard let message = Self.mistake(inMethod: text) else { continue }
            warn(.unknownMethod, message, place.appending(String(index)))
        }
    }

    private static func mistake(inMethod text: String) -> String? {
        let glob = Glob(text, .name)
        // A method with a dot before its slash belongs to an extension, unless it resembles an MCP method.
        let isForeign = text.utf8.prefix { $0 != UInt8(ascii: "/") }.contains(UInt8(ascii: "."))
        let similar = glob.isExact ? Suggestion.text(for: text, among: MCPMethod.known.map(\.name)) : ""
        let isMeant = text == "@basics" || MCPMethod.known.contains { glob.matches($0.name) }
        guard !isMeant, !isForeign || !similar.isEmpty else { return nil }
        let shown = "`\(text.printable)`"
        guard glob.isExact else { return "\(shown) matches no MCP method" }
        if let colon = text.firstIndex(of: ":"), let object = MCPMethod.acting(named: String(text[..<colon]))?.object {
            let name = text[text.index(after: colon)...]
            return
                "\(shown) is not an MCP method; name what it acts on in `\(object.list)`: \"\(String(name).printable)\""
        }
        guard text.utf8.contains(UInt8(ascii: "/")) || !similar.isEmpty else {
            let isHTTP = PolicyCall.httpMethods.contains(text.uppercased())
            let list = isHTTP ? "methods of HTTP are named in `http_methods`" : "tools are named in `tools`"
            return "\(shown) is not an MCP method; \(list)"
        }
        return MCPMethod.mistake(in: text) ?? "\(shown) is not an MCP method"
    }

    /// Warns about names that resemble an HTTP method; other unknown names may be methods that the server defines.
    private mutating func lookAtHTTPMethods(_ rule: PolicyRule) {
        let place = rule.pointer.appending("http_methods")
        for (index, text) in (document.root[place]?.strings ?? []).enumerated()
        where !PolicyCall.httpMethods.contains(text) {
            let suggestion = Suggestion.text(for: text, among: PolicyCall.httpMethods)
            let advice = text.contains("*") ? ", and `*` is not special here" : suggestion
            guard !advice.isEmpty else { continue }
            warn(.unknownMethod, "`\(text.printable)` is not an HTTP method\(advice)", place.appending(String(index)))
        }
    }

    private mutating func lookAtPatterns(_ rule: PolicyRule) {
        for list in PolicyGrammar.targetLists where list != "http_methods" {
            let place = rule.pointer.appending(list)
            let areNames = ["mcp_methods", "tools", "prompts"].contains(list)
            for (index, text) in (document.root[place]?.strings ?? []).enumerated()
            where Self.isRegularExpression(text) || areNames && Self.hasAlternatives(text) {
                warnOfRegularExpression(text, place.appending(String(index)))
            }
        }
        for (leaf, pointer) in zip(rule.condition?.leaves ?? [], rule.leafPointers) {
            let text: String? =
                switch leaf.predicate {
                case .prefix(let text), .suffix(let text): text
                case .glob(let glob): glob.pattern
                default: nil
                }
            if let text, Self.isRegularExpression(text) { warnOfRegularExpression(text, pointer) }
        }
    }

    private mutating func warnOfRegularExpression(_ text: String, _ pointer: JSONPointer) {
        let message = "`\(text.printable)` reads like a regular expression, but only `*` is special here"
        warn(.regularExpression, message, pointer)
    }

    /// Whether a pattern has marks of regular expressions that names do not have.
    private static func isRegularExpression(_ text: String) -> Bool {
        let marks = ["\\d", "\\w", "\\s", "\\.", "(?:", ".*)", "_.*", "-.*", "[a-z", "[A-Z", "[0-9"]
        return text.hasPrefix("^") || text.hasPrefix(".*") || text.hasSuffix("$")
            || marks.contains { text.contains($0) }
            || text.contains("(") && text.contains("|") && text.contains(")")
    }

    /// Whether a pattern has marks of alternatives, which URIs and claim values may have and names do not.
    private static func hasAlternatives(_ text: String) -> Bool {
        text.contains("|") || (text.contains("[") && text.contains("]"))
    }

    private mutating func lookAtScopes(_ rule: PolicyRule) {
        let scopes = rule.allScopes.union(rule.anyScopes)
        guard rule.effect != .deny, scopes.contains("offline_access") else { return }
        warn(.unobtainableScope, Self.offlineAccess, rule.pointer.appending("scopes"))
    }

    /// Warns about `not` over a claim that may be missing: it is then unknown, so the rule unexpectedly does not apply.
    private mutating func lookAtNegation(_ rule: PolicyRule) {
        guard rule.effect != .deny, let condition = rule.condition else { return }
        let known = Set(condition.leaves.filter(\.predicate.alwaysKnows).map(\.reference))
        for value in Self.negated(condition) where !known.contains(value) {
            let what = value.key == .argument ? "a call" : "a token"
            warn(
                .negatedClaim,
                "\(what) without `\(value.text.printable)` does not meet this `not`; "
                    + "make the intent explicit with `exists` or `absent`",
                rule.pointer.appending("when")
            )
        }
    }

    private static func negated(_ condition: Condition) -> [ValueReference] {
        switch condition {
        case .all(let conditions), .any(let conditions): conditions.flatMap(negated)
        // The rule matches only where a capture has a value.
        case .not(let inner):
            inner.leaves.filter { !$0.predicate.alwaysKnows && $0.reference.key != .capture }.map(\.reference)
        case .predicate: []
        }
    }

    /// Warns about captures that no condition reads.
    private mutating func lookAtCaptures(_ rule: PolicyRule) {
        let read = Set((rule.condition?.references ?? []).filter { $0.key == .capture }.map(\.text))
        for (list, globs) in [("paths", rule.targets.paths), ("resource_uris", rule.targets.resourceURIs)] {
            for (index, glob) in globs.enumerated() {
                guard let unread = glob.captures.first(where: { !read.contains($0.name) }) else { continue }
                warn(
                    .unusedCapture,
                    "no condition reads the capture `\(unread.name)`; write `*` where the segment does not matter",
                    rule.pointer.appending(list).appending(String(index))
                )
            }
        }
    }

    /// Says which operations need no token, so that none is opened unseen.
    private mutating func lookAtOpenOperations(_ rule: PolicyRule) {
        guard rule.subjectKind == .anyone else { return }
        let lists = PolicyGrammar.targetLists.compactMap { list -> String? in
            guard let texts = document.root[rule.pointer.appending(list)]?.strings else { return nil }
            return "\(list) " + texts.map { "`\($0.printable)`" }.joined(separator: ", ")
        }
        let what = lists.isEmpty ? "every operation" : lists.joined(separator: "; ")
        let limit = rule.condition == nil ? "" : ", where its condition is true"
        warn(
            .openOperation,
            "anyone may use \(what) without a token\(limit)",
            rule.pointer.appending("subject_kind")
        )
    }

    /// Warns about a rule for anyone that still needs a token, because something is required of everybody.
    private mutating func lookAtWhatClosesThem(_ rule: PolicyRule, _ policy: CompiledPolicy) {
        guard rule.subjectKind == .anyone else { return }
        let closing = policy.rules.first { $0.alwaysNeedsToken && $0.targets.cover(rule.targets) }
        let isShortForm = policy.isEnforced && !policy.requiredScopes.isEmpty
        guard let name = isShortForm ? "required_scopes" : closing?.id else { return }
        warn(
            .shadowedRule,
            "the rule `\(rule.id.printable)` allows nothing without a token: `\(name.printable)` counts for everybody",
            rule.pointer
        )
    }

    private mutating func lookAtDenies(_ rule: PolicyRule, _ rules: [PolicyRule]) {
        guard rule.effect == .allow else { return }
        guard let deny = rules.first(where: { $0.alwaysDenies && $0.targets.cover(rule.targets) }) else { return }
        warn(
            .shadowedRule,
            "the rule `\(rule.id.printable)` never allows: `\(deny.id.printable)` denies all its operations",
            rule.pointer
        )
    }

    private mutating func look(at rule: PolicyRule, in use: Use) {
        let scopes = rule.allScopes.union(rule.anyScopes)
        lookAtListing(of: scopes, use, rule.pointer.appending("scopes"))
        for reference in rule.condition?.references ?? [] where reference.key == .claim {
            guard let name = reference.claim?.tokens.first else { continue }
            guard !Self.commonClaims.contains(name), !use.mappedClaims.contains(name) else { continue }
            let suggestion = Suggestion.text(for: name, among: use.mappedClaims.union(Self.commonClaims))
            warn(.undeclaredClaim, rule.place(ofClaim: name), at: use) { resources in
                "the claim `\(name.printable)` is not a common one, and no issuer of \(resources) names it in its "
                    + "`claims`: it is taken from the token as it is\(suggestion)"
            }
        }
        if rule.effect != .deny, use.issuers.count > 1 { lookAtIssuers(rule, scopes, use) }
    }

    private mutating func lookAtIssuers(_ rule: PolicyRule, _ scopes: ScopeSet, _ use: Use) {
        let named = rule.issuersNamed
        for scope in scopes {
            let place = entry(of: scope, in: rule.pointer.appending("scopes"))
            say("the scope `\(scope)`", named, use, place) { $0.allowedScopes.map { $0.contains(scope) } }
        }
        for leaf in rule.condition?.leaves ?? [] {
            guard let name = leaf.reference.claim?.tokens.first, name != "iss", leaf.predicate.operator != .absent
            else { continue }
            // Raw claims have no bounds.
            say("the claim `\(name.printable)`", named, use, rule.place(ofClaim: name)) { issuer in
                leaf.reference.key == .rawClaim ? nil : issuer.allowedClaims[name].map { !$0.isEmpty }
            }
        }
    }

    /// - Parameter mayGive: Whether the bounds of an issuer allow it; `nil` when there are none for it.
    private mutating func say(
        _ what: String,
        _ named: Set<String>,
        _ use: Use,
        _ place: JSONPointer,
        _ mayGive: (Use.Issuer) -> Bool?
    ) {
        let able = use.issuers.filter { named.isEmpty || named.contains($0.identifier) }.filter { mayGive($0) ?? true }
        if able.isEmpty {
            let issuer = named.isEmpty ? "no issuer" : "no issuer that the rule names"
            warn(.ungrantable, place, at: use) { "\(issuer) may give \(what) at \($0)" }
        } else if named.isEmpty, able.contains(where: { mayGive($0) == nil }) {
            let (all, count) = (use.issuers.count, able.count == use.issuers.count ? "any" : "\(able.count)")
            warn(.anyIssuer, place, at: use) { resources in
                "\(count) of \(all) issuers of \(resources) may give \(what); name one with `issuers`, or set bounds"
            }
        }
    }

    private mutating func lookAtShortForm(_ policy: CompiledPolicy) {
        guard !policy.requiredScopes.isEmpty else { return }
        if !policy.isEnforced, policy.rules.isEmpty {
            warn(.shadowMode, "the whole file is in shadow mode and decides nothing", JSONPointer(tokens: ["enforce"]))
        }
        if policy.requiredScopes.contains("offline_access") {
            warn(.unobtainableScope, Self.offlineAccess, JSONPointer(tokens: ["required_scopes"]))
        }
    }

    private mutating func lookAtShortForm(_ policy: CompiledPolicy, _ use: Use) {
        let place = JSONPointer(tokens: ["required_scopes"])
        lookAtListing(of: policy.requiredScopes, use, place)
        guard use.issuers.count > 1 else { return }
        for scope in policy.requiredScopes {
            let own = entry(of: scope, in: place)
            say("the scope `\(scope)`", [], use, own) { $0.allowedScopes.map { $0.contains(scope) } }
        }
    }

    private mutating func lookAtListing(of scopes: ScopeSet, _ use: Use, _ place: JSONPointer) {
        for scope in scopes where !use.scopesSupported.isEmpty && !use.scopesSupported.contains(scope) {
            let suggestion = Suggestion.text(for: scope, among: use.scopesSupported)
            warn(.unlistedScope, entry(of: scope, in: place), at: use) { resources in
                "the scope `\(scope)` is not among `scopes_supported` of \(resources)\(suggestion)"
            }
        }
    }

    /// The position of a scope in the lists at a place.
    private func entry(of scope: String, in place: JSONPointer) -> JSONPointer {
        for list in [place, place.appending("all"), place.appending("any")] {
            guard let index = document.root[list]?.strings?.firstIndex(of: scope) else { continue }
            return list.appending(String(index))
        }
        return place
    }

    private static let offlineAccess =
        "`offline_access` is for the authorization server; no challenge ever asks for it"

    /// Claims of RFC 7519, RFC 9068, OpenID Connect Core and RFC 9470, and others in common use.
    private static let commonClaims: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "scp", "auth_time", "acr", "amr",
        "groups", "roles", "entitlements", "email", "email_verified", "name", "act", "cnf", "sid", "tenant",
    ]
}
