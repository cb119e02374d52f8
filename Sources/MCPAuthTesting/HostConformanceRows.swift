// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension HostConformance {
    /// The requests and the expected responses.
    public static let rows =
        credentials + messages + bodies + methods + preflights + metadata + origins + targets + withoutToken
        + toolResults

    static func call(_ name: String, _ more: String = "") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)"\#(more)}}"#
    }

    static let good = call("good")
    static let list = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
    static func pad(_ count: Int) -> String {
        call("good", #","arguments":{"pad":""# + String(repeating: "x", count: count) + #""}"#)
    }

    static let page = ("Origin", "http://localhost:6274")
    static let garbage = Row.Credentials.field("Bearer garbage")

    private static let credentials = [
        Row(
            name: "no token",
            credentials: .none,
            body: .text(list),
            status: 401,
            field: ("www-authenticate", "Bearer resource_metadata=")
        ),
        Row(
            name: "no token, GET",
            method: "GET",
            credentials: .none,
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        Row(
            name: "Bearer alone",
            credentials: .field("Bearer"),
            body: .text(list),
            status: 401,
            field: ("www-authenticate", "Bearer resource_metadata=")
        ),
        Row(
            name: "Bearer and a space",
            credentials: .field("Bearer "),
            body: .text(list),
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        Row(
            name: "garbage",
            credentials: garbage,
            body: .text(list),
            status: 401,
            field: ("www-authenticate", #"error="invalid_token""#)
        ),
        Row(
            name: "two tokens",
            credentials: .field("Bearer a b"),
            body: .text(list),
            status: 400,
            field: ("www-authenticate", #"error="invalid_request""#)
        ),
        Row(name: "another scheme", credentials: .field("Basic eDp5"), body: .text(list), status: 401),
        Row(name: "the token of another resource", credentials: .calendar, body: .text(list), status: 401),
        Row(
            name: "a token that is too long",
            credentials: .field("Bearer " + String(repeating: "a", count: 5000)),
            body: .text(list),
            status: 431,
            contains: "request_header_fields_too_large"
        ),
    ]

    private static let messages = [
        Row(name: "a list", body: .text(list), status: 200, contains: "alice"),
        Row(name: "a good call", body: .text(good), status: 200, contains: "/notes \(good.utf8.count)"),
        Row(name: "a bad call", body: .text(call("bad")), status: 403, contains: #""error":"access_denied""#),
        Row(name: "a good batch", body: .text("[\(good),\(good)]"), status: 200),
        Row(name: "a batch with a bad call", body: .text("[\(good),\(call("bad"))]"), status: 403),
        Row(name: "an empty batch", body: .text("[]"), status: 400, contains: "-32600"),
        Row(
            name: "a large batch",
            body: .text("[" + Array(repeating: good, count: 64).joined(separator: ",") + "]"),
            status: 200
        ),
        Row(
            name: "a batch that is too large",
            body: .text("[" + Array(repeating: good, count: 65).joined(separator: ",") + "]"),
            status: 400,
            contains: "-32600"
        ),
        Row(
            name: "params null",
            body: .text(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}"#),
            status: 200
        ),
        Row(name: "id null", body: .text(#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#), status: 200),
        Row(name: "a response", body: .text(#"{"jsonrpc":"2.0","id":1,"result":{}}"#), status: 200),
        Row(
            name: "a large integer",
            body: .text(call("good", #","arguments":{"n":18446744073709551616}"#)),
            status: 200
        ),
        Row(name: "a NUL", body: .text(call("good", #","arguments":{"n":"a\u0000"}"#)), status: 200),
        Row(name: "a NUL in the name", body: .text(call(#"good\u0000"#)), status: 403),
        Row(
            name: "a duplicate member",
            body: .text(call("good", #","name":"good""#)),
            status: 400,
            contains: "-32700"
        ),
        Row(name: "another name in capitals", body: .text(call("good", #","Name":"bad""#)), status: 403),
        Row(name: "not JSON", body: .text("hello"), status: 400, contains: #""code":-32700"#),
        Row(name: "an empty body", body: .text(""), status: 400, contains: "-32700"),
        Row(name: "no body", status: 400, contains: "-32700"),
        Row(name: "not a message", body: .text("{}"), status: 400, contains: #""code":-32600"#),
        Row(name: "not JSON, no token", credentials: .none, body: .text("hello"), status: 401),
        Row(name: "not JSON, a bad token", credentials: garbage, body: .text("hello"), status: 401),
        Row(name: "a byte order mark", body: .bytes([0xEF, 0xBB, 0xBF] + Array(good.utf8)), status: 200),
        Row(
            name: "not UTF-8",
            body: .bytes(Array(#"{"method":""#.utf8) + [0xFF] + Array(#""}"#.utf8)),
            status: 400,
            contains: "-32700"
        ),
        Row(
            name: "a field that contradicts",
            fields: [("Mcp-Method", "ping")],
            body: .text(good),
            status: 400,
            contains: "-32020"
        ),
        Row(
            name: "gzip",
            fields: [("Content-Encoding", "gzip")],
            body: .text(good),
            status: 415,
            field: ("accept-encoding", "identity")
        ),
        Row(
            name: "another character set",
            fields: [("Content-Type", "application/json; charset=utf-7")],
            body: .text(good),
            status: 415
        ),
    ]

    private static let bodies = [
        Row(name: "chunks", body: .chunked(pad(50_000)), status: 200, contains: " \(pad(50_000).utf8.count)"),
        Row(
            name: "a large body",
            body: .text(pad(900_000)),
            status: 200,
            contains: " \(pad(900_000).utf8.count)"
        ),
        Row(
            name: "a body that is too large",
            body: .text(pad(1_100_000)),
            status: 413,
            contains: #""error":"request_too_large""#
        ),
        Row(
            name: "chunks that are too large",
            body: .chunked(pad(1_100_000)),
            status: 413,
            contains: #""error":"request_too_large""#
        ),
        Row(name: "a large body, no token", credentials: .none, body: .text(pad(1_000_000)), status: 401),
        Row(name: "a large body, a bad token", credentials: garbage, body: .text(pad(1_000_000)), status: 401),
        Row(name: "chunks, a bad token", credentials: garbage, body: .chunked(pad(1_000_000)), status: 401),
        Row(
            name: "chunks, a bad token, a request in them",
            credentials: garbage,
            body: .chunked("\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
            status: 401
        ),
        Row(
            name: "a very large body, a bad token",
            credentials: garbage,
            body: .text(pad(2_500_000)),
            status: 401
        ),
        Row(
            name: "a very large body, a bad call",
            body: .text(call("bad") + String(repeating: " ", count: 2_500_000)),
            status: 413
        ),
        Row(
            name: "a large body, a bad call",
            body: .text(call("bad") + String(repeating: " ", count: 900_000)),
            status: 403
        ),
        Row(
            name: "a large body, gzip",
            fields: [("Content-Encoding", "gzip")],
            body: .text(pad(900_000)),
            status: 415
        ),
        Row(
            name: "a body that the guard does not read",
            path: "/calendar/open",
            credentials: .calendar,
            body: .text(pad(1_500_000)),
            status: 200,
            contains: " \(pad(1_500_000).utf8.count)"
        ),
    ]

    private static let methods = [
        Row(name: "the stream", method: "GET", status: 200, contains: "alice"),
        Row(name: "HEAD", method: "HEAD", status: 200),
        Row(
            name: "HEAD without a token",
            method: "HEAD",
            credentials: .none,
            status: 401,
            field: ("content-type", "application/json")
        ),
        Row(
            name: "HEAD with a bad token",
            method: "HEAD",
            credentials: garbage,
            status: 401,
            field: ("www-authenticate", "invalid_token")
        ),
        Row(
            name: "HEAD of the metadata",
            method: "HEAD",
            path: "/.well-known/oauth-protected-resource/notes",
            credentials: .none,
            status: 200,
            field: ("content-type", "application/json")
        ),
        Row(name: "DELETE", method: "DELETE", status: 200),
        Row(name: "PUT", method: "PUT", status: 403),
        Row(
            name: "events",
            method: "GET",
            path: "/notes/events?parts=3",
            status: 200,
            contains: "data: alice",
            field: ("content-type", "text/event-stream")
        ),
        Row(
            name: "a download",
            method: "GET",
            path: "/notes/download?parts=3",
            status: 200,
            contains: "data: alice",
            field: ("content-length", "24576")
        ),
        Row(
            name: "OPTIONS that is not a preflight",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .none,
            status: 401
        ),
        Row(
            name: "OPTIONS that is not a preflight, from a page",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .none,
            fields: [page],
            status: 401
        ),
        Row(
            name: "OPTIONS that is not a preflight, with a token",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .calendar,
            status: 200
        ),
    ]
}
