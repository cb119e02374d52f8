// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth serve` as a client, a proxy and an operator see it.
@Suite struct ServeTests {
    private static let message = ["-d", #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#]

    private static func serving(_ arguments: [String] = []) throws -> ServedProgram {
        try ServedProgram(arguments, environment: ["SECRET": ServedProgram.secret]) { port in
            try ServedProgram.configuration(port)
        }
    }

    @Test func `the first line and the help say that the server is not a proxy`() throws {
        let server = try Self.serving()
        let first = server.waitForOutput("mcp-auth listens on").split(separator: "\n").first
        #expect(first?.contains("it is not a proxy") == true)
        _ = server.stop()
        let help = try Program.run(["serve", "--help"]).output
        let words = help.split { $0.isWhitespace }.joined(separator: " ")
        #expect(words.contains("it is not a proxy"))
        #expect(words.contains("status 405"))
    }

    @Test func `an MCP resource answers GET, HEAD and DELETE with 405, never with success`() throws {
        let server = try Self.serving()
        defer { _ = server.stop() }
        let token = server.token()
        for method in [["-X", "GET"], ["-I"], ["-X", "DELETE"]] {
            let answer = try server.request("/x", method, token: token)
            #expect(answer.status == 405, "\(method)")
            #expect(answer.head.contains("Allow: POST"))
            #expect(try server.request("/x", method).status == 401, "\(method)")
        }
        #expect(try server.request("/x", Self.message, token: token).status == 200)
        #expect(try server.request("/api", token: token).body.contains(#""sub":"alice""#))
    }

    @Test func `requests are recorded on demand, with the listed claims only, and can be replayed`() throws {
        let record = NSTemporaryDirectory() + UUID().uuidString + ".jsonl"
        let server = try Self.serving(["--record", record, "--record-claim", "tenant"])
        let token = server.token(["scope": "read", "tenant": "t1"])
        #expect(try server.request("/x", Self.message, token: token).status == 200)
        #expect(try server.request("/api?q=secret", token: token).status == 200)
        #expect(try server.request("/api").status == 401)
        _ = server.stop()
        let text = try String(contentsOfFile: record, encoding: .utf8)
        #expect(!text.contains("alice") && !text.contains("secret") && !text.contains(token))
        let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        #expect(lines[0]["messages"] == [["method": "ping"]] && lines[1]["messages"] == nil, "\(text)")
        #expect(lines.map { $0["path"] } == ["/x", "/api"] && lines[1]["http_method"] == "GET")
        #expect(
            lines.allSatisfy {
                Set($0["claims"]?.members?.keys.sorted() ?? []) == ["client_id", "iss", "scope", "tenant"]
            }
        )
        #expect(lines.allSatisfy { $0["subject_kind"] == "user" && $0["claims"]?["scope"] == "read" })
        let mode = try FileManager.default.attributesOfItem(atPath: record)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let open = try Program.file(#"{ "version": 1, "required_scopes": ["read"] }"#)
        let closed = try Program.file(#"{ "version": 1, "required_scopes": ["write"] }"#)
        let run = try Program.run(["policy", "diff", open, closed, "--replay", record])
        #expect(run.status == 11 && run.output.hasSuffix("2 of 2 requests change\n"), "\(run.output)")
    }

    @Test func `requests are recorded only to a regular file that nobody else may read`() throws {
        let config = try Program.file(#"{"version":1,"server":{"listen":"127.0.0.1:0"},"resources":[]}"#)
        let directory = NSTemporaryDirectory() + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let (open, link, pipe) = (directory + "/open", directory + "/link", directory + "/pipe")
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o644]
        #expect(FileManager.default.createFile(atPath: open, contents: nil, attributes: mode))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory + "/target")
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, message) in [
            (open, "must belong to this user and have mode 0600"), (link, "it is a symbolic link"),
            (pipe, "cannot write requests"), (directory, "cannot write requests"),
        ] {
            let run = try Program.run(["serve", "--config", config, "--record", path])
            #expect(run.status == 3 && run.error.contains(message), "\(path): \(run)")
        }
        #expect(!FileManager.default.fileExists(atPath: directory + "/target"))
    }

    @Test(arguments: [
        "X-Original-URI: /x", "X-Original-Method: POST", "X-Forwarded-Method: POST", "x-forwarded-uri: /",
    ])
    func `a forward-auth request of a proxy is refused`(field: String) throws {
        let server = try Self.serving()
        defer { _ = server.stop() }
        for path in ["/x", "/api"] {
            let answer = try server.request(path, Self.message + ["-H", field], token: server.token())
            #expect(answer.status == 403)
            #expect(answer.body.contains("not a forward-auth endpoint"))
        }
        #expect(server.waitForLog("not a forward-auth endpoint").contains("warning"))
    }

    @Test func `a refusal of any stage is logged with its reason and without the token`() throws {
        let server = try Self.serving()
        let stranger = server.token(["aud": "https://other.example/secret-path"])
        let refusals = [
            ("no_such_resource", "/other", [], nil),
            ("invalid_origin", "/x", ["-H", "Origin: https://evil.example"], nil),
            ("no_credentials", "/x", [], nil), ("ambiguous_target", "/x/%2e%2e/api", ["--path-as-is"], nil),
            ("audience_mismatch", "/x", Self.message, stranger), ("unrecognized_token", "/x", Self.message, "garbage"),
            ("malformed_body", "/x", ["-d", "{"], server.token()),
        ]
        for (_, path, arguments, token) in refusals { _ = try server.request(path, arguments, token: token) }
        let log = server.stop()
        for (reason, _, _, _) in refusals {
            #expect(log.contains("request_denied") && log.contains(reason), "\(reason)")
        }
        #expect(log.contains("audience: expected") && log.contains("field `Origin`: expected"))
        #expect(log.contains("the path: expected the path of one resource") && log.contains("only one interpretation"))
        #expect(!log.contains("evil.example") && !log.contains("/other"))
        #expect(!log.contains(stranger) && !log.contains("secret-path") && !log.contains("garbage"))
    }

    @Test func `a refusal by a policy is logged with the operation and the rule`() throws {
        let policy = try Program.file(#"{"version":1,"required_scopes":["write"]}"#)
        let server = try ServedProgram(environment: ["SECRET": ServedProgram.secret]) { port in
            try ServedProgram.configuration(port, policy: #""policies": ["\#(policy)"]"#)
        }
        #expect(try server.request("/x", Self.message, token: server.token()).status == 403)
        let log = server.stop()
        #expect(log.contains("insufficient_scope") && log.contains("scope `write` for `ping`"), "\(log)")
        #expect(log.contains("a refusal by `required_scopes`"), "\(log)")
    }

    @Test func `a refusal because of an unknown host is logged as such`() throws {
        let server = try Self.serving()
        #expect(try server.request("/x", ["-H", "Host: elsewhere.example"]).status == 404)
        let log = server.stop()
        #expect(log.contains("the host: expected the host of a resource, such as `127.0.0.1:\(server.port)`"), "\(log)")
        #expect(!log.contains("elsewhere.example"))
    }

    @Test func `logged refusals are limited per second, and all are counted`() throws {
        let server = try Self.serving()
        let started = Date()
        _ = try server.request("/x?[1-300]")
        let seconds = Int(Date().timeIntervalSince(started)) + 2
        let log = server.stop()
        let lines = log.split(separator: "\n").filter { $0.contains("no_credentials") }
        let told = lines.filter { !$0.contains(" more ") }.count
        let held = lines.compactMap { $0.firstMatch(of: /and (\d+) more/) }.compactMap { Int($0.1) }.reduce(0, +)
        #expect(told <= 10 * seconds, "\(told) lines in \(seconds) s")
        #expect(told + held == 300)
    }

    @Test func `a token that is too long is 431, even if it exceeds usual limits of request heads`() throws {
        let server = try Self.serving()
        for bytes in [16_385, 90_000] {
            let token = String(repeating: "a", count: bytes)
            #expect(try server.request("/x", Self.message, token: token).status == 431)
        }
        #expect(server.stop().contains("token_too_long"))
    }

    @Test func `the log level can be set`() throws {
        let server = try Self.serving(["--log-level", "error"])
        _ = try server.request("/x")
        #expect(!server.stop().contains("request_denied"))
        #expect(try Program.run(["serve", "--config", "x", "--log-level", "loud"]).status == 2)
    }

    @Test func `a refused configuration is applied once the policy that it names is valid`() async throws {
        let broken = try Program.file("{")
        var path = ""
        let server = try ServedProgram(environment: ["SECRET": ServedProgram.secret]) { port in
            path = try ServedProgram.configuration(port)
            return path
        }
        let next = try ServedProgram.configuration(server.port, policy: #""policies": ["\#(broken)"]"#)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: next, toPath: path)
        server.waitForLog("reload_refused")
        try #"{"version":1,"required_scopes":["write"]}"#.write(toFile: broken, atomically: true, encoding: .utf8)
        server.waitForLog("generation 2 is in force")
        #expect(try server.request("/x", Self.message).head.contains(#"scope="write""#))
        let log = server.stop()
        #expect(log.components(separatedBy: "reload_refused").count == 2, "it is refused once, not every second")
    }
}
#endif
