// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON
package import MCPAuthPolicy

internal import struct Foundation.Date

/// Policies at a glance: a row for each rule, with the operations, the callers, the scopes, the conditions and the
/// sign-in, in words.
package struct PolicyTable: Sendable {
    /// One rule, or a short form.
    package struct Row: Sendable, Hashable {
        let rule: String
        let effect: String
        let operations: String
        let who: String
        let scopes: String
        let condition: String
        let signIn: String

        var cells: [String] { [effect, operations, who, scopes, condition, signIn, rule] }
    }

    private static let titles = ["effect", "operations", "who", "scopes", "condition", "sign-in", "rule"]

    package let rows: [Row]

    package init(_ policies: [CompiledPolicy]) {
        guard !policies.isEmpty else {
            let row = Row(
                rule: "authenticated",
                effect: "allow",
                operations: "every operation",
                who: "every verified caller",
                scopes: "",
                condition: "",
                signIn: ""
            )
            rows = [row]
            return
        }
        // Allow rules first, since a reader asks who may do what; then what limits them.
        let rules = policies.flatMap(\.rules)
        let ordered = [Effect.allow, .require, .deny].flatMap { effect in rules.filter { $0.effect == effect } }
        let hasAllowRule = rules.contains { $0.effect == .allow }
        let shortForms = policies.filter { !$0.requiredScopes.isEmpty }.map { policy in
            Row(
                rule: "required_scopes",
                effect: (hasAllowRule ? "require" : "allow") + (policy.isEnforced ? "" : " (shadow)"),
                operations: "every operation",
                who: hasAllowRule ? "every caller" : "every verified caller",
                scopes: Self.list(policy.requiredScopes.map { $0 }, "and"),
                condition: "",
                signIn: ""
            )
        }
        rows = shortForms + ordered.map(Self.row)
    }

    private static func row(_ rule: PolicyRule) -> Row {
        Row(
            rule: rule.id,
            effect: rule.effect.rawValue + (rule.isEnforced ? "" : " (shadow)"),
            operations: operations(rule.targets),
            who: who(rule),
            scopes: scopes(rule),
            condition: rule.condition.map { words($0) } ?? "",
            signIn: signIn(rule)
        )
    }

    private static func operations(_ targets: Targets) -> String {
        if targets.matchesAny { return "every operation" }
        var parts: [String] = []
        func add(_ name: String, _ globs: [Glob]) {
            if !globs.isEmpty { parts.append("\(name) \(list(globs.map(\.pattern), "or"))") }
        }
        if targets.includesBasics { parts.append("basics") }
        add("method", targets.methods)
        add("tool", targets.tools)
        add("prompt", targets.prompts)
        add("resource", targets.resourceURIs)
        var http: [String] = []
        if !targets.httpMethods.isEmpty { http.append(list(targets.httpMethods.sorted(), "or")) }
        if !targets.paths.isEmpty { http.append(list(targets.paths.map(\.pattern), "or")) }
        let path = http.joined(separator: " ")
        guard !parts.isEmpty else { return path }
        return parts.joined(separator: "; ") + (path.isEmpty ? "" : ", at \(path)")
    }

    private static func who(_ rule: PolicyRule) -> String {
        let isAllow = rule.effect == .allow
        var words =
            switch rule.subjectKind {
            case .user: "users"
            case .client: "clients for themselves"
            case .anyone: "anyone, also without a token"
            case nil: isAllow ? "every verified caller" : "every caller"
            }
        if let clients = rule.clientIDs { words += " through \(list(clients.map(\.text).sorted(), "or"))" }
        if let issuers = rule.issuers { words += " of \(list(issuers.map(\.text).sorted(), "or"))" }
        return words
    }

    private static func scopes(_ rule: PolicyRule) -> String {
        let all = list(rule.allScopes.map { $0 }, "and")
        guard !rule.anyScopes.isEmpty else { return all }
        let any = list(rule.anyScopes.map { $0 }, "or")
        return all.isEmpty ? any : "\(all), and \(any)"
    }

    private static func signIn(_ rule: PolicyRule) -> String {
        var parts: [String] = []
        if let values = rule.acrValues { parts.append(list(values, "or")) }
        if let age = rule.maxAge { parts.append("within \(age) s") }
        if rule.requiresProof { parts.append("proof of possession") }
        return parts.joined(separator: ", ")
    }

    private static func words(_ condition: Condition, isNested: Bool = false) -> String {
        switch condition {
        case .all(let parts): joined(parts, "and", isNested)
        case .any(let parts): joined(parts, "or", isNested)
        case .not(let inner): "not (\(words(inner)))"
        case .predicate(let leaf): leaf.predicate.inWords(of: leaf.reference)
        }
    }

    private static func joined(_ parts: [Condition], _ word: String, _ isNested: Bool) -> String {
        let text = parts.map { words($0, isNested: true) }.joined(separator: " \(word) ")
        return isNested && parts.count > 1 ? "(\(text))" : text
    }

    private static func list(_ texts: [String], _ word: String) -> String {
        guard let last = texts.last, texts.count > 1 else { return texts.first ?? "" }
        return texts.dropLast().joined(separator: ", ") + " \(word) \(last)"
    }

    // MARK: Forms

    /// Columns of equal width.
    package var text: String {
        let lines = [Self.titles] + rows.map { row in row.cells.map(\.printable) }
        let widths = Self.titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    /// A table of Markdown.
    package var markdown: String {
        let lines =
            [Self.titles, Self.titles.map { _ in "---" }]
            + rows.map { row in row.cells.map { $0.printable.replacing("|", with: "\\|").replacing("*", with: "\\*") } }
        return lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }

    /// An object for each row.
    package var json: JSON {
        .array(
            rows.map { row in
                .object(Dictionary(uniqueKeysWithValues: zip(Self.titles, row.cells).map { ($0, JSON.string($1)) }))
            }
        )
    }
}

extension Predicate {
    /// The predicate with its subject, as an operator between two values.
    fileprivate func inWords(of subject: ValueReference) -> String {
        let what = subject.inTable
        return switch self {
        case .exists: "\(what) exists"
        case .absent: "\(what) is absent"
        case .equals(let value): "\(what) = \(Self.text(value))"
        case .isIn(let values): "\(what) in \(Self.text(values))"
        case .contains(let value): "\(what) contains \(Self.text(value))"
        case .containsAny(let values): "\(what) contains one of \(Self.text(values))"
        case .containsAll(let values): "\(what) contains all of \(Self.text(values))"
        case .subsetOf(let values): "\(what) within \(Self.text(values))"
        case .prefix(let text): "\(what) begins with \(Self.text(.string(text)))"
        case .suffix(let text): "\(what) ends with \(Self.text(.string(text)))"
        case .glob(let glob): "\(what) like \(Self.text(.string(glob.pattern)))"
        case .compare(_, .number(let bound)): "\(what) \(sign) \(Self.text(bound))"
        case .compare(_, .time(let seconds)): "\(what) \(sign) \(Self.text(time: seconds))"
        case .compared(_, let operand): "\(what) \(sign) \(operand.inTable)"
        }
    }

    private var sign: String {
        switch self.operator {
        case .equals: "="
        case .lessThan: "<"
        case .atMost: "<="
        case .greaterThan: ">"
        case .atLeast: ">="
        case .isIn: "in"
        case .subsetOf: "within"
        case .prefix: "begins with"
        case .suffix: "ends with"
        case .contains, .containsAny, .containsAll, .glob, .exists, .absent:
            self.operator.rawValue.replacing("_", with: " ")
        }
    }

    /// A date-time in UTC (RFC 3339).
    private static func text(time seconds: Double) -> String {
        let hasFraction = seconds != seconds.rounded()
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
        return style.format(Date(timeIntervalSince1970: seconds))
    }

    private static func text(_ value: JSON) -> String { String(decoding: value.encoded(), as: UTF8.self) }
    private static func text(_ values: [JSON]) -> String { text(.array(values)) }
}

extension ValueReference {
    fileprivate var inTable: String {
        switch key {
        case .claim: "claim \(text)"
        case .rawClaim: "raw claim \(text)"
        case .argument: "argument \(text)"
        case .capture: "{\(text)}"
        }
    }
}
