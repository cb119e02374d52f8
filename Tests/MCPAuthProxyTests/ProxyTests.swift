// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthServer
import MCPAuthTesting
import Testing

/// Requests through real proxies: what the client gets, and what the server behind the proxy gets.
@Suite(.serialized, .enabled(if: RunningProxy.programs != nil, "MCPAUTH_PROXIES is not set"))
struct ProxyTests {
    typealias Kind = RunningProxy.Kind

    /// A request and what must become of it.
    struct Row: Sendable {
        enum Credentials: Sendable {
            case none
            case alice
            case texts([String])
        }

        let name: String
        var line = "GET /mcp HTTP/1.1"
        var host: String? = "mcp.example"
        var credentials = Credentials.alice
        var fields: [(String, String)] = []
        var body: String?
        /// The statuses that are right; 200 only if the server behind the proxy answered.
        let statuses: [Int]
        /// The same where the proxy sends the body.
        var statusesWithBody: [Int]?
        /// The subject that the server behind the proxy is told, when it answers.
        var subject = "alice"
        /// A text in the challenge.
        var challenge: String?
    }

    private static func call(_ tool: String) -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)"}}"#
    }

    /// Every proxy may refuse such a request itself.
    private static let refused = [400, 401, 403, 404, 405, 421, 431, 501]

    private static let rows: [Row] = [
        Row(name: "a token", statuses: [200]),
        Row(name: "no token", credentials: .none, statuses: [401], challenge: "resource_metadata="),
        Row(name: "a bad token", credentials: .texts(["Bearer bad"]), statuses: [401], challenge: "invalid_token"),
        Row(
            name: "a token without the scope",
            line: "GET /admin HTTP/1.1",
            statuses: [403],
            challenge: "scope=\"admin\""
        ),
        Row(name: "anybody", line: "GET /public HTTP/1.1", credentials: .none, statuses: [200], subject: ""),
        Row(name: "an unknown path", line: "GET /other HTTP/1.1", statuses: [404]),
        Row(name: "a path that begins like a resource", line: "GET /mcp2 HTTP/1.1", statuses: [404]),
        Row(name: "HEAD", line: "HEAD /mcp HTTP/1.1", statuses: [200]),
        Row(name: "HEAD without a token", line: "HEAD /mcp HTTP/1.1", credentials: .none, statuses: [401]),
        Row(name: "DELETE", line: "DELETE /mcp HTTP/1.1", statuses: [200]),
        Row(
            name: "a preflight",
            line: "OPTIONS /mcp HTTP/1.1",
            credentials: .none,
            fields: [("Origin", "https://a.example"), ("Access-Control-Request-Method", "POST")],
            statuses: [401]
        ),
        // Credentials.
        Row(name: "E1: two tokens, the bad one first", credentials: .texts(["Bearer bad", "{T}"]), statuses: refused),
        Row(name: "E1: two tokens, the good one first", credentials: .texts(["{T}", "Bearer bad"]), statuses: refused),
        Row(name: "E1: the same token twice", credentials: .texts(["{T}", "{T}"]), statuses: refused),
        Row(name: "E1: Basic and Bearer", credentials: .texts(["Basic dTpw", "{T}"]), statuses: refused),
        Row(name: "E1: two tokens with a comma", credentials: .texts(["Bearer bad, {T}"]), statuses: refused),
        Row(name: "E2: a tab", credentials: .texts(["{T}\tx"]), statuses: refused),
        Row(name: "E2: the scheme alone", credentials: .texts(["Bearer"]), statuses: [401]),
        Row(name: "E2: an empty field", credentials: .texts([""]), statuses: [401]),
        Row(
            name: "E3: a token in the query",
            line: "GET /mcp?access_token=TOKEN HTTP/1.1",
            credentials: .none,
            statuses: [401]
        ),
        Row(
            name: "a name with `_`",
            credentials: .none,
            fields: [("Authorization_", "Bearer x"), ("authorization-x", "y")],
            statuses: [400, 401]
        ),
        // Targets.
        Row(name: "E4: dot segments", line: "GET /mcp/../admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: encoded dot segments", line: "GET /mcp/%2e%2e/admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: half encoded", line: "GET /mcp/.%2e/admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: an encoded slash", line: "GET /mcp%2f..%2fadmin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: encoded twice", line: "GET /mcp/%252e%252e/admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: a parameter", line: "GET /mcp/..;/admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: a backslash", line: "GET /mcp\\..\\admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: two slashes", line: "GET //admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: overlong UTF-8", line: "GET /mcp/%c0%ae%c0%ae/admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: capitals", line: "GET /ADMIN HTTP/1.1", statuses: [400, 403, 404]),
        Row(name: "E4: a NUL", line: "GET /mcp%00/../admin HTTP/1.1", statuses: [400, 403, 404]),
        Row(
            name: "E4: public, then up",
            line: "GET /public/../admin HTTP/1.1",
            credentials: .none,
            statuses: [400, 401, 404]
        ),
        Row(
            name: "E4: the metadata, then up",
            line: "GET /.well-known/oauth-protected-resource/../../admin HTTP/1.1",
            credentials: .none,
            statuses: [400, 401, 404]
        ),
        Row(
            name: "E4: the metadata, encoded up",
            line: "GET /.well-known/oauth-protected-resource/%2e%2e/%2e%2e/mcp HTTP/1.1",
            credentials: .none,
            statuses: [400, 401, 404]
        ),
        Row(name: "E5: another scheme", line: "GET http:healthz HTTP/1.1", statuses: refused),
        Row(name: "E5: another scheme with a path", line: "GET x:/admin HTTP/1.1", statuses: refused),
        Row(name: "E5: an opaque verify path", line: "GET http:verify HTTP/1.1", credentials: .none, statuses: refused),
        Row(name: "E5: TRACE", line: "TRACE /mcp HTTP/1.1", credentials: .none, statuses: refused),
        Row(name: "E5: CONNECT", line: "CONNECT mcp.example:443 HTTP/1.1", credentials: .none, statuses: refused),
        Row(name: "E5: an asterisk", line: "GET * HTTP/1.1", credentials: .none, statuses: refused),
        Row(name: "E5: the verify path itself", line: "GET /verify HTTP/1.1", statuses: [404]),
        // Hosts.
        Row(name: "E7: another host", host: "evil.example", statuses: [404, 421]),
        Row(name: "E7: a host in capitals", host: "MCP.EXAMPLE", statuses: [200]),
        Row(name: "E7: a host with a user", host: "user@mcp.example", statuses: refused),
        Row(name: "E7: two hosts", fields: [("Host", "evil.example")], statuses: refused),
        Row(name: "E7: no host", host: nil, statuses: refused),
        // Fields that describe requests and callers.
        Row(
            name: "E8: X-Forwarded-Uri",
            line: "GET /admin HTTP/1.1",
            fields: [("X-Forwarded-Uri", "/mcp")],
            statuses: [400, 403]
        ),
        Row(
            name: "E8: X_Forwarded_Uri",
            line: "GET /admin HTTP/1.1",
            fields: [("X_Forwarded_Uri", "/mcp")],
            statuses: [400, 403]
        ),
        Row(
            name: "E8: X-Original-URI",
            line: "GET /admin HTTP/1.1",
            fields: [("X-Original-URI", "/mcp")],
            statuses: [400, 403]
        ),
        Row(
            name: "E8: X-Forwarded-Host",
            host: "evil.example",
            fields: [("X-Forwarded-Host", "mcp.example")],
            statuses: [400, 404, 421]
        ),
        Row(
            name: "E8: X-Forwarded-Method",
            line: "DELETE /admin HTTP/1.1",
            fields: [("X-Forwarded-Method", "GET")],
            statuses: [400, 403]
        ),
        Row(
            name: "E8: X-HTTP-Method-Override",
            line: "GET /admin HTTP/1.1",
            fields: [("X-HTTP-Method-Override", "OPTIONS")],
            statuses: [400, 403]
        ),
        Row(name: "E9: X-Auth-Subject", fields: [("X-Auth-Subject", "admin")], statuses: [200]),
        Row(
            name: "E9: X-Auth-Subject twice",
            fields: [("X-Auth-Subject", "admin"), ("x-auth-subject", "root")],
            statuses: [200]
        ),
        Row(
            name: "E9: X-Auth-Subject of nobody",
            line: "GET /public HTTP/1.1",
            credentials: .none,
            fields: [("X-Auth-Subject", "admin")],
            statuses: [200],
            subject: ""
        ),
        Row(name: "E9: X_Auth_Subject", fields: [("X_Auth_Subject", "admin")], statuses: [200, 400]),
        Row(name: "E10: Connection: X-Auth-Subject", fields: [("Connection", "X-Auth-Subject")], statuses: [200, 400]),
        Row(
            name: "E10: Connection: Authorization",
            fields: [("Connection", "Authorization")],
            statuses: [200, 401, 400]
        ),
        Row(name: "E9: X-Auth_Subject", fields: [("X-Auth_Subject", "admin")], statuses: [200, 400]),
        Row(name: "E9: X_Auth-Subject", fields: [("X_Auth-Subject", "admin")], statuses: [200, 400]),
        Row(
            name: "an upgrade",
            fields: [("Connection", "Upgrade"), ("Upgrade", "websocket")],
            statuses: [200, 400, 403]
        ),
        // Operations.
        Row(
            name: "a ping",
            line: "POST /mcp HTTP/1.1",
            body: #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            statuses: [200]
        ),
        Row(
            name: "E12: a tool, by its body",
            line: "POST /tools HTTP/1.1",
            body: call("read_file"),
            statuses: [403],
            statusesWithBody: [200]
        ),
        Row(
            name: "E12: a tool that is denied",
            line: "POST /tools HTTP/1.1",
            body: call("read_secret"),
            statuses: [403]
        ),
        Row(
            name: "E11: fields that contradict the body",
            line: "POST /tools HTTP/1.1",
            fields: [
                ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "read_file"),
            ],
            body: call("read_secret"),
            statuses: [400, 403]
        ),
        Row(
            name: "E12: a batch",
            line: "POST /tools HTTP/1.1",
            body: "[\(call("read_file")),\(call("read_secret"))]",
            statuses: [400, 403]
        ),
        Row(
            name: "E14: two lengths of a body",
            line: "POST /mcp HTTP/1.1",
            fields: [("Content-Length", "3"), ("Transfer-Encoding", "chunked")],
            statuses: [400, 401, 403, 411, 501]
        ),
    ]

    @Test(arguments: Kind.allCases) func `each request gets its answer`(kind: Kind) async throws {
        try await RunningProxy.run(kind) { proxy in
            let token = try proxy.issuer.token(scopes: ["read"])
            for row in Self.rows { await Self.check(row, proxy, token) }
        }
    }

    private static func check(_ row: Row, _ proxy: RunningProxy, _ token: String) async {
        var fields = row.fields
        switch row.credentials {
        case .none: break
        case .alice: fields.append(("Authorization", "Bearer \(token)"))
        case .texts(let texts):
            for text in texts {
                fields.append(("Authorization", text.replacing("{T}", with: "Bearer \(token)", maxReplacements: 1)))
            }
        }
        let expected = proxy.kind.sendsBody ? row.statusesWithBody ?? row.statuses : row.statuses
        let line = row.line.replacing("TOKEN", with: token)
        guard let answer = try? await proxy.send(line, host: row.host, fields: fields, body: row.body) else {
            // Closing the connection is a refusal too.
            #expect(!expected.contains(200), "\(proxy.kind), \(row.name): no answer")
            return
        }
        let label: Comment = "\(proxy.kind), \(row.name): \(answer.status) \(answer.text)"
        #expect(expected.contains(answer.status), label)
        if let challenge = row.challenge {
            #expect(answer["www-authenticate"]?.contains(challenge) ?? false, label)
        }
        guard answer.status == 200, !row.line.hasPrefix("HEAD") else { return }
        let lines = answer.text.split(separator: "\n").map(String.init)
        let subjects = lines.filter { $0.replacing("_", with: "-").hasPrefix("x-auth-subject:") }
        let values = subjects.map { $0.dropFirst("x-auth-subject:".count).drop { $0 == " " } }
        // Some proxies do not pass on a field without a value.
        #expect(values == [row.subject[...]] || values.isEmpty && row.subject.isEmpty, label)
        #expect(!lines.contains { $0.hasPrefix("authorization:") || $0.contains(token) }, label)
        #expect(!lines.contains { $0.hasPrefix("upgrade:") }, label)
    }

    @Test(arguments: Kind.allCases) func `the metadata needs no token, and the challenge leads to it`(
        kind: Kind
    ) async throws {
        try await RunningProxy.run(kind) { proxy in
            let answer = try await proxy.send(
                "GET /.well-known/oauth-protected-resource/mcp HTTP/1.1",
                fields: []
            )
            #expect(answer.status == 200 && answer.text.contains(#""resource":"https://mcp.example/mcp""#))
        }
    }

    @Test(arguments: Kind.allCases) func `a refused client gets the id of the decision`(kind: Kind) async throws {
        try await RunningProxy.run(kind) { proxy in
            let token = try proxy.issuer.token()
            for (path, fields) in [("/mcp", []), ("/admin", [("Authorization", "Bearer \(token)")])] {
                let answer = try await proxy.send("GET \(path) HTTP/1.1", fields: fields)
                let id = try #require(
                    answer["decision-id"].flatMap { DecisionID($0) },
                    "\(kind) \(path): \(answer.text)"
                )
                let record = try #require(proxy.decisions[id])
                #expect(
                    record.denial?.status == answer.status && record.door == (kind.dialect?.rawValue ?? "ext_authz")
                )
            }
        }
    }

    // Not over gRPC: its server cannot be ended in this process while it answers. `make soak` kills the process.
    @Test(arguments: Kind.allCases.filter { $0.dialect != nil })
    func `ending mcp-auth under load gives errors, and never another's identity`(kind: Kind) async throws {
        try await RunningProxy.run(kind) { proxy in
            let subjects = (0..<8).map { "user-\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for subject in subjects {
                    let token = try proxy.issuer.token(subject: subject)
                    group.addTask {
                        let statuses = await Self.load(proxy, subject, token)
                        #expect(statuses.contains(200), "\(kind): nothing passed before")
                        #expect(statuses.suffix(5).allSatisfy { $0 != 200 }, "\(kind): \(statuses.suffix(5))")
                        #expect(Set(statuses).isSubset(of: [200, 500, 502, 503, 0]), "\(kind): \(Set(statuses))")
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(300))
                    await proxy.stopDeciding()
                }
                try await group.waitForAll()
            }
        }
    }

    /// Sends requests of one subject one after the other until five fail; 0 stands for a closed connection.
    private static func load(_ proxy: RunningProxy, _ subject: String, _ token: String) async -> [Int] {
        var statuses: [Int] = []
        let end = ContinuousClock.now.advanced(by: .seconds(20))
        var failures = 0
        while failures < 5, .now < end {
            let fields = [("Authorization", "Bearer \(token)")]
            guard let answer = try? await proxy.send("GET /mcp HTTP/1.1", fields: fields) else {
                statuses.append(0)
                failures += 1
                continue
            }
            statuses.append(answer.status)
            if answer.status != 200 { failures += 1 }
            guard answer.status == 200 else { continue }
            let names = answer.text.split(separator: "\n").filter { $0.hasPrefix("x-auth-subject:") }
            #expect(names.count == 1 && names[0].hasSuffix(" \(subject)"), "\(proxy.kind): \(names) for \(subject)")
        }
        return statuses
    }

    @Test(arguments: Kind.allCases) func `E18: without mcp-auth nothing passes, and clients are told to wait`(
        kind: Kind
    ) async throws {
        try await RunningProxy.run(kind) { proxy in
            let token = try proxy.issuer.token()
            await proxy.stopDeciding()
            for path in ["/mcp", "/public"] {
                let answer = try await proxy.send(
                    "GET \(path) HTTP/1.1",
                    fields: [("Authorization", "Bearer \(token)")]
                )
                #expect([500, 502, 503].contains(answer.status), "\(kind): \(answer.status) \(answer.text)")
            }
        }
    }
}
#endif
