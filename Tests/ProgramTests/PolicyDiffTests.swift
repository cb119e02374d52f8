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

    @Test func `recorded requests are decided by both policies`() throws {
        let old = try Program.file(Self.policy(limit: 100))
        let new = try Program.file(Self.policy(limit: 200))
        func record(_ amount: Int) -> String {
            #"{"call":"tools/call:pay","path":"/mcp","claims":{"sub":"al","scope":"pay"},"arguments":{"amount":\#(amount)}}"#
        }
        let same = try Program.file(
            [record(5), record(500), #"{"call":"GET /health","path":"/health"}"#].joined(separator: "\n")
        )
        let run = try Program.run(["policy", "diff", old, new, "--replay", same])
        #expect(run.status == 0)
        #expect(run.output == "no decision of 3 requests changes\n")
        let changed = try Program.run(
            ["policy", "diff", old, new, "--replay", "-"],
            input: record(5) + "\n" + record(150)
        )
        #expect(changed.status == 11)
        #expect(changed.output.contains("a user: denied -> allowed") && changed.output.contains(#"{"amount":150}"#))
        #expect(changed.output.hasSuffix("1 of 2 requests change\n"))
    }

    @Test(arguments: [
        ("{}\n{\"call\": 1}", ":1:1: MA003: missing key `call`"),
        ("\n\nnothing", ":3:1: MA001: the line is not a JSON object"),
        (#"{"call":"ping","token":"x"}"#, ":1:1: MA002: unknown key `token`"),
        (#"{"call":"ping","claims":[]}"#, ":1:1: MA004: "),
        (#"{"call":"GET /a/../b"}"#, ":1:1: MA005: the path `/a/../b` could be read in two ways"),
    ])
    func `a line that is not a request is an error at its place`(text: String, error: String) throws {
        let policy = try Program.file(Self.policy(limit: 100))
        let run = try Program.run(["policy", "diff", policy, policy, "--replay", try Program.file(text)])
        #expect(run.status == 3)
        #expect((run.output + run.error).contains(error), "\(run.output) \(run.error)")
    }
}
#endif
