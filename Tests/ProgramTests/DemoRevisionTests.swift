// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// The MCP servers of the demonstration, in every revision of MCP, as a client sees them.
@Suite struct DemoRevisionTests {
    private static let newest = "2026-07-28"
    private static let meta =
        #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

    /// One request and its expected answer.
    private struct Row {
        let fields: [String]
        let body: String
        let status: Int
        /// JSON Pointers into the answer, without the first slash, and the JSON text of each value.
        var values: [(String, String)] = []
        var text = ""
    }

    private static func fields(_ method: String, name: String? = nil, revision: String = newest) -> [String] {
        ["MCP-Protocol-Version: \(revision)", "Mcp-Method: \(method)"] + (name.map { ["Mcp-Name: \($0)"] } ?? [])
    }

    private static func body(_ method: String, _ members: String = meta, id: String? = "7") -> String {
        #"{"jsonrpc":"2.0",\#(id.map { "\"id\":\($0)," } ?? "")"method":"\#(method)","params":{\#(members)}}"#
    }

    private static func initialize(_ revision: String, answered: String) -> Row {
        Row(
            fields: [],
            body: body("initialize", #""protocolVersion":"\#(revision)","capabilities":{}"#),
            status: 200,
            values: [("result/protocolVersion", "\"\(answered)\""), ("result/resultType", "null")]
        )
    }

    private static let rows: [Row] = [
        // 2026-07-28: every result has a type, and a cacheable result has a lifetime and a scope.
        Row(
            fields: fields("server/discover"),
            body: body("server/discover"),
            status: 200,
            values: [
                ("result/resultType", "\"complete\""), ("result/ttlMs", "3600000"),
                ("result/cacheScope", "\"private\""),
                ("result/supportedVersions", #"["2026-07-28","2025-11-25","2025-06-18","2025-03-26"]"#),
                ("result/capabilities/tools", "{}"), ("id", "7"),
                ("result/_meta/io.modelcontextprotocol~1serverInfo/name", "\"notes\""),
            ]
        ),
        Row(
            fields: fields("tools/list"),
            body: body("tools/list", id: "\"a\""),
            status: 200,
            values: [
                ("result/resultType", "\"complete\""), ("result/ttlMs", "60000"), ("result/cacheScope", "\"private\""),
                ("result/tools/0/name", "\"list_notes\""), ("result/tools/0/annotations/readOnlyHint", "true"),
                ("id", "\"a\""),
            ]
        ),
        Row(
            fields: fields("tools/call", name: "create_note"),
            body: body("tools/call", #""name":"create_note","arguments":{"text":"buy bread"},\#(meta)"#),
            status: 200,
            values: [("result/resultType", "\"complete\""), ("result/ttlMs", "null")],
            text: "kept: buy bread"
        ),
        Row(
            fields: fields("tools/call", name: "=?base64?bGlzdF9ub3Rlcw==?="),
            body: body("tools/call", #""name":"list_notes",\#(meta)"#),
            status: 200,
            text: "buy bread (alice)"
        ),
        Row(
            fields: fields("tools/call", name: "create_note"),
            body: body("tools/call", #""name":"create_note","arguments":{"text":1},\#(meta)"#),
            status: 200,
            values: [("result/isError", "true"), ("result/resultType", "\"complete\"")]
        ),
        Row(
            fields: fields("notifications/cancelled"),
            body: body("notifications/cancelled", id: nil),
            status: 202
        ),
        // Requests that it refuses, with the statuses of that revision.
        Row(fields: fields("ping"), body: body("ping"), status: 404, values: [("error/code", "-32601"), ("id", "7")]),
        Row(
            fields: fields("initialize"),
            body: body("initialize"),
            status: 404,
            values: [("error/code", "-32601")]
        ),
        Row(
            fields: fields("server/discover"),
            body: body("server/discover", ""),
            status: 400,
            values: [("error/code", "-32602")]
        ),
        Row(
            fields: fields("tools/list", revision: "1900-01-01"),
            body: body("tools/list", meta.replacing(newest, with: "1900-01-01")),
            status: 400,
            values: [
                ("error/code", "-32022"), ("error/data/requested", "\"1900-01-01\""), ("id", "7"),
                ("error/data/supported/0", "\"2026-07-28\""),
            ]
        ),
        Row(
            fields: fields("tools/list", revision: "2099-01-01"),
            body: body("tools/list", meta.replacing(newest, with: "2099-01-01")),
            status: 400,
            values: [("error/code", "-32022")]
        ),
        Row(fields: fields("tools/call"), body: body("tools/list"), status: 400, values: [("error/code", "-32020")]),
        Row(
            fields: ["MCP-Protocol-Version: \(newest)"],
            body: body("tools/list"),
            status: 400,
            values: [("error/code", "-32020")]
        ),
        Row(
            fields: fields("tools/call", name: "list_notes"),
            body: body("tools/call", #""name":"create_note",\#(meta)"#),
            status: 400,
            values: [("error/code", "-32020")]
        ),
        Row(
            fields: ["MCP-Protocol-Version: 2025-11-25", "Mcp-Method: tools/list"],
            body: body("tools/list"),
            status: 400,
            values: [("error/code", "-32020")]
        ),
        Row(fields: [], body: body("tools/list"), status: 400, values: [("error/code", "-32020")]),
        // The revisions with sessions: `initialize` negotiates one of them, and results have no type.
        initialize("2025-11-25", answered: "2025-11-25"), initialize("2025-06-18", answered: "2025-06-18"),
        initialize("2025-03-26", answered: "2025-03-26"), initialize("2026-07-28", answered: "2025-11-25"),
        initialize("1900-01-01", answered: "2025-11-25"),
        Row(
            fields: ["MCP-Protocol-Version: 2025-11-25"],
            body: body("notifications/initialized", "", id: nil),
            status: 202
        ),
        Row(
            fields: ["MCP-Protocol-Version: 2025-06-18"],
            body: body("tools/list", ""),
            status: 200,
            values: [
                ("result/ttlMs", "null"), ("result/resultType", "null"), ("result/tools/1/name", "\"create_note\""),
            ]
        ),
        Row(
            fields: ["MCP-Protocol-Version: 2025-11-25"],
            body: body("ping", ""),
            status: 200,
            values: [("result", "{}")]
        ),
        Row(
            fields: ["MCP-Protocol-Version: 2025-11-25"],
            body: body("server/discover", ""),
            status: 200,
            values: [("error/code", "-32601")]
        ),
        Row(
            fields: ["MCP-Protocol-Version: 1900-01-01"],
            body: body("tools/list", ""),
            status: 400,
            values: [("error/code", "-32022")]
        ),
        // Only the oldest revision allows several messages in one body.
        Row(
            fields: ["MCP-Protocol-Version: 2025-03-26"],
            body:
                "[\(body("ping", "")),\(body("notifications/initialized", "", id: nil)),\(body("tools/list", "", id: "8"))]",
            status: 200,
            values: [("0/id", "7"), ("1/id", "8"), ("1/result/tools/0/name", "\"list_notes\"")]
        ),
        Row(
            fields: ["MCP-Protocol-Version: 2025-11-25"],
            body: "[\(body("ping", ""))]",
            status: 400,
            values: [("error/code", "-32600")]
        ),
        Row(fields: [], body: #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, status: 400),
        Row(fields: [], body: #"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, status: 400),
    ]

    @Test func `each revision is answered as it specifies`() throws {
        let (demo, url, token) = try Self.start()
        defer { demo.stop() }
        for row in Self.rows {
            let fields = (row.fields + ["Authorization: Bearer \(token)", "Content-Type: application/json"]).flatMap {
                ["-H", $0]
            }
            let answer = try Curl.run(url, fields + ["--data-binary", row.body])
            #expect(answer.status == row.status, "\(row.fields) \(row.body) → \(answer.body)")
            #expect(row.text.isEmpty || answer.body.contains(row.text), "\(answer.body)")
            guard !row.values.isEmpty else { continue }
            let root = try JSONDocument(parsing: Array(answer.body.utf8), limits: .fetched).root
            for (pointer, expected) in row.values {
                let found = root[try #require(JSONPointer("/" + pointer))].map(JSON.init) ?? .null
                #expect(String(decoding: found.encoded(), as: UTF8.self) == expected, "\(pointer): \(answer.body)")
            }
        }
    }

    @Test func `a stream begins with the acknowledged subscriptions, and ends with its token`() throws {
        let (demo, url, token) = try Self.start(claims: ["exp=\(Int(Date().timeIntervalSince1970) + 3)"])
        defer { demo.stop() }
        let fields = Self.fields("subscriptions/listen") + ["Authorization: Bearer \(token)"]
        let listen = Self.body("subscriptions/listen", #""notifications":{"toolsListChanged":true},\#(Self.meta)"#)
        let answer = try Curl.run(url, fields.flatMap { ["-H", $0] } + ["-m", "60", "--data-binary", listen])
        #expect(answer.status == 200)
        #expect(answer.head.lowercased().contains("content-type: text/event-stream"))
        let events = answer.body.split(separator: "\n").filter { $0.hasPrefix("data: ") }
        #expect(events.first?.contains("notifications/subscriptions/acknowledged") == true)
        #expect(events.first?.contains(#""io.modelcontextprotocol/subscriptionId":7"#) == true)
        #expect(events.last?.contains(#""resultType":"complete""#) == true)
        #expect(events.count == 2)
    }

    /// The demonstration on free ports, the URL of its notes server, and a token for that.
    private static func start(claims: [String] = []) throws -> (DevProgram, String, String) {
        let (port, issuerPort) = DevProgram.freePorts()
        let demo = try DevProgram(
            ["demo", "--auto-consent", "--port", "\(port)", "--issuer-port", "\(issuerPort)"],
            until: "Ctrl-C ends it"
        )
        let url = "http://127.0.0.1:\(port)/notes"
        let run = try DevProgram.run(
            ["token", "--issuer", "http://127.0.0.1:\(issuerPort)", "--resource", url]
                + claims.flatMap { ["--claim", $0] }
        )
        return (demo, url, String(run.output.dropLast()))
    }
}
#endif
