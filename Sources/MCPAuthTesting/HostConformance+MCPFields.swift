// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// `Mcp-*` fields that agree with the body, contradict it or are missing (MCP 2026-07-28, Standard Request Headers).
extension HostConformance {
    private static let revision = ("MCP-Protocol-Version", "2026-07-28")
    private static let calls = ("Mcp-Method", "tools/call")
    private static let named = ("Mcp-Name", "good")

    private static func agreeing(_ name: String, _ fields: [(String, String)], _ body: String = good) -> Row {
        Row(name: name, fields: fields, body: .text(body), status: 200)
    }

    private static func mismatch(_ name: String, _ fields: [(String, String)], _ body: String = good) -> Row {
        Row(name: name, fields: fields, body: .text(body), status: 400, contains: #""code":-32020"#)
    }

    /// A list whose `_meta` names a revision.
    private static func list(of revision: String) -> String {
        message("tools/list", #","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":\#(revision)}}"#)
    }

    static let mcpFields: [Row] = [
        agreeing("fields that agree with the body are allowed", [revision, calls, named]),
        agreeing(
            "the names of these fields are read in any case",
            [revision, ("MCP-METHOD", "tools/call"), ("mcp-name", "good")]
        ),
        agreeing("spaces around these values do not count", [calls, ("Mcp-Name", "  good  ")]),
        agreeing("a name in Base64 is decoded", [revision, calls, ("Mcp-Name", "=?base64?Z29vZA==?=")]),
        agreeing("a list of the newest revision needs no name", [revision, ("Mcp-Method", "tools/list")], list),
        agreeing("an older revision needs no such fields", [("MCP-Protocol-Version", "2025-06-18")]),
        agreeing("a field with `_` for `-` is another field", [("Mcp_Method", "ping"), ("Mcp_Name", "bad")]),
        agreeing(
            "the revision in the body may agree with the field",
            [revision, ("Mcp-Method", "tools/list")],
            list(of: #""2026-07-28""#)
        ),
        mismatch("another method is a mismatch", [("Mcp-Method", "ping")]),
        mismatch("the method in capitals is a mismatch", [("Mcp-Method", "TOOLS/CALL")]),
        mismatch("another name is a mismatch", [calls, ("Mcp-Name", "bad")]),
        mismatch("a field that allows does not help a body that does not", [calls, named], call("bad")),
        mismatch("an empty name is a mismatch", [calls, ("Mcp-Name", "")]),
        mismatch("another name in Base64 is a mismatch", [calls, ("Mcp-Name", "=?base64?YmFk?=")]),
        mismatch("Base64 that is cut off is a mismatch", [calls, ("Mcp-Name", "=?base64?Z29vZ?=")]),
        mismatch("Base64 with its mark in capitals is a mismatch", [calls, ("Mcp-Name", "=?BASE64?Z29vZA==?=")]),
        mismatch("a name where the method has none is a mismatch", [("Mcp-Name", "good")], list),
        mismatch("the newest revision needs the method", [revision, named]),
        mismatch("the newest revision needs the name of a tool", [revision, calls]),
        mismatch("two methods are a mismatch", [calls, ("Mcp-Method", "ping")]),
        mismatch("two names are a mismatch", [calls, named, ("Mcp-Name", "bad")]),
        mismatch("two names in one field are a mismatch", [calls, ("Mcp-Name", "good, bad")]),
        mismatch("two revisions are a mismatch", [("MCP-Protocol-Version", "2025-06-18"), revision]),
        mismatch("two revisions in one field are a mismatch", [("MCP-Protocol-Version", "2025-06-18, 2026-07-28")]),
        mismatch("a batch with a method in a field is a mismatch", [calls], "[\(good)]"),
        mismatch(
            "a response with a method in a field is a mismatch",
            [calls],
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#
        ),
        mismatch(
            "another revision in the body is a mismatch",
            [("MCP-Protocol-Version", "2025-06-18")],
            list(of: #""2026-07-28""#)
        ),
        mismatch("a revision in the body alone is a mismatch", [], list(of: #""2026-07-28""#)),
        mismatch("a revision that is a number is a mismatch", [], list(of: "20260728")),
        Row(
            name: "these fields open no stream to a caller without a token",
            method: "GET",
            credentials: .none,
            fields: [revision, ("Mcp-Method", "ping")],
            status: 401
        ),
    ]
}
