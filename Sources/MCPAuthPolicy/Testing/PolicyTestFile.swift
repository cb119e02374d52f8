// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// The tests that stand beside a policy, as `notes.test.json` beside `notes.json`.
package struct PolicyTestFile: Sendable {
    /// One decision and what is expected of it.
    package struct Test: Sendable {
        package let name: String
        let pointer: JSONPointer
        let claims: JSON?
        let call: PolicyCall
        let now: NumericDate
        let expectation: PolicyExpectation
    }

    package let file: String
    /// The policy files, as this file names them.
    package let policyPaths: [String]
    package let tests: [Test]
    let resource: String
    private let document: DocumentReader

    /// Reads a test file.
    ///
    /// - Throws: ``ConfigurationError`` with file, line and column.
    package init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.file = file
        document = try DocumentReader(file: file, bytes: bytes)
        let root = try document.rootObject(allowing: PolicyTestGrammar.document.keys)
        guard try root.required("version", try root.integer("version", in: .min ... .max)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        if root.value["policy"] != nil, root.value["policies"] != nil {
            throw root.error(.conflict, "`policy` and `policies` are both given", at: "policies")
        }
        if let path = try root.string("policy") {
            policyPaths = [path]
        } else {
            policyPaths = try root.required("policy", try root.nonEmptyStrings("policies"))
        }
        resource = try root.string("resource") ?? "https://resource.test/mcp"
        let now = NumericDate(try root.number("now") ?? PolicyTestGrammar.defaultNow)
        var fixtures: [String: JSON] = [:]
        for (name, value, pointer) in try root.dictionary("fixtures") {
            guard value.kind == .object else {
                throw document.error(.wrongType, "expected an object of claims", at: pointer)
            }
            fixtures[name] = JSON(value)
        }
        var tests: [Test] = []
        for element in try root.required("tests", try root.elements("tests")) {
            let object = try document.object(
                element.value,
                at: element.pointer,
                allowing: PolicyTestGrammar.test.keys
            )
            tests.append(try Self.test(object, fixtures, now))
        }
        guard !tests.isEmpty else { throw root.error(.invalidValue, "there is no test", at: "tests") }
        self.tests = tests
    }

    private static func test(
        _ object: ObjectReader,
        _ fixtures: [String: JSON],
        _ now: NumericDate
    ) throws(ConfigurationError) -> Test {
        var claims: JSON?
        if let name = try object.string("token") {
            guard let fixture = fixtures[name] else {
                let suggestion = Suggestion.text(for: name, among: fixtures.keys)
                throw object.error(.unknownName, "no fixture is named `\(name.printable)`\(suggestion)", at: "token")
            }
            claims = fixture
        }
        return Test(
            name: try object.required("name", try object.string("name")),
            pointer: object.pointer,
            claims: claims,
            call: try call(object),
            now: try object.number("now").map(NumericDate.init) ?? now,
            expectation: try PolicyExpectation.read(
                try object.required("expect", try object.object("expect", allowing: PolicyTestGrammar.expect.keys))
            )
        )
    }

    private static func call(_ object: ObjectReader) throws(ConfigurationError) -> PolicyCall {
        if object.value["call"] != nil, object.value["calls"] != nil {
            throw object.error(.conflict, "`call` and `calls` are both given", at: "calls")
        }
        let forms = "expected a form such as `tools/call:create_note`, `ping`, `@stream` or `GET /items`"
        if let texts = try object.nonEmptyStrings("calls") {
            guard let call = PolicyCall(batch: texts) else { throw object.error(.invalidValue, forms, at: "calls") }
            return call
        }
        guard let call = PolicyCall(try object.required("call", try object.string("call"))) else {
            throw object.error(.invalidValue, forms, at: "call")
        }
        return call
    }

    /// An error about one test.
    func failure(of test: Test, _ message: String) -> ConfigurationError {
        document.error(.testFailed, "test `\(test.name.printable)`: \(message)", at: test.pointer)
    }
}

/// What a test expects of a decision; what it does not name may be anything.
struct PolicyExpectation: Sendable {
    var decision: String
    var status: Int?
    var reason: String?
    var challengeScope: ScopeSet?
    var acrValues: [String]?
    var maxAge: Int?
    var rules: Set<String>?
    var wouldDeny: Set<String>?

    static func read(_ object: ObjectReader) throws(ConfigurationError) -> PolicyExpectation {
        PolicyExpectation(
            decision: try object.required("decision", try object.word("decision", as: Word.self)).rawValue,
            status: try object.integer("status", in: 200...599).map(Int.init),
            reason: try object.string("reason"),
            challengeScope: try object.strings("challenge_scope").map(ScopeSet.init),
            acrValues: try object.strings("acr_values"),
            maxAge: try object.integer("max_age", in: 0...Int64(Int32.max)).map(Int.init),
            rules: try object.strings("rules").map(Set.init),
            wouldDeny: try object.strings("would_deny").map(Set.init)
        )
    }

    enum Word: String, CaseIterable {
        case allow
        case deny
    }

    /// The first thing that is not as expected, in words.
    func disagreement(with trace: DecisionTrace) -> String? {
        var denial: Denial?
        if case .deny(let found)? = trace.decision { denial = found }
        let found = denial == nil ? "allow" : "deny"
        guard found == decision else {
            let reason = denial.map { ", \($0.reason)" } ?? ""
            return "expected \(decision), found \(found)\(reason) by \(Self.list(trace.decidingRules))"
        }
        let challenge = denial?.challenge
        return Self.compare("status", status, denial?.status ?? 200)
            ?? Self.compare("reason", reason, denial.map { "\($0.reason)" } ?? "none")
            ?? Self.compare("challenge_scope", challengeScope, challenge?.scope ?? [])
            ?? Self.compare("acr_values", acrValues, challenge?.authentication?.acrValues ?? [])
            ?? Self.compare("max_age", maxAge, challenge?.authentication?.maxAge ?? -1)
            ?? Self.compare("rules", rules, Set(trace.decidingRules))
            ?? Self.compare("would_deny", wouldDeny, Set(trace.wouldDeny))
    }

    private static func compare<Value: Equatable>(_ name: String, _ expected: Value?, _ found: Value) -> String? {
        guard let expected, expected != found else { return nil }
        return "expected `\(name)` \(text(expected)), found \(text(found))"
    }

    private static func text(_ value: Any) -> String {
        switch value {
        case let set as Set<String>: list(set.sorted())
        case let array as [String]: list(array)
        case let scopes as ScopeSet: list(scopes.values)
        default: "\(value)"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.map { "`\($0.printable)`" }.joined(separator: ", ")
    }
}
