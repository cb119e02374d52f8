// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// `mcp-auth-policy-check` as the build plugin `MCPAuthPolicyCheck` runs it.
@Suite struct PolicyCheckTests {
    private let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "/mcp-auth-policies-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    @Test func `warnings are printed in the form of a compiler and do not fail the build`() throws {
        let policy = try file("notes.json", PolicyCommandTests.policy)
        let tests = try file("notes.test.json", Self.tests(expecting: "allow"))
        let run = try check([policy, tests])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("\(policy):3:51: warning: MA101: the rule `later` is in shadow mode"))
        #expect(run.output.split(separator: "\n").count == 1)
    }

    @Test func `a mistake fails the build, and is printed once though the tests find it too`() throws {
        let broken = PolicyCommandTests.policy.replacing(#""effect": "allow""#, with: #""efect": "allow""#)
        let policy = try file("notes.json", broken)
        let tests = try file("notes.test.json", Self.tests(expecting: "allow", of: "./notes.json"))
        let run = try check([policy, tests])
        #expect(run.status == 3)
        #expect(run.output == "\(policy):2:21: error: MA002: unknown key `efect`, did you mean `effect`\n")
    }

    @Test func `a test that fails is an error at its line`() throws {
        let policy = try file("notes.json", PolicyCommandTests.policy)
        let tests = try file("notes.test.json", Self.tests(expecting: "deny"))
        let run = try check([policy, tests])
        #expect(run.status == 3)
        #expect(run.output.contains("\(tests):2:14: error: MA014: test `reads`: expected deny, found allow"))
    }

    @Test func `a test must name policies whose changes the build notices`() throws {
        let policy = try file("notes.json", PolicyCommandTests.policy)
        let tests = try file("other.test.json", Self.tests(expecting: "allow", of: "other.json"))
        let run = try check([policy, tests])
        #expect(run.status == 3)
        #expect(run.output.contains("\(tests):1:27: error: MA006: `other.json` is not one of the policies"))
    }

    @Test func `what cannot be read is an error, and so is a call without files`() throws {
        let missing = directory + "/missing.json"
        let run = try check([missing])
        #expect(run.status == 3)
        #expect(run.output == "error: MA008: cannot read the file `\(missing)`\n")
        #expect(try check([]).status == 2)
    }

    private func check(_ files: [String]) throws -> Program.Run {
        try Program.run(files, of: "mcp-auth-policy-check")
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = directory + "/" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// One test of a policy, whose caller may call the tool.
    private static func tests(expecting decision: String, of policy: String = "notes.json") -> String {
        """
        { "version": 1, "policy": "\(policy)", "fixtures": { "al": { "sub": "al", "scope": "read:notes" } },
          "tests": [ { "name": "reads", "token": "al", "call": "tools/call:list_a", "expect": { "decision": "\(decision)" } } ] }
        """
    }
}
#endif
