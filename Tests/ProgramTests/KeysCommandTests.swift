// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth keys`: a file of API keys from its first key to a revoked one.
@Suite struct KeysCommandTests {
    private static func path() -> String { NSTemporaryDirectory() + "/keys-\(UUID().uuidString).json" }

    @Test func `a key is added, listed and revoked, and its secret is nowhere in the file`() throws {
        let file = Self.path()
        let add = try Program.run([
            "keys", "add", "--file", file, "--client", "build", "--subject", "ci", "--scope", "read", "--scope",
            "write",
            "--expires-in", "90d", "--prefix", "acme",
        ])
        #expect(add.status == 0)
        let parts = add.output.split(separator: "_", maxSplits: 2).map(String.init)
        try #require(parts.count == 3 && parts[0] == "acme" && parts[1].count == 16 && parts[2].count == 44, "\(add)")
        let other = try Program.run(["keys", "add", "--file", file, "--client", "deploy"])
        #expect(other.status == 0 && other.output.hasPrefix("acme_"))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(!text.contains(parts[2].dropLast()))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let list = try Program.run(["keys", "list", "--file", file])
        #expect(list.output.contains("\(parts[1])  build for ci  read write  until 20"), "\(list.output)")
        #expect(list.output.contains("  deploy  no scopes  no expiry\n"))
        let revoke = try Program.run(["keys", "revoke", "--file", file, parts[1]])
        #expect(revoke.status == 0 && revoke.output == "revoked \(parts[1])\n")
        #expect(try Program.run(["keys", "list", "--file", file]).output.contains("build for ci  read write  revoked"))
    }

    @Test(arguments: [
        (["keys", "add", "--client", "c", "--scope", "a b"], "is not a scope"),
        (["keys", "add", "--client", ""], "must not be empty"),
        (["keys", "add", "--client", "c", "--prefix", "a_b"], "a prefix has 2 to 16 letters and digits"),
        (["keys", "list"], "there is no file"), (["keys", "revoke", "0123456789abcdef"], "there is no file"),
    ])
    func `a mistake changes nothing and is reported`(arguments: [String], message: String) throws {
        let file = Self.path()
        let run = try Program.run(Array(arguments.prefix(2)) + ["--file", file] + arguments.dropFirst(2))
        #expect(run.status == 3 && run.error.contains(message), "\(run)")
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test func `keys that are added at the same time are all there`() async throws {
        let file = Self.path()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let run = try Program.run(["keys", "add", "--file", file, "--client", "c\(number)"])
                    #expect(run.status == 0, "\(run)")
                }
            }
            try await group.waitForAll()
        }
        let list = try Program.run(["keys", "list", "--file", file])
        #expect(list.output.split(separator: "\n").count == 6)
    }

    @Test func `a file with a mistake stays as it is`() throws {
        let file = try Program.file(#"{"version":1,"prefix":"mak","keys":[{}]}"#)
        let run = try Program.run(["keys", "add", "--file", file, "--client", "c"])
        #expect(run.status == 3 && run.error.contains("\(file):1:"), "\(run)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == #"{"version":1,"prefix":"mak","keys":[{}]}"#)
    }
}
#endif
