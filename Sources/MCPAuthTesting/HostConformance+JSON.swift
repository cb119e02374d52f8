// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Texts that JSON parsers read in different ways, or not at all (RFC 8259).
extension HostConformance {
    private static func notJSON(_ name: String, _ body: Row.Body) -> Row {
        Row(name: name, body: body, status: 400, contains: #""code":-32700"#)
    }

    /// Another parser could see another operation.
    private static func ambiguous(_ name: String, _ body: String) -> Row {
        Row(name: name, body: .text(body), status: 403, contains: #""error":"access_denied""#)
    }

    /// A call with so many nested arrays in its arguments.
    private static func nested(_ count: Int) -> String {
        let arrays = String(repeating: "[", count: count) + String(repeating: "]", count: count)
        return call("good", #","arguments":{"a":\#(arrays)}"#)
    }

    static let jsonTexts: [Row] = [
        notJSON("a text that is not JSON is a parse error", .text("hello")),
        notJSON("an empty body is a parse error", .text("")),
        notJSON("a POST without a body is a parse error", .none),
        notJSON("a text after the message is a parse error", .text(good + good)),
        notJSON("a comma after the last member is a parse error", .text(good.replacing("}}", with: "},}"))),
        notJSON("a comment is a parse error", .text("/* a */" + good)),
        notJSON("NaN is a parse error", .text(call("good", #","arguments":{"n":NaN}"#))),
        notJSON("a number with a leading zero is a parse error", .text(call("good", #","arguments":{"n":01}"#))),
        notJSON("a line break inside a string is a parse error", .text(call("go\nod"))),
        notJSON("an unfinished escape is a parse error", .text(call(#"good\u00"#))),
        notJSON("a message that is cut off is a parse error", .text(String(good.dropLast()))),
        notJSON("bytes that are not UTF-8 are a parse error", .bytes(Array(#"{"a":""#.utf8) + [0xFF, 0x22, 0x7D])),
        notJSON("UTF-16 is a parse error", .bytes(good.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })),
        notJSON("a name that comes twice is a parse error", .text(call("good", #","name":"good""#))),
        notJSON("a method that comes twice is a parse error", .text(message("tools/list", #","method":"tools/call""#))),
        notJSON("a name that comes again with escapes is a parse error", .text(call("good", #","n\u0061me":"bad""#))),
        notJSON(
            "a member that comes twice in an argument is a parse error",
            .text(call("good", #","arguments":{"a":1,"a":2}"#))
        ),
        notJSON("257 levels are a parse error", .text(nested(254))),
        Row(name: "256 levels are read", body: .text(nested(253)), status: 200),
        Row(name: "a byte order mark is skipped", body: .bytes([0xEF, 0xBB, 0xBF] + Array(good.utf8)), status: 200),
        Row(name: "white space around the message is skipped", body: .text("\r\n\t \(good) \n"), status: 200),
        ambiguous("a name that comes again in capitals is ambiguous", call("good", #","Name":"bad""#)),
        ambiguous(
            "a method that comes again in capitals is ambiguous",
            message("tools/list", #","METHOD":"tools/call""#)
        ),
        ambiguous(
            "params with a long s are ambiguous, since it is an s in capitals",
            message("tools/call", #","param\#u{17F}":{"name":"bad"},"params":{"name":"good"}"#)
        ),
        ambiguous(
            "a member name that ends with a NUL is ambiguous",
            message("tools/list", #","method\u0000":"tools/call""#)
        ),
        ambiguous("a method with half a surrogate pair is unknown", message(#"tools/list\uD800"#)),
        Row(
            name: "without a token, nobody learns whether a text is JSON",
            credentials: .none,
            body: .text("hello"),
            status: 401
        ),
        Row(
            name: "with a bad token, nobody learns whether a text is JSON",
            credentials: garbage,
            body: .text("hello"),
            status: 401
        ),
    ]
}
