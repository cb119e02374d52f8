// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A file of policy tests, such as `notes.test.json` for `notes.json`.
package struct PolicyTestFile: Sendable {
    /// One call and the expected decision.
    package struct Test: Sendable {
        package let name: String
        let pointer: JSONPointer
        let claims: JSON?
        let call: PolicyCall
        let now: NumericDate
        let expectation: PolicyExpectation
    }

    package let file: String
    /// The paths of the policy files, as written in this file.
    package let policyPaths: [String]
    package let tests: [Test]
    let resource: String
    private let document: DocumentReader

    /// Reads a test file.
    ///
    /// - Throws: ``ConfigurationError`` with file, line and column; it also has the other mistakes of the file.
    package init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.file = file
        document = try DocumentReader(file: file, bytes: bytes)
        try document.refuseOtherVersions()
        var mistakes = Mistakes()
        let keys = PolicyTestGrammar.document.keys + ["$schema"]
        let object = document.object(document.root, at: .root, allowing: keys, noting: &mistakes)
        guard let root = object else {
            try mistakes.check()
            throw document.error(.wrongType, "expected an object", at: .root)
        }
        if root.value["version"] == nil {
            mistakes.add(root.absence(of: ["version"], .missingKey, "missing key `version`"))
        }
        if root.value["policy"] != nil, root.value["policies"] != nil {
            mistakes.add(root.error(.conflict, "`policy` and `policies` are both given", at: "policies"))
        }
        let policyPath = mistakes.noting(try root.string("policy"))
        let paths = mistakes.noting(try root.nonEmptyStrings("policies", ", so there is nothing to test"))
        if root.value["policy"] == nil, root.value["policies"] == nil {
            mistakes.add(root.absence(of: ["policy", "policies"], .missingKey, "missing key `policy`"))
        }
        policyPaths = policyPath.map { [$0] } ?? paths ?? []
        resource = mistakes.noting(try root.string("resource")) ?? "https://resource.test/mcp"
        let now = NumericDate(mistakes.noting(try root.number("now")) ?? PolicyTestGrammar.defaultNow)
        var fixtures: [String: JSON] = [:]
        for (name, value, pointer) in mistakes.noting(try root.dictionary("fixtures")) ?? [] {
            fixtures[name] = JSON(value)
            if value.kind == .object { continue }
            let message = "expected an object of claims, found \(value.kind.inWords)"
            mistakes.add(document.error(.wrongType, message, at: pointer))
        }
        var tests: [Test] = []
        let elements = mistakes.noting(try root.required("tests", try root.elements("tests")))
        for element in elements ?? [] where !mistakes.isFull {
            let object = document.object(
                element.value,
                at: element.pointer,
                allowing: PolicyTestGrammar.test.keys,
                noting: &mistakes
            )
            if let test = object.flatMap({ Self.test($0, fixtures, now, &mistakes) }) { tests.append(test) }
        }
        if elements?.isEmpty ?? false { mistakes.add(root.error(.invalidValue, "there is no test", at: "tests")) }
        try mistakes.check()
        self.tests = tests
    }

    private static func test(
        _ object: ObjectReader,
        _ fixtures: [String: JSON],
        _ now: NumericDate,
        _ mistakes: inout Mistakes
    ) -> Test? {
        let token = mistakes.noting(try object.string("token"))
        if let token, fixtures[token] == nil {
            let suggestion = Suggestion.text(for: token, among: fixtures.keys)
            let message = "no fixture is named `\(token.printable)`\(suggestion)"
            mistakes.add(object.error(.unknownName, message, at: "token"))
        }
        let name = mistakes.noting(try object.required("name", try object.string("name")))
        let call = mistakes.noting(try call(object))
        let ownNow = mistakes.noting(try object.number("now"))
        let expectation = PolicyExpectation.read(object, &mistakes)
        guard let name, let call, let expectation else { return nil }
        return Test(
            name: name,
            pointer: object.pointer,
            claims: token.flatMap { fixtures[$0] },
            call: call,
            now: ownNow.map(NumericDate.init) ?? now,
            expectation: expectation
        )
    }

    private static func call(_ object: ObjectReader) throws(ConfigurationError) -> PolicyCall {
        if object.value["call"] != nil, object.value["calls"] != nil {
            throw object.error(.conflict, "`call` and `calls` are both given", at: "calls")
        }
        if object.value["calls"] != nil {
            let calls = try batch(object)
            do throws(PolicyCall.BatchMistake) {
                return try PolicyCall(batch: calls)
            } catch {
                throw object.error(.invalidValue, error.mistake.description, at: "calls", error.index)
            }
        }
        let text = try object.required("call", try object.string("call"))
        let arguments = try arguments(object)
        do throws(PolicyCall.Mistake) {
            return try PolicyCall(reading: text, arguments: arguments)
        } catch {
            throw object.error(.invalidValue, error.description, at: "call")
        }
    }

    /// The calls of a batch; one with arguments is an object like a test.
    private static func batch(_ object: ObjectReader) throws(ConfigurationError) -> [(text: String, arguments: JSON?)] {
        if object.value["arguments"] != nil {
            throw object.error(.conflict, "in a batch, each call has its own `arguments`", at: "arguments")
        }
        var calls: [(text: String, arguments: JSON?)] = []
        for element in try object.elements("calls") ?? [] {
            if let text = element.value.string {
                calls.append((text, nil))
                continue
            }
            var mistakes = Mistakes()
            let call = object.document.object(
                element.value,
                at: element.pointer,
                allowing: PolicyTestGrammar.call.keys,
                noting: &mistakes
            )
            try mistakes.check()
            guard let call else { continue }
            calls.append((try call.required("call", try call.string("call")), try arguments(call)))
        }
        guard !calls.isEmpty else {
            throw object.error(.unreachableRule, "`calls` is empty; a batch has at least one call", at: "calls")
        }
        return calls
    }

    private static func arguments(_ object: ObjectReader) throws(ConfigurationError) -> JSON? {
        guard let value = object.value["arguments"] else { return nil }
        guard value.kind == .object else {
            throw object.error(.wrongType, "expected an object, found \(value.kind.inWords)", at: "arguments")
        }
        return JSON(value)
    }

    /// An error about one test.
    func failure(of test: Test, _ message: String) -> ConfigurationError {
        document.error(.testFailed, "test `\(test.name.printable)`: \(message)", at: test.pointer)
    }
}

