// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// MCP messages at `/notes`, which allows the basic methods, `tools/list` and one tool (JSON-RPC 2.0, MCP transports).
extension HostConformance {
    private static func allowed(_ name: String, _ body: String) -> Row {
        Row(name: name, body: .text(body), status: 200)
    }

    private static func denied(_ name: String, _ body: String) -> Row {
        Row(
            name: name,
            body: .text(body),
            status: 403,
            contains: #""error":"access_denied""#,
            field: ("www-authenticate", nil)
        )
    }

    private static func notAMessage(_ name: String, _ body: String) -> Row {
        Row(name: name, body: .text(body), status: 400, contains: #""code":-32600"#)
    }

    static let messages: [Row] =
        [
            allowed("a list is allowed", list),
            allowed("a call of an allowed tool is allowed", good),
            denied("a call of another tool is denied", call("bad")),
            allowed("initialize is allowed", message("initialize", #","params":{"capabilities":{}}"#)),
            allowed("a ping is allowed", message("ping")),
            allowed("a notification is allowed", #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            allowed("a posted response is allowed", #"{"jsonrpc":"2.0","id":1,"result":{}}"#),
            allowed("a posted error is allowed", #"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x"}}"#),
            denied("reading a resource is denied", message("resources/read", #","params":{"uri":"file:///x"}"#)),
            denied("getting a prompt with the name of an allowed tool is denied", call("good").asking("prompts/get")),
            denied("a method of no revision is denied", message("admin/delete")),
            denied("a method in capitals is another method", message("TOOLS/LIST")),
            denied("a method with a space is another method", message("tools/list ")),
            denied("a call without params is denied", message("tools/call")),
            denied("a call with params as an array is denied", message("tools/call", #","params":["good"]"#)),
            denied("a call without a name is denied", message("tools/call", #","params":{"arguments":{}}"#)),
            denied("a call whose name is a number is denied", message("tools/call", #","params":{"name":1}"#)),
            denied("a call whose name is an array is denied", message("tools/call", #","params":{"name":["good"]}"#)),
            denied("a name in capitals is another tool", call("GOOD")),
            denied("a name with a space is another tool", call("good ")),
            denied("a name with a Cyrillic letter is another tool", call("g\u{43E}od")),
            denied("a name with an accent is another tool", call("good\u{301}")),
            denied("a name with a zero-width space is another tool", call("good\u{200B}")),
            denied("a name with a NUL is another tool", call(#"good\u0000"#)),
            denied("a name of 5,000 bytes is no name", call(String(repeating: "good", count: 1250))),
            allowed("a name that is written with escapes is the same tool", call(#"g\u006F\u006fd"#)),
            allowed("params that are null are none", message("tools/list", #","params":null"#)),
            allowed("an id that is null changes nothing", #"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#),
            allowed("a result that is null leaves a request", message("tools/list", #","result":null"#)),
            allowed(
                "an integer beyond 64 bits changes nothing",
                call("good", #","arguments":{"n":18446744073709551616}"#)
            ),
            allowed("a NUL in an argument changes nothing", call("good", #","arguments":{"n":"a\u0000"}"#)),
            allowed(
                "half a surrogate pair in an argument changes nothing",
                call("good", #","arguments":{"n":"\uD800"}"#)
            ),
            notAMessage("an object without a method is no message", "{}"),
            notAMessage("a number is no message", "1"),
            notAMessage("a method that is a number is no message", #"{"jsonrpc":"2.0","id":1,"method":1}"#),
            notAMessage("a method that is null is no message", #"{"jsonrpc":"2.0","id":1,"method":null}"#),
            notAMessage("a message with both a method and a result is none", message("tools/list", #","result":{}"#)),
        ] + batches

    private static let batches = [
        allowed("a batch of allowed calls is allowed", "[\(good),\(good)]"),
        denied("a batch with one call of another tool is denied", "[\(good),\(call("bad"))]"),
        denied("the first call of a batch counts too", "[\(call("bad")),\(good)]"),
        allowed("a batch of a request and a response is allowed", #"[\#(list),{"jsonrpc":"2.0","id":2,"result":{}}]"#),
        allowed("a batch of 64 messages is allowed", batch(64)),
        notAMessage("a batch of 65 messages is too large", batch(65)),
        notAMessage("an empty batch is no message", "[]"),
        notAMessage("a batch inside a batch is no message", "[[\(good)]]"),
        notAMessage("a batch with something else than an object is no message", "[\(good),1]"),
    ]

    private static func batch(_ count: Int) -> String {
        "[" + Array(repeating: good, count: count).joined(separator: ",") + "]"
    }
}

extension String {
    /// The message with another method.
    fileprivate func asking(_ method: String) -> String { replacing("tools/call", with: method) }
}
