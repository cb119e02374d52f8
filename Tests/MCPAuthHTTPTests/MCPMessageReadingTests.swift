// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthHTTP
import Testing

@testable import MCPAuthCore

/// Which MCP operation a body carries.
@Suite struct MCPMessageReadingTests {
    @Test(
        arguments: [
            (
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
                RequestOperation.mcp([.call(method: "tools/call", name: "a")])
            ),
            (
                #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                .mcp([.call(method: "notifications/initialized", name: nil)])
            ),
            (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, .mcp([.response])),
            (#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#, .mcp([.response])),
            (#"{"jsonrpc":"2.0","id":1,"result":null}"#, .mcp([.response])),
            (#"{"jsonrpc":"2.0","id":1,"method":null,"result":{},"error":null}"#, .mcp([.response])),
            (
                #"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"b"}}]"#,
                .mcp([.call(method: "ping", name: nil), .call(method: "tools/call", name: "b")])
            ),
            (#"{"method":"tools/call","params":{"name":7}}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"method":"tools/call","params":{"name":null}}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (
                #"{"method":"tools/call","params":{"name":{"name":"a"}}}"#,
                .mcp([.call(method: "tools/call", name: nil)])
            ),
            (#"{"method":"tools/call","params":{}}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"method":"tools/call","params":null}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"method":"tools/call","params":["a"]}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"method":"tools/call","params":"a"}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"method":"tools/call"}"#, .mcp([.call(method: "tools/call", name: nil)])),
            (#"{"params":{"name":"a"},"method":"tools/call"}"#, .mcp([.call(method: "tools/call", name: "a")])),
            (
                #"{"method":"tools\/call","params":{"n\u0061me":"\u0061"}}"#,
                .mcp([.call(method: "tools/call", name: "a")])
            ),
            (
                #"{"method":"resources/read","params":{"uri":"file:///a","name":"b"}}"#,
                .mcp([.call(method: "resources/read", name: "file:///a")])
            ),
            (
                #"{"method":"prompts/get","params":{"name":"p","uri":"u"}}"#,
                .mcp([.call(method: "prompts/get", name: "p")])
            ),
            (#"{"method":"tasks/get","params":{"taskId":"t"}}"#, .mcp([.call(method: "tasks/get", name: "t")])),
            (#"{"method":"tools/list","params":null}"#, .mcp([.call(method: "tools/list", name: nil)])),
            (#"{"method":"tools/list","params":{"name":"x"}}"#, .mcp([.call(method: "tools/list", name: nil)])),
            (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, .mcp([.call(method: "ping", name: nil)])),
            (#"{"method":"ping","result":null,"error":null}"#, .mcp([.call(method: "ping", name: nil)])),
        ] as [(String, RequestOperation)]
    )
    func `the operation is read from the body`(body: String, operation: RequestOperation) {
        #expect(Self.read(body) == .operation(operation))
    }

    @Test(arguments: [
        #"{"method":"ping","Method":"tools/call"}"#, #"{"METHOD":"tools/call","method":"ping"}"#,
        #"{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}"#,
        #"{"method":"tools/call","params":{"name":"a"},"paramſ":{"name":"b"}}"#, #"{"method":"ping","Result":{}}"#,
        #"{"method":"ping","method\u0000":"tools/call"}"#, #"{"method":"ping","\ud800":1}"#,
        #"{"method":"ping","ID":1}"#, #"{"METHOD":"ping"}"#, #"{"method\u0000":"ping"}"#,
        #"{"method":"tools/call","params":{"name":"a","Name":"b"}}"#,
        #"{"method":"tools/call","params":{"name":"a","name\u0000":"b"}}"#,
        #"{"method":"tools/call","params":{"NAME":"b"}}"#,
        #"{"method":"resources/read","params":{"uri":"a","URI":"b"}}"#,
        #"{"method":"tasks/get","params":{"taskId":"a","tas\u212aId":"b"}}"#,
        #"[{"method":"ping"},{"method":"ping","Method":"tools/call"}]"#,
        #"{"method":"pi\u0000ng"}"#, #"{"method":"\udc00"}"#, #"[{"method":"ping"},{"method":"a\u0000"}]"#,
    ])
    func `the operation is unknown if another parser might read another operation`(body: String) {
        #expect(Self.read(body) == .operation(.unknown))
    }

    @Test func `a member name in another case matters only where the member itself is read`() {
        let call = Self.read(#"{"method":"tools/call","params":{"name":"a","URI":"b","NameS":"c"}}"#)
        #expect(call == .operation(.mcp([.call(method: "tools/call", name: "a")])))
        let list = Self.read(#"{"method":"tools/list","params":{"Name":"b"}}"#)
        #expect(list == .operation(.mcp([.call(method: "tools/list", name: nil)])))
    }

    @Test(arguments: [
        "18446744073709551616", "-99999999999999999999", "1e400", "-1E+999", "1e-999", "0.1e5000", #""a\u0000b""#,
        #""\ud83d""#, #""\ude00\ud83d""#, #"{"a\u0000":1,"\ud800":2}"#, "[1e400,[123456789012345678901234567890]]",
        "null",
        #"{"":{"":null}}"#, #""\ud83d\ude00""#,
    ])
    func `a value that cannot be represented is ignored where it is not read`(value: String) {
        let expected = MCPMessageReading.Result.operation(.mcp([.call(method: "tools/call", name: "a")]))
        for body in [
            #"{"jsonrpc":"2.0","id":VALUE,"method":"tools/call","params":{"name":"a"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":VALUE}}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"progressToken":VALUE}}}"#,
            #"{"jsonrpc":VALUE,"id":1,"method":"tools/call","params":{"arguments":[VALUE],"name":"a"},"x":VALUE}"#,
        ] {
            #expect(Self.read(body.replacing("VALUE", with: value)) == expected, "\(body)")
        }
    }

    @Test(arguments: [#""a\u0000b""#, #""\ud83d""#, "1e400", "99999999999999999999", #"{"a\u0000":1}"#])
    func `a name that cannot be represented counts as absent`(value: String) {
        let read = Self.read(#"{"method":"tools/call","params":{"name":VALUE}}"#.replacing("VALUE", with: value))
        #expect(read == .operation(.mcp([.call(method: "tools/call", name: nil)])))
    }

    @Test func `one byte order mark at the beginning is ignored`() {
        let expected = MCPMessageReading.Result.operation(.mcp([.call(method: "ping", name: nil)]))
        #expect(Self.read("\u{FEFF}" + #"{"method":"ping"}"#) == expected)
        #expect(Self.read("\u{FEFF}" + #"[{"method":"ping"}]"#) == expected)
        #expect(Self.read("\u{FEFF}\u{FEFF}" + #"{"method":"ping"}"#).refusal == .malformedBody)
        #expect(Self.read(#"{"method":"ping"}"# + "\u{FEFF}").refusal == .malformedBody)
    }

    @Test(arguments: [
        "", " ", "ping", #"{"method":"ping""#, #"{"method":"ping"} {}"#, #"{"method":"ping",}"#, #"{'method':'ping'}"#,
        #"{"method":"ping","method":"x"}"#, #"{"method":"ping","m\u0065thod":"x"}"#,
        #"{"id":1,"id":1,"method":"ping"}"#,
        #"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        #"{"method":"tools/call","params":{"name":"a","arguments":{"x":1,"x":2}}}"#,
        #"{"method":"tools/call","params":{"name":"a","arguments":[{"":{"y":1,"\u0079":2}}]}}"#,
        #"{"method":"ping","id":01}"#, #"{"method":"ping","id":NaN}"#, #"{"method":"ping","id":.5}"#,
        #"{"method":"pi\qng"}"#, "{\"method\":\"pi\nng\"}", "{\"method\":\"ping\"}\u{0}", "[{\"method\":\"ping\"}",
        "nul",
    ])
    func `a body that is not JSON, or has a duplicate member, is malformed`(body: String) {
        #expect(Self.read(body).refusal == .malformedBody)
    }

    @Test(
        arguments: [
            [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82],
        ] as [[UInt8]]
    )
    func `a body that is not UTF-8 is malformed`(bytes: [UInt8]) {
        let body = Array(#"{"method":"ping","x":""#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(MCPMessageReading.read(Self.request, body: body).refusal == .malformedBody)
        let wide = Array(#"{"method":"ping"}"#.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(MCPMessageReading.read(Self.request, body: [0xFF, 0xFE] + wide).refusal == .malformedBody)
        #expect(MCPMessageReading.read(Self.request, body: wide).refusal == .malformedBody)
    }

    @Test(arguments: [
        "[]", "{}", "7", "null", "true", #""ping""#, "[7]", "[[]]", #"[[{"method":"ping"}]]"#,
        #"[{"method":"ping"},7]"#,
        #"[{"method":"ping"},null]"#, #"{"method":5}"#, #"{"method":["ping"]}"#, #"{"method":null}"#,
        #"{"method":1e400}"#,
        #"{"jsonrpc":"2.0","id":1}"#, #"{"params":{}}"#, #"{"method":"ping","result":{}}"#,
        #"{"method":"ping","error":{"code":1}}"#, #"{"method":"ping","result":false}"#, #"[{"method":"ping"},{}]"#,
    ])
    func `JSON that is not JSON-RPC is an invalid message`(body: String) {
        #expect(Self.read(body).refusal == .invalidMessage)
    }

    @Test func `the number of messages in a batch is limited`() {
        let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
        for (count, expected) in [
            (1, nil), (64, nil), (65, .batchTooLarge), (10_000, .batchTooLarge),
        ] as [(Int, Denial.Reason?)] {
            let body = "[" + Array(repeating: ping, count: count).joined(separator: ",") + "]"
            let calls = Array(repeating: MCPMessage.call(method: "ping", name: nil), count: count)
            let read = Self.read(body)
            #expect(read.refusal == expected, "\(count)")
            #expect(read.operation == (expected == nil ? .mcp(calls) : nil), "\(count)")
        }
        let numbers = "[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]"
        #expect(Self.read(numbers).refusal == .batchTooLarge)
        #expect(Self.read(String(numbers.dropLast())).refusal == .malformedBody)
    }

    @Test func `the nesting depth and the size of a body are limited`() {
        func nested(_ depth: Int) -> String {
            #"{"method":"ping","params":"# + String(repeating: "[", count: depth - 1)
                + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(Self.read(nested(256)) == .operation(.mcp([.call(method: "ping", name: nil)])))
        #expect(Self.read(nested(257)).refusal == .malformedBody)
        #expect(Self.read(nested(400_000)).refusal == .malformedBody)
        let pad = { (count: Int) in #"{"method":"ping","x":""# + String(repeating: "x", count: count - 24) + #""}"# }
        #expect(pad(1_048_576).utf8.count == 1_048_576)
        #expect(Self.read(pad(1_048_576)) == .operation(.mcp([.call(method: "ping", name: nil)])))
        #expect(Self.read(pad(1_048_577)).refusal == .malformedBody)
    }

    @Test(arguments: [
        ("get", RequestOperation.mcp([.stream])), ("head", .mcp([.stream])), ("delete", .mcp([.sessionEnd])),
        ("put", .unknown),
        ("patch", .unknown), ("options", .unknown), ("report", .unknown),
    ])
    func `other HTTP methods determine the operation, whatever the body`(
        method: String,
        operation: RequestOperation
    ) throws {
        var request = Self.request
        request.method = try #require(HTTPRequest.Method(method.uppercased()))
        let body = Array(#"{"method":"tools/call","params":{"name":"a"}}"#.utf8)
        #expect(MCPMessageReading.read(request, body: body) == .operation(operation))
        #expect(!MCPMessageReading.needsBody(request.method))
    }

    @Test(
        arguments: [
            ([], true), ([("Content-Encoding", "identity")], true), ([("Content-Encoding", "Identity")], true),
            ([("Content-Encoding", "gzip")], false), ([("content-encoding", "br")], false),
            ([("Content-Encoding", "identity, gzip")], false),
            ([("Content-Encoding", "identity"), ("Content-Encoding", "zstd")], false),
            ([("Content-Encoding", "x-unknown")], false), ([("Content-Type", "application/json")], true),
            ([("Content-Type", "application/json; charset=utf-8")], true),
            ([("Content-Type", "application/json;charset=\"UTF-8\"")], true),
            ([("Content-Type", "application/json; charset=us-ascii")], true),
            ([("Content-Type", "text/plain; a=b")], true),
            ([("Content-Type", "application/json; charset=utf-16")], false),
            ([("Content-Type", "application/json; charset=utf-7")], false),
            ([("Content-Type", "application/json; CHARSET = ibm037")], false),
            ([("Content-Type", "application/json; charset*=utf-7''")], false),
            ([("Content-Type", "application/json; charset")], false),
            ([("Content-Type", "a/b; charset=utf-8; charset=utf-7")], false),
        ] as [([(String, String)], Bool)]
    )
    func `a body must be in UTF-8 without a content coding`(fields: [(String, String)], isReadable: Bool) throws {
        var all = HTTPFields()
        for (name, value) in fields { all.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        #expect(MCPMessageReading.isReadable(all) == isReadable)
    }

    @Test(arguments: [
        (["2026-07-28"], #""2026-07-28""# as String?, true), (["2026-07-28"], #""2025-11-25""#, false),
        ([], #""2026-07-28""#, false), (["2025-11-25"], nil, true), ([], nil, true),
        (["2025-11-25", "2026-07-28"], nil, false),
        (["2026-07-28"], "null", true), ([], "null", true), (["2026-07-28"], "5", false),
        (["2026-07-28"], #""2026-07-28\u0000""#, false),
        (["2026-07-28"], "{}", false), ([], "1e400", false),
    ])
    func `the revision must be the same in field and message`(fields: [String], said: String?, agrees: Bool) throws {
        var request = Self.request
        let name = try #require(HTTPField.Name("MCP-Protocol-Version"))
        for value in fields { request.headerFields.append(HTTPField(name: name, value: value)) }
        request.headerFields.append(HTTPField(name: try #require(HTTPField.Name("Mcp-Method")), value: "tools/list"))
        let meta = said.map { #""_meta":{"io.modelcontextprotocol/protocolVersion":\#($0)}"# } ?? ""
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{\#(meta)}}"#
        let read = MCPMessageReading.read(request, body: Array(body.utf8))
        #expect(read.refusal == (agrees ? nil : .headerMismatch))
        #expect(read.operation == (agrees ? .mcp([.call(method: "tools/list", name: nil)]) : nil))
    }

    @Test(arguments: [
        (#""arguments":{"a":1}"#, #"{"a":1}"#), (#""arguments": {"a": [1, 2]} ,"x":0"#, #"{"a": [1, 2]}"#),
        ("\"x\":0", "{}"), (#""arguments":null"#, "{}"), (#""arguments":{}"#, "{}"), (#""arguments":[1]"#, nil),
        (#""arguments":"a""#, nil), (#""arguments":{},"Arguments":{"a":1}"#, nil), (#""ARGUMENTS":{"a":1}"#, nil),
        (#""argument\u017F":{"a":1}"#, nil), (#""arguments\u0000":{"a":1}"#, nil),
        (#""\u0061rguments":{"a":1}"#, #"{"a":1}"#),
    ])
    func `the arguments of a call are kept as they were received`(member: String, expected: String?) throws {
        for (method, has) in [("tools/call", true), ("prompts/get", true), ("tools/list", false), ("tasks/get", false)]
        {
            let body = #"{"id":1,"method":"\#(method)","params":{"name":"n","taskId":"n",\#(member)}}"#
            guard case .operation(let read) = MCPMessageReading.read(Self.request, body: Array(body.utf8)) else {
                Issue.record("refused: \(body)")
                continue
            }
            let found: MCPArguments?
            switch read {
            case .mcp(let messages): found = messages[0].arguments
            case .http, .unknown:
                // A member that may be `name` hides the whole operation.
                #expect(member.contains("u0000"), "\(body)")
                continue
            }
            let text = found.map { String(decoding: $0.text[$0.range], as: UTF8.self) }
            #expect(text?.trimmingCharacters(in: .whitespaces) == (has ? expected : nil), "\(body)")
        }
    }

    @Test func `a name over 4096 bytes counts as absent, and a method over 4096 bytes is unknown`() {
        for (length, isKnown) in [(4096, true), (4097, false), (200_000, false)] {
            let long = String(repeating: "a", count: length)
            let named = Self.read(#"{"method":"tools/call","params":{"name":"\#(long)"}}"#)
            #expect(named == .operation(.mcp([.call(method: "tools/call", name: isKnown ? long : nil)])))
            let method = Self.read(#"{"jsonrpc":"2.0","id":1,"method":"\#(long)"}"#)
            #expect(method == .operation(isKnown ? .mcp([.call(method: long, name: nil)]) : .unknown))
        }
    }

    @Test(
        arguments: [
            ([("Mcp-Method", "tools/call"), ("Mcp-Name", "a")], true), ([("mcp-method", "tools/call")], true),
            ([("Mcp-Method", "tools/list")], false), ([("Mcp-Method", "Tools/Call")], false),
            ([("Mcp-Name", "b")], false), ([("Mcp-Name", "a"), ("Mcp-Name", "a")], false),
            ([("Mcp-Method", "tools/call"), ("Mcp-Method", "tools/call")], false),
            ([("Mcp-Name", "=?base64?YQ==?=")], true), ([("Mcp-Name", "=?base64?YQ==")], false),
            ([("Mcp-Name", "=?base64?Yg==?=")], false), ([("Mcp-Name", "=?base64?!!?=")], false), ([], true),
            ([("MCP-Protocol-Version", "2026-07-28")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Name", "a")], false),
            ([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "a")], true),
            ([("MCP-Protocol-Version", "2025-11-25")], true),
        ] as [([(String, String)], Bool)]
    )
    func `the Mcp fields must agree with the body`(fields: [(String, String)], agrees: Bool) throws {
        var request = Self.request
        for (name, value) in fields {
            request.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let body = Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#.utf8)
        let read = MCPMessageReading.read(request, body: body)
        #expect(read.refusal == (agrees ? nil : .headerMismatch))
        #expect(read.operation == (agrees ? .mcp([.call(method: "tools/call", name: "a")]) : nil))
    }

    @Test func `a batch or a response with Mcp fields is refused`() throws {
        var request = Self.request
        request.headerFields[try #require(HTTPField.Name("Mcp-Method"))] = "ping"
        for body in [#"[{"method":"ping"}]"#, #"{"id":1,"result":{}}"#] {
            #expect(MCPMessageReading.read(request, body: Array(body.utf8)).refusal == .headerMismatch)
        }
    }

    @Test(
        arguments: [
            (#"{"method":"ping","#, [:], "the body: expected JSON without duplicate members, found "),
            ("[]", [:], "the body: expected JSON-RPC messages, found an empty batch"),
            ("[1]", [:], "the body: expected JSON-RPC messages, found another JSON value"),
            (
                "[" + Array(repeating: #"{"method":"ping"}"#, count: 65).joined(separator: ",") + "]", [:],
                "the body: expected at most 64 messages, found 65"
            ),
            (
                #"{"method":"ping"}"#, ["Mcp-Method": "secret"],
                "field `Mcp-Method`: expected the same value as `method`, found another value"
            ),
            (
                #"{"method":"ping"}"#, ["MCP-Protocol-Version": "2026-07-28"],
                "field `Mcp-Method`: expected the value from the body, found nothing"
            ),
            (
                #"[{"method":"ping"}]"#, ["Mcp-Method": "ping"],
                "the `Mcp-*` fields: expected none with a batch, found some"
            ),
        ] as [(String, [String: String], String)]
    )
    func `a refusal says what is wrong, without values`(
        body: String,
        fields: [String: String],
        diagnosis: String
    ) throws {
        var request = Self.request
        for (name, value) in fields { request.headerFields[try #require(HTTPField.Name(name))] = value }
        guard case .refused(_, let found) = MCPMessageReading.read(request, body: Array(body.utf8)) else {
            Issue.record("not refused")
            return
        }
        #expect(found.description.hasPrefix(diagnosis), "\(found)")
    }

    private static let request = HTTPRequest(method: .post, scheme: "https", authority: "h", path: "/mcp")

    private static func read(_ body: String) -> MCPMessageReading.Result {
        MCPMessageReading.read(request, body: Array(body.utf8)).withoutArguments
    }
}

extension MCPMessageReading.Result {
    fileprivate var refusal: Denial.Reason? {
        guard case .refused(let reason, _) = self else { return nil }
        return reason
    }

    fileprivate var operation: RequestOperation? {
        guard case .operation(let operation) = withoutArguments else { return nil }
        return operation
    }

    /// The same result; most tests are not about arguments.
    fileprivate var withoutArguments: Self {
        guard case .operation(.mcp(let messages)) = self else { return self }
        return .operation(
            .mcp(
                messages.map { message in
                    guard case .call(let method, let name, _) = message else { return message }
                    return .call(method: method, name: name)
                }
            )
        )
    }
}