/// The decision that a test expects; a member that is `nil` is not compared.
struct PolicyExpectation: Sendable {
    var decision: String
    var status: Int?
    var reason: String?
    var challengeScope: ScopeSet?
    var acrValues: [String]?
    var maxAge: Int?
    var rules: Set<String>?
    var wouldDeny: Set<String>?

    /// Reads the member `expect` of a test.
    static func read(_ test: ObjectReader, _ mistakes: inout Mistakes) -> PolicyExpectation? {
        guard let value = test.value["expect"] else {
            mistakes.add(test.absence(of: ["expect"], .missingKey, "missing key `expect`"))
            return nil
        }
        let pointer = test.pointer.appending("expect")
        let keys = PolicyTestGrammar.expect.keys
        guard let object = test.document.object(value, at: pointer, allowing: keys, noting: &mistakes) else {
            return nil
        }
        let decision = mistakes.noting(
            try object.required("decision", try object.word("decision", as: Word.self, foreign: PolicyWords.effect))
        )
        return PolicyExpectation(
            decision: decision?.rawValue ?? "",
            status: mistakes.noting(try object.integer("status", in: 200...599)).map(Int.init),
            reason: mistakes.noting(try object.string("reason")),
            challengeScope: mistakes.noting(try object.strings("challenge_scope")).map(ScopeSet.init),
            acrValues: mistakes.noting(try object.strings("acr_values")),
            maxAge: mistakes.noting(try object.integer("max_age", in: 0...Int64(Int32.max))).map(Int.init),
            rules: mistakes.noting(try object.strings("rules")).map(Set.init),
            wouldDeny: mistakes.noting(try object.strings("would_deny")).map(Set.init)
        )
    }

    enum Word: String, CaseIterable {
        case allow
        case deny
    }

    /// The first difference from what is expected, in words; `nil` when there is none.
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
