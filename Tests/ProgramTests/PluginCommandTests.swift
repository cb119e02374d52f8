// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// `mcp-auth plugin`, with the module `hmac-token-c`.
@Suite struct PluginCommandTests {
    /// A directory that only its owner may write, with the library.
    private static func directory() throws -> String {
        let directory = NSTemporaryDirectory() + "/plugin-\(UUID().uuidString)"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: attributes
        )
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").path
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = [
            "cc", "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC", "-I",
            root + "/Sources/CMCPAuthModule/include", root + "/Plugins/hmac-token-c/hmac_token.c", "-lcrypto", "-o",
            directory + "/hello.so",
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        try FileManager.default.setAttributes(attributes, ofItemAtPath: directory + "/hello.so")
        return directory
    }

    @Test func `a module is listed and inspected`() throws {
        let directory = try Self.directory()
        try "no module".write(toFile: directory + "/other.so", atomically: true, encoding: .utf8)
        let list = try Program.run(["plugin", "list", directory])
        #expect(
            list.status == 0 && list.output.contains("hello.so  hmac-token-c 1.0.0  verifier hmac-token-c\n"),
            "\(list)"
        )
        #expect(list.output.contains("other.so  ") && list.output.contains("cannot be loaded"), "\(list.output)")
        let inspect = try Program.run(["plugin", "inspect", directory + "/hello.so"])
        #expect(inspect.status == 0)
        for part in [
            "hmac-token-c 1.0.0, ABI 1.0\nsha256 ", "verifier hmac-token-c", "  PURE", "  REENTRANT", #""required""#,
        ] {
            #expect(inspect.output.contains(part), "\(inspect.output)")
        }
    }

    @Test func `a token is verified with a module, and goes through all checks`() throws {
        let directory = try Self.directory()
        let key = String(repeating: "k", count: 32)
        try key.write(toFile: directory + "/key", atomically: true, encoding: .utf8)
        let config = directory + "/hello.json"
        try """
        { "issuer": "urn:example:hello", "config": { "key": "k", "scope": "read" }, "secrets": { "k": { "file": "key" } } }
        """.write(toFile: config, atomically: true, encoding: .utf8)
        func test(_ token: String) throws -> Program.Run {
            let arguments = ["plugin", "test", directory + "/hello.so", "--config", config, "--token-file", "-"]
            return try Program.run(arguments, input: token)
        }
        let signed = "greeter.\(Int(Date().timeIntervalSince1970) + 600)"
        let mac = try Self.mac(of: signed, key: key)
        let good = try test("hmac.\(signed).\(mac)")
        #expect(good.status == 0 && good.output.contains(#""client_id": "greeter""#), "\(good)")
        let bad = try test("hmac.\(signed).\(String(mac.reversed()))")
        #expect(bad.status == 10 && bad.output.contains("rejected_by_module"), "\(bad)")
        #expect(bad.error.contains("module: hello.so: rejected: bad_mac"), "\(bad.error)")
        let other = try test("opaque")
        #expect(other.status == 10 && other.output.contains("unrecognized_token"), "\(other)")
    }

    @Test func `a mistake in the configuration of a module is reported at its place`() throws {
        let directory = try Self.directory()
        for (text, error) in [
            (#"{ "issuer": "urn:x", "config": { "key": "k", "scop": "r" } }"#, "MA002"),
            (#"{ "config": { "key": "k", "scope": "r" } }"#, "missing key `issuer`"),
            (
                #"{ "issuer": "urn:x", "verifier": "other", "config": {} }"#,
                "has no verifier `other`: it has `hmac-token-c`"
            ),
            (#"{ "transformer": "t", "config": {} }"#, "has no transformer `t`: it has none"),
            (
                #"{ "issuer": "urn:x", "hosts": ["https://a"], "config": { "key": "k", "scope": "r" } }"#,
                "is not a host"
            ),
            (#"{ "issuer": "urn:x", "path": "x", "config": {} }"#, "unknown key `path`"),
        ] {
            let config = directory + "/entry.json"
            try text.write(toFile: config, atomically: true, encoding: .utf8)
            let run = try Program.run(
                ["plugin", "test", directory + "/hello.so", "--config", config, "--token-file", "-"],
                input: "x"
            )
            #expect(run.status == 3 && (run.output + run.error).contains(error), "\(run)")
            #expect((run.output + run.error).contains("entry.json:1:"), "\(run)")
        }
    }

    private static func mac(of text: String, key: String) throws -> String {
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/env")
        program.arguments = ["openssl", "dgst", "-sha256", "-hmac", key, "-r"]
        let (input, output) = (Pipe(), Pipe())
        (program.standardInput, program.standardOutput) = (input, output)
        try program.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        return String(text.prefix(64))
    }
}
#endif
