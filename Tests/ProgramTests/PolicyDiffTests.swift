// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth policy diff` as the reviewer of a change uses it.
@Suite struct PolicyDiffTests {
    private static func policy(limit: Int, more: String = "") -> String {
        """
        { "version": 1, "rules": [
            { "id": "session", "effect": "allow", "mcp_methods": ["@basics"] },
            { "id": "pay", "effect": "allow", "tools": ["pay"], "scopes": { "all": ["pay"] },
              "when": { "argument": "/amount", "lte": \(limit) } }\(more) ] }
        """
    }

    @Test func `the same decisions are exit 0, whatever the rules are called and however they are ordered`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let new = try Program.file(
            """
            { "version": 1, "rules": [
                { "id": "payments", "effect": "allow", "tools": ["pay"], "scopes": { "all": ["pay"] },
                  "when": { "not": { "argument": "/amount", "gt": 100 } } },
                { "id": "session", "effect": "allow", "mcp_methods": ["@basics"] } ] }
            """
        )
        let run = try Program.run(["policy", "diff", old, new])
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output == "no decision changes\n")
    }

    @Test func `a change is shown with a request about which the two policies decide differently`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let new = try Program.file(Self.policy(limit: 200))
        let run = try Program.run(["policy", "diff", old, new])
        #expect(run.status == 11)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines[0] == "tools/call:pay")
        #expect(lines[1] == "  a user: denied -> allowed")
        // The request of the answer, explained for both.
        let claims = try Program.file(String(lines[2].dropFirst("    claims    ".count)))
        let arguments = String(lines[3].dropFirst("    arguments ".count))
        let call = ["--claims", claims, "--arguments", arguments, "--call", lines[0]]
        #expect(try Program.run(["policy", "explain", old] + call).status == 11)
        #expect(try Program.run(["policy", "explain", new] + call).status == 0)
        let json = try JSON(parsing: Array(try Program.run(["policy", "diff", "--json", old, new]).output.utf8))
        #expect(json["changes"]?.elements?.count == 1 && json["undecided"] == [])
        #expect(json["changes"]?.elements?[0]["new"] == "allowed")
    }

    @Test func `an operation that is opened to anyone is shown as such`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let open = #", { "id": "open", "effect": "allow", "subject_kind": "anyone", "tools": ["rates"] }"#
        let new = try Program.file(Self.policy(limit: 100, more: open))
        let run = try Program.run(["policy", "diff", old, new])
        #expect(run.status == 11)
        #expect(run.output.hasPrefix("tools/call:rates\n  anyone without a token: denied, needs a token -> allowed\n"))
    }

    @Test func `what cannot be decided is said, and is not exit 0`() throws {
        let patterns = (0..<24).map { #""*a\#($0)b*""# }.joined(separator: ",")
        func text(_ scope: String) -> String {
            """
            { "version": 1, "rules": [
                { "id": "many", "effect": "allow", "tools": [\(patterns)] },
                { "id": "one", "effect": "deny", "enforce": false, "tools": ["zz"], "scopes": { "all": ["\(scope)"] } } ] }
            """
        }
        let run = try Program.run(["policy", "diff", try Program.file(text("x")), try Program.file(text("y"))])
        #expect(run.status == 11)
        #expect(run.output == "not decided: the patterns of tools overlap in too many ways to try all\n")
    }

    private static func record(_ amount: Int, arguments: String = #"["amount"]"#) -> String {
        """
        {"path":"/mcp","messages":[{"method":"tools/call","name":"pay","arguments":{"amount":\(amount)}}],\
        "claims":{"iss":"https://i.example","scope":"pay"},"subject_kind":"user","recorded_arguments":\(arguments)}
        """
    }

    private static let health = #"{"http_method":"GET","path":"/health"}"#

    @Test func `recorded requests are decided by both policies`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let new = try Program.file(Self.policy(limit: 200))
        let same = try Program.file([Self.record(5), Self.record(500), Self.health].joined(separator: "\n"))
        let run = try Program.run(["policy", "diff", old, new, "--replay", same])
        #expect(run.status == 0)
        #expect(run.output == "no decision of 3 requests changes\n")
        let changed = try Program.run(
            ["policy", "diff", old, new, "--replay", "-"],
            input: Self.record(5) + "\n" + Self.record(150)
        )
        #expect(changed.status == 11)
        #expect(changed.output.contains("a user: denied -> allowed") && changed.output.contains(#"{"amount":150}"#))
        #expect(changed.output.hasSuffix("1 of 2 requests change\n"))
    }

    @Test func `a replay says which claims and arguments the policies read and the record lacks`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let new = try Program.file(Self.policy(limit: 200))
        let file = try Program.file([Self.record(5, arguments: "[]"), Self.health].joined(separator: "\n"))
        let run = try Program.run(["policy", "diff", old, new, "--replay", file])
        #expect(run.status == 11)
        let line = "not decided: a policy reads the argument `amount`, which was not recorded\n"
        #expect(run.output == line + "0 of 2 requests change\n")
    }

    @Test(arguments: [
        ("{}", ":1:1: MA003: a key is missing"), ("nothing", ":1:1: MA001: the line is not a JSON object"),
        (#"{"path":"/","http_method":"GET","token":"x"}"#, ":1:1: MA002: unknown key `token`"),
        (#"{"path":"/","messages":[],"claims":[]}"#, ":1:1: MA005: "),
        (#"{"path":"/","http_method":"GET","claims":[]}"#, ":1:1: MA004: `claims` must be an object"),
        (#"{"path":"/a/../b","http_method":"GET"}"#, ":1:1: MA005: the path `/a/../b` could be read in two ways"),
        (#"{"path":"/","messages":[{"name":"x"}]}"#, ":1:1: MA005: "),
    ])
    func `a line that is not a request is counted, and the others are decided`(text: String, error: String) throws {
        let policy = try Program.file(Self.policy(limit: 100))
        let alone = try Program.run(["policy", "diff", policy, policy, "--replay", try Program.file(text)])
        #expect(alone.status == 3 && (alone.output + alone.error).contains(error), "\(alone)")
        let file = try Program.file([text, Self.record(5)].joined(separator: "\n"))
        let run = try Program.run(["policy", "diff", policy, policy, "--replay", file])
        #expect(
            run.status == 11 && run.output.contains("not decided: lines that are not requests: 1; the first is"),
            "\(run)"
        )
        #expect(run.output.contains(error), "\(run.output)")
    }

    @Test func `texts that differ only in their bytes, and policies above 512 KiB, are compared`() throws {
        func policy(_ tool: String, _ comment: String = "") throws -> String {
            try Program.file(
                #"{ "version": 1, "rules": [ { "id": "a", "effect": "allow", "targets": "any", "$comment": "\#(comment)" },"#
                    + #"{ "id": "d", "effect": "deny", "tools": ["\#(tool)"] } ] }"#
            )
        }
        let long = String(repeating: "x", count: 600 * 1024)
        for (old, new) in [
            (try policy("Kill"), try policy("\u{212A}ill")), (try policy("\u{E9}"), try policy("e\u{301}")),
            (try policy("Kill", long), try policy("Other", long)),
        ] {
            let run = try Program.run(["policy", "diff", old, new])
            #expect(run.status == 11 && run.output.contains("->"), "\(run.output)")
        }
    }
}
#endif
