// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// `mcp-auth policy` as the author of a policy uses it.
@Suite struct PolicyCommandTests {
    static let policy = """
        { "version": 1, "rules": [
            { "id": "read", "effect": "allow", "tools": ["list_*"], "scopes": { "all": ["read:notes"] } },
            { "id": "later", "effect": "deny", "enforce": false, "tools": ["list_old"] } ] }
        """

    @Test func `lint shows the location of a finding, also as JSON`() throws {
        let path = try Program.file(Self.policy)
        let text = try Program.run(["policy", "lint", path])
        #expect(text.status == 0)
        #expect(text.output.hasPrefix("\(path):3:51: warning MA101: the rule `later` is in shadow mode"))
        #expect(text.output.contains(#"  3 |     { "id": "later""#))
        #expect(text.output.hasSuffix("^\nok, 1 policy, 1 warning\n"))
        let json = try Program.run(["policy", "lint", "--format", "json", path])
        #expect(json.output.contains(#""code": "MA101""#) && json.output.contains(#""line": 3"#))
        let broken = try Program.file(Self.policy.replacing(#""effect": "allow""#, with: #""efect": "allow""#))
        let refused = try Program.run(["policy", "lint", broken])
        #expect(refused.status == 3)
        #expect(refused.output.contains(":2:21: MA002: unknown key `efect`, did you mean `effect`"))
    }

    @Test func `findings are also written for code scanning and for GitHub`() throws {
        let path = try Program.file(Self.policy)
        let sarif = try Program.run(["policy", "lint", "--format", "sarif", path])
        let log = try JSONSerialization.jsonObject(with: Data(sarif.output.utf8)) as? [String: Any]
        #expect(log?["version"] as? String == "2.1.0")
        let runs = try #require(log?["runs"] as? [[String: Any]])
        let results = try #require(runs.first?["results"] as? [[String: Any]])
        #expect(results.count == 1 && results[0]["ruleId"] as? String == "MA101")
        #expect(results[0]["level"] as? String == "warning")
        #expect(sarif.output.contains(#""startLine": 3"#) && sarif.output.contains(#""startColumn": 51"#))
        let github = try Program.run(["policy", "lint", "--format", "github", path])
        #expect(github.output.hasPrefix("::warning file=\(path),line=3,col=51,title=MA101::the rule `later`"))
        #expect(github.output.split(separator: "\n").count == 1)
        #expect(try Program.run(["policy", "lint", "--format", "junit", path]).status == 2)
    }

    @Test func `results of tests are also written as JUnit, for code scanning and for GitHub`() throws {
        let policy = try Program.file(Self.policy)
        let name = policy.split(separator: "/").last.map(String.init) ?? ""
        let tests = """
            { "version": 1, "policy": "\(name)", "fixtures": { "al": { "sub": "al", "scope": "read:notes" } }, "tests": [
              { "name": "al <reads>", "token": "al", "call": "tools/call:list_a", "expect": { "decision": "allow" } },
              { "name": "al & co", "token": "al", "call": "tools/call:list_b", "expect": { "decision": "deny" } } ] }
            """
        let path = policy.replacing(".json", with: ".test.json")
        try Data(tests.utf8).write(to: URL(fileURLWithPath: path))
        let junit = try Program.run(["policy", "test", "--format", "junit", path])
        #expect(junit.status == 3)
        let document = try XMLDocument(xmlString: junit.output)
        let cases = try document.nodes(forXPath: "//testcase/@name").compactMap(\.stringValue)
        #expect(cases.sorted() == ["al & co", "al <reads>"])
        #expect(try document.nodes(forXPath: "//testsuite/@failures").map(\.stringValue) == ["1"])
        #expect(try document.nodes(forXPath: "//testcase[failure]/@name").map(\.stringValue) == ["al & co"])
        let github = try Program.run(["policy", "test", "--format", "github", path])
        #expect(
            github.output.hasPrefix("::error file=\(path),line=3,col=3,title=MA014::test `al & co`: expected deny")
        )
        #expect(github.output.contains("%0A"))
        let sarif = try Program.run(["policy", "test", "--format", "sarif", path])
        #expect(sarif.output.contains(#""ruleId": "MA014""#))
    }

    @Test func `fmt writes one layout, keeps comments, and changes nothing the second time`() throws {
        let path = try Program.file(
            #"{"rules":[{"effect":"allow","$comment":"kept ä, and long enough that this rule does not fit on one line of the file","tools":["b","a"],"id":"r","when":{"lte":5,"argument":"/x"}}],"version":1}"#
        )
        let check = try Program.run(["policy", "fmt", "--check", path])
        #expect(check.status == 3 && check.output == "\(path): would be formatted\n")
        #expect(try Program.run(["policy", "fmt", path]).status == 0)
        let expected = #"""
            {
              "version": 1,
              "rules": [
                {
                  "id": "r",
                  "$comment": "kept ä, and long enough that this rule does not fit on one line of the file",
                  "effect": "allow",
                  "tools": ["b", "a"],
                  "when": { "argument": "/x", "lte": 5 }
                }
              ]
            }

            """#
        #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
        let again = try Program.run(["policy", "fmt", "--check", path])
        #expect(again.status == 0 && again.output.isEmpty)
        let broken = try Program.file(#"{ "version": 1, "ruels": [] }"#)
        #expect(try Program.run(["policy", "fmt", broken]).status == 3)
        #expect(try String(contentsOfFile: broken, encoding: .utf8) == #"{ "version": 1, "ruels": [] }"#)
    }

    @Test func `the examples have this layout`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("policies/examples")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".server.json") }
        #expect(files.count > 20)
        let run = try Program.run(["policy", "fmt", "--check"] + files.map { folder.appendingPathComponent($0).path })
        #expect(run.status == 0, "\(run.output)")
    }

    @Test func `show lists who may do what, as text, as Markdown and as JSON`() throws {
        let path = try Program.file(
            #"""
            { "version": 1, "rules": [
              { "id": "no-eve", "effect": "deny", "targets": "any", "when": { "claim": "/until", "lt": "2026-01-31T01:00:00+01:00" } },
              { "id": "open", "effect": "allow", "subject_kind": "anyone", "tools": ["weather", "search_*"] },
              { "id": "pay", "effect": "allow", "tools": ["pay"], "scopes": { "all": ["pay"] }, "max_age_seconds": 60,
                "when": { "all": [ { "argument": "/amount", "lte": { "claim": "/limit" } },
                                   { "not": { "argument": "/to", "in": ["x", "y"] } } ] } } ] }
            """#
        )
        let text = try Program.run(["policy", "show", path])
        let lines = text.output.split(separator: "\n").map {
            $0.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        .map { $0.filter { !$0.isEmpty } }
        #expect(
            lines == [
                ["effect", "operations", "who", "scopes", "condition", "sign-in", "rule"],
                ["allow", "tool weather or search_*", "anyone, also without a token", "open"],
                [
                    "allow", "tool pay", "every verified caller", "pay",
                    #"argument /amount <= claim /limit and not (argument /to in ["x","y"])"#, "within 60 s", "pay",
                ],
                ["deny", "every operation", "every caller", "claim /until < 2026-01-31T00:00:00Z", "no-eve"],
            ]
        )
        let markdown = try Program.run(["policy", "show", "--format", "markdown", path])
        #expect(markdown.output.contains(#"| allow | tool weather or search_\* | anyone, also without a token |"#))
        let json = try Program.run(["policy", "show", "--format", "json", path])
        #expect(json.output.contains(#""operations": "tool pay""#))
    }

    @Test func `all mistakes of all files are reported, each once and with its location`() throws {
        let one = try Program.file(#"{ "version": 1, "ruels": [], "shadow": true }"#)
        let other = try Program.file("{ \"version\": 1,\n  \"rules\": [],\n}")
        let run = try Program.run(["policy", "lint", one, other, one])
        #expect(run.status == 3)
        let findings = run.output.split(separator: "\n").filter { $0.contains(": MA") }
        #expect(
            findings == [
                "\(one):1:17: MA002: unknown key `ruels`, did you mean `rules`",
                "\(one):1:30: MA002: unknown key `shadow`: write `\"enforce\": false` for shadow mode",
                "\(other):2:14: MA001: nothing comes after this comma; remove it",
            ]
        )
        let explained = try Program.run(["policy", "explain", one, other, "--call", "ping"])
        #expect(explained.status == 3)
        #expect(explained.error.split(separator: "\n").filter { $0.contains(": MA") } == findings)
    }

    @Test func `an excerpt shows letters as they are and escapes characters that affect a terminal`() throws {
        let path = try Program.file("{ \"version\": 1, \"description\": \"\u{E9}\u{202E}x\", \"ruels\": [] }")
        let run = try Program.run(["policy", "lint", path])
        #expect(!run.output.contains("\u{202E}") && run.output.contains("\u{E9}\\u{202E}x"))
        let lines = run.output.split(separator: "\n")
        let caret = try #require(lines.last)
        let shown = try #require(lines.dropLast().last)
        #expect(shown.dropFirst(caret.count - 1).hasPrefix("\"ruels\""))
    }

    @Test(arguments: ["tools/cal:x", "tool/call:x", "get /items", "@streem", "list_notes", "tools/list:x"])
    func `a misspelled call is an error, in explain and in tests`(call: String) throws {
        let path = try Program.file(Self.policy)
        let explained = try Program.run(["policy", "explain", path, "--call", call])
        #expect(explained.status == 2 && explained.error.contains("--call: "), "\(explained.error)")
        let tests = String(path.dropLast(".json".count)) + ".test.json"
        let name = String(path.split(separator: "/").last ?? "")
        for member in [#""call": "\#(call)""#, #""calls": ["ping", "\#(call)"]"#] {
            try """
            { "version": 1, "policy": "\(name)", "fixtures": { "a": { "sub": "a" } },
              "tests": [ { "name": "n", "token": "a", \(member), "expect": { "decision": "deny" } } ] }
            """.write(toFile: tests, atomically: true, encoding: .utf8)
            let run = try Program.run(["policy", "test", path])
            #expect(run.status == 3 && run.output.contains("\(tests):2:"), "\(run.output)")
            #expect(run.output.contains("MA005"))
        }
    }

    @Test func `check prints each lint finding of the configuration once`() throws {
        let policy = try Program.file(
            #"{"version":1,"rules":[{"id":"r","effect":"allow","mcp_methods":["tools/cal"],"scopes":{"all":["wrote"]}}]}"#
        )
        let resources = ["x", "y"].map {
            """
            { "resource": "http://127.0.0.1:18090/\($0)", "issuers": ["a"], "policies": ["\(policy)"], "scopes_supported": ["write"] }
            """
        }
        let server = try Program.file(
            """
            { "version": 1, "server": { "listen": "127.0.0.1:18090" }, "issuers": { "a": { "issuer": "http://127.0.0.1:1/" } },
              "resources": [ \(resources.joined(separator: ",")) ] }
            """
        )
        let run = try Program.run(["check", "--config", server])
        #expect(run.status == 0, "\(run.error)")
        let warnings = run.output.split(separator: "\n").filter { $0.hasPrefix(policy) }
        #expect(warnings.count { $0.contains("warning MA111") && $0.contains("did you mean `tools/call`") } == 1)
        #expect(warnings.count { $0.contains("warning MA102") && $0.contains("/x`, `http://127.0.0.1:18090/y`") } == 1)
    }

    @Test func `test runs the tests of a policy and reports what they do not cover`() throws {
        let path = try Program.file(Self.policy)
        let tests = String(path.dropLast(".json".count)) + ".test.json"
        let name = String(path.split(separator: "/").last ?? "")
        try """
        { "version": 1, "policy": "\(name)", "fixtures": { "alice": { "sub": "alice", "scope": "read:notes" } },
          "tests": [ { "name": "reads", "token": "alice", "call": "tools/call:list_notes", "expect": { "decision": "allow" } },
                     { "name": "fails", "token": "alice", "call": "tools/call:x", "expect": { "decision": "allow" } } ] }
        """.write(toFile: tests, atomically: true, encoding: .utf8)
        let run = try Program.run(["policy", "test", "--coverage", path])
        #expect(run.status == 3)
        #expect(run.output.contains("\(tests):3:14: MA014: test `fails`: expected allow, found deny, denied_by_policy"))
        #expect(run.output.contains("1 passed, 1 failed, 1 of 2 covered"))
        #expect(run.output.contains("rule `later` decided no test"))
        #expect(try Program.run(["policy", "test", "/nonexistent.json"]).status == 3)
    }

    @Test func `explain says how a decision was made, without claim values unless they are requested`() throws {
        let policy = try Program.file(
            #"{"version":1,"rules":[{"id":"staff","effect":"allow","targets":"any","when":{"claim":"/groups","contains":"staff"}}]}"#
        )
        let claims = try Program.file(#"{"sub":"alice","groups":["secret-group"]}"#)
        let run = try Program.run(["policy", "explain", policy, "--claims", claims, "--call", "tools/call:x"])
        #expect(run.status == 11)
        #expect(run.output.contains("deny: denied_by_policy, status 403"))
        #expect(run.output.contains("/rules/0/when: the claim `/groups` is <redacted>, which does not match"))
        #expect(!run.output.contains("secret-group"))
        let revealed = ["policy", "explain", policy, "--claims", "-", "--call", "ping", "--reveal", "--json"]
        let json = try Program.run(revealed, input: #"{"sub":"alice","groups":["staff"]}"#)
        #expect(json.status == 0)
        #expect(json.output.contains(#""decision": "allow""#) && json.output.contains("staff"))
        #expect(json.output.contains(#""sha256": ""#) && json.output.contains(#""duration_seconds""#))
        // Written as escapes with the same meaning.
        let hidden = try Program.run(revealed, input: #"{"sub":"a","groups":"\u202e"}"#)
        #expect(!hidden.output.contains("\u{202E}"))
        let refused = ["policy", "explain", policy, "--claims", "-", "--call", "ping"]
        for (flags, isRevealed) in [([], false), (["--reveal"], true)] as [([String], Bool)] {
            let run = try Program.run(refused + flags, input: #"{"sub":"a","exp":"soon"}"#)
            #expect(run.status == 10)
            #expect(run.output.contains("claim `exp`: expected a number of seconds, found a string"))
            #expect(run.output.contains(#"found "soon""#) == isRevealed)
        }
        #expect(try Program.run(["policy", "explain", policy, "--call", "two words"]).status == 2)
    }

    @Test func `a server loads a changed policy, and keeps the old one if the new one is invalid`() async throws {
        let (taken, port) = Program.takenPort()
        let policy = try Program.file(#"{"version":1,"required_scopes":["read:notes"]}"#)
        let server = try Program.file(
            """
            { "version": 1, "server": { "listen": "127.0.0.1:\(port)" }, "issuers": { "a": { "issuer": "http://127.0.0.1:1/" } },
              "resources": [ { "resource": "http://127.0.0.1:\(port)/x", "issuers": ["a"], "policies": ["\(policy)"] } ] }
            """
        )
        close(taken)
        let program = try Program.process(["serve", "--config", server])
        let errors = Pipe()
        program.standardError = errors
        program.standardOutput = Pipe()
        try program.run()
        defer { program.terminate() }
        try await Self.wait(for: #"scope="read:notes""#, at: port)
        try #"{"version":1,"required_scopes":["write:notes"]}"#.write(toFile: policy, atomically: true, encoding: .utf8)
        try await Self.wait(for: #"scope="write:notes""#, at: port)
        try #"{"version":1,"required_scope":[]}"#.write(toFile: policy, atomically: true, encoding: .utf8)
        kill(program.processIdentifier, SIGHUP)
        kill(program.processIdentifier, SIGUSR1)
        var log = ""
        while !log.contains("reload_refused") || !log.contains("purged") {
            let more = errors.fileHandleForReading.availableData
            if more.isEmpty { break }
            log += String(decoding: more, as: UTF8.self)
        }
        #expect(log.contains("purged: keys, metadata and remembered tokens"))
        #expect(log.contains("reload_refused") && log.contains("MA002: unknown key `required_scope`"))
        #expect(try await Self.challenge(at: port)?.contains(#"scope="write:notes""#) == true)
    }

    private static func wait(for text: String, at port: Int) async throws {
        for _ in 0..<600 {
            if let challenge = try? await challenge(at: port), challenge.contains(text) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("no challenge with \(text)")
    }

    /// The challenge for a request without a token.
    private static func challenge(at port: Int) async throws -> String? {
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl", "-s", "-D", "-", "-o", "/dev/null", "-X", "POST", "http://127.0.0.1:\(port)/x"]
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        return text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("www-authenticate:") }.map(String.init)
    }
}
#endif
