// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy
@testable import MCPAuthPolicyTools

@Suite struct PolicyTestFileTests {
    static let policy = """
        { "version": 1, "rules": [
          { "id": "read", "effect": "allow", "tools": ["list_notes"], "scopes": { "all": ["read:notes"] } },
          { "id": "write", "effect": "allow", "tools": ["create_note"], "scopes": { "all": ["write:notes"] },
            "max_age_seconds": 300 },
          { "id": "staff", "effect": "require", "targets": "any", "when": { "claim": "/tenant", "in": ["acme", "globex"] } },
          { "id": "later", "effect": "deny", "enforce": false, "targets": "any",
            "when": { "all": [{ "claim": "/beta", "exists": true }, { "claim": "/beta", "equals": true }] } } ] }
        """

    private static func run(_ tests: String) async throws -> PolicyTestRun {
        let text = """
            { "version": 1, "policy": "p.json", "now": 1000,
              "fixtures": {
                "alice": { "iss": "https://auth.example.com/", "sub": "alice", "aud": ["https://api.example.com/notes"],
                           "tenant": "acme", "scope": "read:notes write:notes", "auth_time": 800 },
                "stale": { "sub": "alice", "tenant": "acme", "scope": "write:notes", "auth_time": 1 },
                "reader": { "sub": "alice", "tenant": "globex", "scp": ["read:notes"], "beta": true },
                "stranger": { "sub": "eve", "scope": "read:notes", "tenant": "other" } },
              "tests": [ \(tests) ] }
            """
        let file = try PolicyTestFile(file: "p.test.json", bytes: Array(text.utf8))
        return try await PolicyTestRun(file, [try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8))])
    }

    @Test(arguments: [
        #"{"name":"n","token":"alice","call":"tools/call:create_note","expect":{"decision":"allow","rules":["write"]}}"#,
        #"{"name":"n","token":"reader","call":"tools/call:create_note","expect":{"decision":"deny","status":403,"reason":"insufficient_scope","challenge_scope":["write:notes"],"would_deny":["later"]}}"#,
        #"{"name":"n","token":"stale","call":"tools/call:create_note","expect":{"decision":"deny","status":401,"reason":"insufficient_authentication","max_age":300}}"#,
        #"{"name":"n","token":"stranger","call":"tools/call:list_notes","expect":{"decision":"deny","reason":"denied_by_policy","rules":["staff"],"challenge_scope":[]}}"#,
        #"{"name":"n","call":"tools/call:list_notes","expect":{"decision":"deny","status":401,"reason":"no_credentials","challenge_scope":[]}}"#,
        #"{"name":"n","token":"alice","calls":["tools/call:list_notes","tools/call:create_note"],"expect":{"decision":"allow"}}"#,
        #"{"name":"n","token":"alice","call":"@unknown","expect":{"decision":"deny"}}"#,
        #"{"name":"n","token":"alice","call":"tools/call:create_note","now":2000,"expect":{"decision":"deny","reason":"insufficient_authentication"}}"#,
    ])
    func `a test whose decision is as expected passes`(test: String) async throws {
        let run = try await Self.run(test)
        #expect(run.passed == 1 && run.failures.isEmpty, "\(run.failures.map(\.error))")
    }

    @Test(arguments: [
        (#""decision":"deny""#, "expected deny, found allow by `read`"),
        (#""decision":"allow","rules":["other"]"#, "expected `rules` `other`, found `read`"),
        (#""decision":"allow","reason":"insufficient_scope""#, "expected `reason` insufficient_scope, found none"),
        (#""decision":"allow","status":204"#, "expected `status` 204, found 200"),
        (#""decision":"allow","would_deny":["x"]"#, "expected `would_deny` `x`, found nothing"),
    ])
    func `a failure has its position, expectation and actual value`(expect: String, message: String) async throws {
        let run = try await Self.run(
            #"{"name":"n","token":"alice","call":"tools/call:list_notes","expect":{\#(expect)}}"#
        )
        let failure = try #require(run.failures.first)
        #expect(failure.error.description == "p.test.json:8:14: MA014: test `n`: \(message)")
        #expect(!failure.trace.rules.isEmpty, "the explanation comes with it")
    }

    @Test(arguments: [
        (#"{"name":"n","token":"alise","call":"ping","expect":{"decision":"allow"}}"#, "MA006", "did you mean `alice`"),
        (#"{"name":"n","token":"alice","call":"two words","expect":{"decision":"allow"}}"#, "MA005", "tools/call:"),
        (
            #"{"name":"n","token":"alice","call":"tools/cal:x","expect":{"decision":"deny"}}"#, "MA005",
            "`tools/cal` is not an MCP method, did you mean `tools/call`"
        ),
        (
            #"{"name":"n","token":"alice","calls":["ping","tool/call:x"],"expect":{"decision":"deny"}}"#, "MA005",
            "`tool/call` is not an MCP method, did you mean `tools/call`"
        ),
        (
            #"{"name":"n","token":"alice","call":"create_note","expect":{"decision":"deny"}}"#, "MA005",
            "write `tools/call:create_note`"
        ),
        (#"{"name":"n","token":"alice","call":"ping:x","expect":{"decision":"deny"}}"#, "MA005", "takes no name"),
        (
            #"{"name":"n","token":"alice","call":"tools/call","expect":{"decision":"deny"}}"#, "MA005",
            "as in `tools/call:create_note`"
        ),
        (
            #"{"name":"n","token":"alice","calls":["resources/read"],"expect":{"decision":"deny"}}"#, "MA005",
            "as in `resources/read:notes://1`"
        ),
        (#"{"name":"n","token":"alice","call":"get /x","expect":{"decision":"deny"}}"#, "MA005", "upper case"),
        (#"{"name":"n","token":"alice","call":"GTE /x","expect":{"decision":"deny"}}"#, "MA005", "did you mean `GET`"),
        (#"{"name":"n","token":"alice","call":"GET /a/../x","expect":{"decision":"deny"}}"#, "MA005", "two ways"),
        (
            #"{"name":"n","token":"alice","call":"@streem","expect":{"decision":"deny"}}"#, "MA005",
            "did you mean `@stream`"
        ),
        (#"{"name":"n","token":"alice","call":"@basics","expect":{"decision":"deny"}}"#, "MA005", "is not a call"),
        (#"{"name":"n","token":"alice","call":"ping","expect":{"decision":"permit"}}"#, "MA005", "write `allow`"),
        (#"{"name":"n","token":"alice","call":"ping","expect":{"decision":"alow"}}"#, "MA005", "did you mean `allow`"),
        (#"{"name":"n","token":"alice","call":"ping","expct":{}}"#, "MA002", "did you mean `expect`"),
        (#"{"name":"n","token":"alice","call":"ping"}"#, "MA003", "expect"),
        ("", "MA005", "there is no test"),
    ])
    func `a mistake in a test file is reported with its code`(test: String, code: String, words: String) async {
        let error = await #expect(throws: ConfigurationError.self) { try await Self.run(test) }
        #expect(error?.code.description == code)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }

    @Test func `all mistakes in a test file are reported`() async {
        let tests = #"{"name":"n","token":"nobody","call":"pong","expect":{}},{"call":"ping","expects":{}}"#
        let error = await #expect(throws: ConfigurationError.self) { try await Self.run(tests) }
        #expect(
            error?.all.map(\.code.description) == ["MA006", "MA005", "MA003", "MA003", "MA002"],
            "\(error?.all ?? [])"
        )
    }

    @Test(arguments: [
        "acme/report", "com.example/do:x", "tools/call:", "resources/read:notes://a:b", "notifications/acme/x",
        "tasks/get:7",
        "tools/call:a b", "PURGE /cache", "GET /x?a=/../b", "sampling/createMessage",
    ])
    func `calls of extensions and of other servers can be tested`(call: String) async throws {
        let run = try await Self.run(#"{"name":"n","token":"alice","call":"\#(call)","expect":{"decision":"deny"}}"#)
        #expect(run.passed == 1, "\(run.failures.map(\.error))")
    }

    @Test func `coverage lists rules that decided no test and conditions without both results`() async throws {
        let one = #"{"name":"n","token":"alice","call":"tools/call:list_notes","expect":{"decision":"allow"}}"#
        let run = try await Self.run(one)
        #expect(
            run.coverage.gaps.map(\.description) == [
                "p.json: rule `write` decided no test", "p.json: rule `staff` decided no test",
                "p.json: rule `later` decided no test", "p.json: rule `staff` at /rules/2/when was never false",
                "p.json: rule `later` at /rules/3/when/all/0 was never true",
                "p.json: rule `later` at /rules/3/when/all/1 was never true and false",
            ]
        )
        #expect(run.coverage.count.shown == 3 && run.coverage.count.all == 10)
    }
}
