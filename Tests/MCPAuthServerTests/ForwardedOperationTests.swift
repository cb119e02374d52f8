// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthHTTP
import MCPAuthJSON
import Testing

/// Which MCP operation is decided about when only the proxy has the body (design: `Mcp-*` fields count only for revision
/// 2026-07-28 and where the server behind the proxy validates them).
@Suite struct ForwardedOperationTests {
    /// Allows one tool, and denies another that a wide rule would allow.
    private static let policy: JSON = [
        "version": 1,
        "rules": [
            ["id": "read", "effect": "allow", "tools": ["read_*"]],
            ["id": "no-secret", "effect": "deny", "tools": ["read_secret"]],
            ["id": "pings", "effect": "allow", "mcp_methods": ["ping", "tools/list"]],
            [
                "id": "small", "effect": "allow", "tools": ["pay"],
                "when": ["argument": "/amount", "lt": 10],
            ],
        ],
    ]

    private static func door(
        _ proxy: ForwardAuthSettings.Proxy,
        validates: Bool,
        sendsBody: Bool = false
    ) throws
        -> ProxyDoor
    {
        let policies = [try Policy.json(policy)]
        let resources = [try ProxyDoor.resource("/mcp", policies, validatesFields: validates)]
        return try ProxyDoor(proxy, resources: resources, sendsBody: sendsBody)
    }

    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let fields: [(String, String)]
        let isAllowed: Bool

        init(_ description: String, _ fields: [(String, String)], _ isAllowed: Bool) {
            self.description = description
            self.fields = fields
            self.isAllowed = isAllowed
        }
    }

    private static let version = ("MCP-Protocol-Version", "2026-07-28")
    private static let call = ("Mcp-Method", "tools/call")

    static let rows = [
        Row("a tool that is allowed", [version, call, ("Mcp-Name", "read_file")], true),
        Row("a tool that is allowed, encoded", [version, call, ("Mcp-Name", "=?base64?cmVhZF9maWxl?=")], true),
        Row("a method that is allowed", [version, ("Mcp-Method", "tools/list")], true),
        Row("a tool that is denied", [version, call, ("Mcp-Name", "read_secret")], false),
        Row("a tool that is denied, encoded", [version, call, ("Mcp-Name", "=?base64?cmVhZF9zZWNyZXQ=?=")], false),
        Row("a tool whose arguments decide", [version, call, ("Mcp-Name", "pay")], false),
        Row("no name", [version, call], false),
        Row("no method", [version, ("Mcp-Name", "read_file")], false),
        Row("no field", [version], false),
        Row("no revision", [call, ("Mcp-Name", "read_file")], false),
        Row("an old revision", [("MCP-Protocol-Version", "2025-11-25"), call, ("Mcp-Name", "read_file")], false),
        Row("an unknown revision", [("MCP-Protocol-Version", "2027-01-01"), call, ("Mcp-Name", "read_file")], false),
        Row("two revisions", [version, version, call, ("Mcp-Name", "read_file")], false),
        Row("two methods", [version, call, call, ("Mcp-Name", "read_file")], false),
        Row("two names", [version, call, ("Mcp-Name", "read_file"), ("Mcp-Name", "read_secret")], false),
        Row("names that a proxy joined", [version, call, ("Mcp-Name", "read_secret,read_file")], false),
        Row("another spelling beside", [version, call, ("Mcp-Name", "read_file"), ("Mcp_Name", "read_secret")], false),
        Row("only another spelling", [version, call, ("Mcp_Name", "read_file")], false),
        Row("a name of a method without one", [version, ("Mcp-Method", "ping"), ("Mcp-Name", "x")], false),
        Row("a method that acts on something unknown", [version, ("Mcp-Method", "tasks/get")], false),
        Row("an encoding that is malformed", [version, call, ("Mcp-Name", "=?base64?!?=")], false),
        Row("an empty method", [version, ("Mcp-Method", "")], false),
    ]

    @Test(arguments: rows) func `E11, E12: a rule for tools allows only a request whose operation is certain`(
        row: Row
    ) async throws {
        let fields = row.fields + [("Authorization", "Bearer good")]
        for proxy in ForwardAuthDialectTests.overHTTP {
            let asked = try ForwardAuthDialectTests.question(proxy, method: "POST", fields: fields)
            let response = try await Self.door(proxy, validates: true).answer(asked)
            #expect((response.head.status == .ok) == row.isAllowed, "\(proxy)")
            // Where nobody validates the fields, they say nothing.
            let unvalidated = try await Self.door(proxy, validates: false).answer(asked)
            #expect(unvalidated.head.status == .forbidden, "\(proxy)")
        }
    }

    @Test(arguments: [ForwardAuthSettings.Proxy.envoy, .traefik])
    func `E11, E12: a body that the proxy sends decides, and must agree with the fields`(
        proxy: ForwardAuthSettings.Proxy
    ) async throws {
        func message(_ tool: String, _ amount: Int = 1) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)","arguments":{"amount":\#(amount)}}}"#
        }
        let door = try Self.door(proxy, validates: false, sendsBody: true)
        let modern = [Self.version, Self.call]
        for (fields, body, status) in [
            ([], message("read_file"), 200), ([], message("read_secret"), 403), ([], message("pay", 9), 200),
            ([], message("pay", 10), 403), ([], "", 400), ([], "{", 400),
            ([], "[\(message("read_file")),\(message("read_secret"))]", 403),
            (modern + [("Mcp-Name", "read_file")], message("read_secret"), 400),
            (modern, message("read_file"), 400),
        ] {
            let partial = proxy == .envoy ? [("X-Envoy-Auth-Partial-Body", "false")] : []
            let all = fields + partial + [("Authorization", "Bearer good")]
            let asked = try ForwardAuthDialectTests.question(proxy, method: "POST", fields: all)
            #expect(await door.answer(asked, body: body).head.status.code == status, "\(fields) \(body)")
        }
    }

    @Test(arguments: [[], ["true"], ["false", "false"], ["False"], [""]])
    func `a part of a body counts as none`(values: [String]) async throws {
        let door = try Self.door(.envoy, validates: false, sendsBody: true)
        let fields = values.map { ("X-Envoy-Auth-Partial-Body", $0) } + [("Authorization", "Bearer good")]
        let asked = try ForwardAuthDialectTests.question(.envoy, method: "POST", fields: fields)
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file"}}"#
        #expect(await door.answer(asked, body: body).head.status == .forbidden)
    }
}
