// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthHTTP
import Testing

@testable import MCPAuthCore

@Suite struct RequestReadingTests {
    @Test(
        arguments: [
            ([], "none"), (["Bearer abc"], "abc"), (["bearer abc"], "abc"), (["BEARER   abc"], "abc"),
            (["Bearer"], "malformed"), (["Bearer "], "malformed"), (["Bearer a b"], "malformed"),
            (["Basic eDp5"], "none"),
            (["Bearer a", "Bearer a"], "malformed"), (["Bearer a", "Basic b"], "malformed"),
            (["Bearer a, Basic b"], "malformed"), (["Basic a, Bearer b"], "malformed"),
            (["Basic,bearer b"], "malformed"),
            (["Basic a,\tBEARER b"], "malformed"), ([", Bearer b"], "malformed"), (["Basic a, Bearer"], "malformed"),
            ([#"Digest username="a", realm="Bearer", nonce="c""#], "none"), (["Basic a, Bearers b"], "none"),
            (["Bearer a,b"], "malformed"), (["Bearer\ta"], "none"), (["Bearer a\tb"], "malformed"), ([""], "none"),
            (["Bearer \u{e4}"], "malformed"),
        ] as [([String], String)]
    )
    func `exactly one bearer token is a credential`(fields: [String], result: String) {
        let read =
            switch RequestReading.credentials(fields) {
            case .none: "none"
            case .malformed: "malformed"
            case .bearer(let token): token.dangerouslyRevealed
            }
        #expect(read == result)
    }
}

@Suite struct MCPMessageReadingTests {
    @Test(
        arguments: [
            (
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
                Operation.mcp([.call(method: "tools/call", name: "a")])
            ),
            (
                #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                .mcp([.call(method: "notifications/initialized", name: nil)])
            ),
            (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, .mcp([.response])),
            (
                #"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"b"}}]"#,
                .mcp([.call(method: "ping", name: nil), .call(method: "tools/call", name: "b")])
            ),
            (#"{"method":"ping","Method":"tools/call"}"#, .unknown), (#"{"method":"ping","method":"x"}"#, .unknown),
            (#"{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}"#, .unknown),
            (#"{"method\u0000":"ping"}"#, .unknown), (#"{"METHOD":"ping"}"#, .unknown), (#"[]"#, .unknown),
            (#"{}"#, .unknown),
            (#"{"method":5}"#, .unknown), (#"{"method":"ping","result":{}}"#, .unknown), ("", .unknown),
            ("ping", .unknown),
            (#"{"method":"tools/call","params":{"name":"a","Name":"b"}}"#, .unknown),
            (#"{"method":"tools/call","params":{"name":7}}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (
                #"{"method":"resources/read","params":{"uri":"file:///a"}}"#,
                .mcp([.call(method: "resources/read", name: "file:///a")])
            ),
            (#"[{"method":"ping"},7]"#, .unknown),
        ] as [(String, Operation)]
    )
    func `the operation is read from the body, or is unknown`(body: String, operation: Operation) {
        let request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")
        #expect(MCPMessageReading.read(request, body: Array(body.utf8)) == .operation(operation))
    }

    @Test(arguments: [
        (["2026-07-28"], "2026-07-28" as String?, true), (["2026-07-28"], "2025-11-25", false),
        ([], "2026-07-28", false),
        (["2025-11-25"], nil, true), ([], nil, true), (["2025-11-25", "2026-07-28"], nil, false),
    ])
    func `the revision of the field is the one the message says`(fields: [String], said: String?, agrees: Bool) throws {
        var request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")
        let name = try #require(HTTPField.Name("MCP-Protocol-Version"))
        for value in fields { request.headerFields.append(HTTPField(name: name, value: value)) }
        request.headerFields.append(HTTPField(name: try #require(HTTPField.Name("Mcp-Method")), value: "tools/list"))
        let meta = said.map { #""_meta":{"io.modelcontextprotocol/protocolVersion":"\#($0)"}"# } ?? ""
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{\#(meta)}}"#
        let read = MCPMessageReading.read(request, body: Array(body.utf8))
        #expect(read == (agrees ? .operation(.mcp([.call(method: "tools/list", name: nil)])) : .headerMismatch))
    }

    @Test func `a name that no server has is none`() {
        let request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")
        let body = #"{"method":"tools/call","params":{"name":"\#(String(repeating: "a", count: 5000))"}}"#
        let read = MCPMessageReading.read(request, body: Array(body.utf8))
        #expect(read == .operation(.mcp([.call(method: "tools/call", name: nil)])))
    }

    @Test func `a method that no server has is no message`() {
        let request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")
        let body = #"{"jsonrpc":"2.0","id":1,"method":"\#(String(repeating: "a", count: 5000))"}"#
        #expect(MCPMessageReading.read(request, body: Array(body.utf8)) == .operation(.unknown))
    }

    @Test(
        arguments: [
            ([("Mcp-Method", "tools/call"), ("Mcp-Name", "a")], true), ([("mcp-method", "tools/call")], true),
            ([("Mcp-Method", "tools/list")], false), ([("Mcp-Method", "Tools/Call")], false),
            ([("Mcp-Name", "b")], false),
            ([("Mcp-Method", "tools/call"), ("Mcp-Method", "tools/call")], false),
            ([("Mcp-Name", "=?base64?YQ==?=")], true),
            ([("Mcp-Name", "=?base64?Yg==?=")], false), ([("Mcp-Name", "=?base64?!!?=")], false), ([], true),
            ([("MCP-Protocol-Version", "2026-07-28")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "a")], true),
            ([("MCP-Protocol-Version", "2025-11-25")], true),
        ] as [([(String, String)], Bool)]
    )
    func `the Mcp fields must agree with the body`(fields: [(String, String)], agrees: Bool) throws {
        var request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")
        for (name, value) in fields {
            request.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let body = Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#.utf8)
        let expected: MCPMessageReading.Result =
            agrees ? .operation(.mcp([.call(method: "tools/call", name: "a")])) : .headerMismatch
        #expect(MCPMessageReading.read(request, body: body) == expected)
    }
}

@Suite struct ChallengeTests {
    @Test func `the challenge has the form and order that client parsers read`() {
        let metadata = "https://h.example/.well-known/oauth-protected-resource/mcp"
        let anonymous = BearerChallenge(error: nil, scope: ["a", "b"], resourceMetadata: metadata)
        #expect(ResponseWriting.text(of: anonymous) == "Bearer scope=\"a b\", resource_metadata=\"\(metadata)\"")
        let refused = BearerChallenge(error: .insufficientScope, scope: ["a"], resourceMetadata: metadata)
        let text = ResponseWriting.text(of: refused)
        #expect(
            text.hasPrefix(
                "Bearer error=\"insufficient_scope\", scope=\"a\", resource_metadata=\"\(metadata)\", error_description=\""
            )
        )
        for error in BearerChallenge.ErrorCode.allCases {
            let text = ResponseWriting.text(of: BearerChallenge(error: error, resourceMetadata: metadata))
            #expect(
                !text.contains("\\") && !text.contains("scope=") && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            )
        }
    }
}
