// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// The policies and tests that `policies/README.md` shows.
@Suite struct PolicyPageTests {
    /// The JSON objects of the page that begin a line of an indented block.
    private static func objects() throws -> [JSON] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "policies/README.md"), encoding: .utf8)
        var objects: [JSON] = []
        var text = ""
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("    "), !text.isEmpty || line.hasPrefix("    {") else {
                text = ""
                continue
            }
            text += line
            if let object = try? JSON(parsing: Array(text.utf8)) {
                objects.append(object)
                text = ""
            }
        }
        return objects
    }

    @Test func `every policy and test on the page is valid, and the tests pass`() throws {
        let objects = try Self.objects()
        let policies = objects.filter { $0["rules"] != nil }
        let tests = objects.filter { $0["tests"] != nil }
        let cases = objects.filter { $0["expect"] != nil }
        try #require(policies.count == 2 && tests.count == 1 && cases.count == 3, "\(objects.count)")

        let notes = try Program.file(String(decoding: policies[0].encoded(), as: UTF8.self))
        try Self.expectPassing(tests[0], of: notes, output: "3 passed, 0 failed")
        let shop = try Program.file(String(decoding: policies[1].encoded(), as: UTF8.self))
        let file: JSON = [
            "version": 1, "fixtures": ["al": ["sub": "al", "tenant": "acme"]], "tests": .array(cases),
        ]
        try Self.expectPassing(file, of: shop, output: "3 passed, 0 failed")
        let lint = try Program.run(["policy", "lint", notes, shop])
        #expect(lint.status == 0 && lint.output.hasSuffix("ok, 2 policies, 1 warning\n"), "\(lint)")
    }

    private static func expectPassing(_ tests: JSON, of policy: String, output: String) throws {
        var members = try #require(tests.members)
        members["policy"] = .string(policy)
        let path = policy.replacing(".json", with: ".test.json")
        try Data(JSON.object(members).encoded()).write(to: URL(fileURLWithPath: path))
        let run = try Program.run(["policy", "test", path])
        #expect(run.status == 0 && run.output.contains(output), "\(run.output)\(run.error)")
    }
}
#endif
