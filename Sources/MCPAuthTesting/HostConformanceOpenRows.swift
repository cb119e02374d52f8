// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension HostConformance {
    /// Requests to a resource with a tool for anyone.
    static let withoutToken = [
        Row(
            name: "open: no token",
            path: "/open",
            credentials: .none,
            body: .text(good),
            status: 200,
            contains: "nobody"
        ),
        Row(
            name: "open: the body reaches the handler",
            path: "/open",
            credentials: .none,
            body: .chunked(pad(50_000)),
            status: 200,
            contains: " \(pad(50_000).utf8.count)"
        ),
        Row(
            name: "open: Bearer alone",
            path: "/open",
            credentials: .field("Bearer"),
            body: .text(good),
            status: 200,
            contains: "nobody"
        ),
        Row(
            name: "open: a token",
            path: "/open",
            credentials: .open,
            body: .text(good),
            status: 200,
            contains: "alice"
        ),
        Row(
            name: "open: a token that is not good",
            path: "/open",
            credentials: .notes,
            body: .text(good),
            status: 401,
            field: ("www-authenticate", #"error="invalid_token""#)
        ),
        Row(
            name: "open: another scheme",
            path: "/open",
            credentials: .field("Basic eDp5"),
            body: .text(good),
            status: 401
        ),
        Row(name: "open: two tokens", path: "/open", credentials: .field("Bearer a b"), body: .text(good), status: 400),
        Row(
            name: "open: another tool",
            path: "/open",
            credentials: .none,
            body: .text(call("pay")),
            status: 401,
            field: ("www-authenticate", #"Bearer scope="pay", resource_metadata="#)
        ),
        Row(
            name: "open: a batch with another tool",
            path: "/open",
            credentials: .none,
            body: .text("[\(good),\(call("pay"))]"),
            status: 401
        ),
        Row(name: "open: no other method", path: "/open", credentials: .none, body: .text(list), status: 401),
        Row(name: "open: no stream", method: "GET", path: "/open", credentials: .none, status: 401),
        Row(
            name: "open: a body over 64 KiB",
            path: "/open",
            credentials: .none,
            body: .text(pad(65_536)),
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        Row(
            name: "open: the same in chunks",
            path: "/open",
            credentials: .none,
            body: .chunked(pad(65_536)),
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        Row(
            name: "open: the same with a token",
            path: "/open",
            credentials: .open,
            body: .text(pad(65_536)),
            status: 200,
            contains: "alice"
        ),
        Row(name: "open: not JSON", path: "/open", credentials: .none, body: .text("hello"), status: 401),
    ]

    /// Requests to a resource that answers tool calls with a challenge in the result.
    static let toolResults = [
        Row(
            name: "result: no token",
            path: "/results",
            credentials: .none,
            body: .text(call("pay")),
            status: 200,
            contains: #""_meta":{"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"pay\", "#,
            field: ("content-type", "application/json")
        ),
        Row(
            name: "result: a token without the scope",
            path: "/results",
            credentials: .results,
            fields: [("Accept", "application/json, text/event-stream")],
            body: .text(call("pay")),
            status: 200,
            contains: #""isError":true"#,
            field: ("content-type", "application/json")
        ),
        Row(
            name: "result: as an event",
            path: "/results",
            credentials: .none,
            fields: [("Accept", "text/event-stream")],
            body: .text(call("pay")),
            status: 200,
            contains: "event: message\ndata: {",
            field: ("content-type", "text/event-stream")
        ),
        Row(
            name: "result: with the id of the call",
            path: "/results",
            credentials: .none,
            body: .text(call("pay").replacing(#""id":1"#, with: #""id":"a\u00e4\"""#)),
            status: 200,
            contains: #""id":"a\#u{e4}\"""#
        ),
        Row(
            name: "result: what is allowed",
            path: "/results",
            credentials: .none,
            body: .text(good),
            status: 200,
            contains: "nobody"
        ),
        Row(name: "result: no call of a tool", path: "/results", credentials: .none, body: .text(list), status: 401),
        Row(
            name: "result: text after the call",
            path: "/results",
            credentials: .none,
            body: .text(call("pay") + " x"),
            status: 401
        ),
        Row(
            name: "result: a batch",
            path: "/results",
            credentials: .none,
            body: .text("[\(call("pay"))]"),
            status: 401
        ),
        Row(
            name: "result: a notification",
            path: "/results",
            credentials: .none,
            body: .text(call("pay").replacing(#""id":1,"#, with: "")),
            status: 401
        ),
        Row(
            name: "result: a token that is not good",
            path: "/results",
            credentials: .notes,
            body: .text(call("pay")),
            status: 401
        ),
        Row(
            name: "result: no scope would help",
            path: "/results",
            credentials: .results,
            body: .text(call("other")),
            status: 403
        ),
    ]
}
