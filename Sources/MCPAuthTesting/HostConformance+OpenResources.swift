// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A resource with a tool for anyone, and one that answers tool calls with a challenge in the result.
extension HostConformance {
    private static func open(
        _ name: String,
        _ body: Row.Body,
        _ status: Int,
        credentials: Row.Credentials = .none
    ) -> Row {
        Row(name: name, path: "/open", credentials: credentials, body: body, status: status)
    }

    static let withoutToken: [Row] = [
        open("a tool for anyone needs no token", .text(good), 200),
        open("the body of a caller without a token reaches the handler", .chunked(pad(50_000)), 200),
        open("a scheme without a token is anyone", .text(good), 200, credentials: .field("Bearer")),
        open("an empty Authorization field is anyone", .text(good), 200, credentials: .field("")),
        open("a tool for anyone is there for callers with a token too", .text(good), 200, credentials: .open),
        open("two calls of a tool for anyone need no token", .text("[\(good),\(good)]"), 200),
        Row(
            name: "a token in the query is anyone",
            path: "/open?access_token={open}",
            credentials: .none,
            body: .text(good),
            status: 200
        ),
        Row(
            name: "a bad token is not taken for anyone",
            path: "/open",
            credentials: .notes,
            body: .text(good),
            status: 401,
            field: ("www-authenticate", #"error="invalid_token""#)
        ),
        open("another scheme is not taken for anyone", .text(good), 401, credentials: .field("Basic eDp5")),
        open("two tokens are not taken for anyone", .text(good), 400, credentials: .field("Bearer a b")),
        Row(
            name: "a tool that needs a scope names it to a caller without a token",
            path: "/open",
            credentials: .none,
            body: .text(call("pay")),
            status: 401,
            field: ("www-authenticate", #"Bearer scope="pay", resource_metadata="#)
        ),
        Row(
            name: "a tool that needs a scope names it to a caller without that scope",
            path: "/open",
            credentials: .open,
            body: .text(call("pay")),
            status: 403,
            field: ("www-authenticate", #"Bearer error="insufficient_scope", scope="pay", resource_metadata="#)
        ),
        open("a batch with another tool is not for anyone", .text("[\(good),\(call("pay"))]"), 401),
        open("another method is not for anyone", .text(list), 401),
        open("a text that is not JSON is not for anyone", .text("hello"), 401),
        open("an ambiguous call is not for anyone", .text(call("good", #","NAME":"pay""#)), 401),
        Row(name: "the stream is not for anyone", method: "GET", path: "/open", credentials: .none, status: 401),
        Row(
            name: "fields that contradict the body are not for anyone",
            path: "/open",
            credentials: .none,
            fields: [("Mcp-Method", "tools/call"), ("Mcp-Name", "good")],
            body: .text(call("pay")),
            status: 401
        ),
        Row(
            name: "gzip is not for anyone",
            path: "/open",
            credentials: .none,
            fields: [("Content-Encoding", "gzip")],
            body: .text(good),
            status: 401
        ),
        Row(
            name: "a body over 64 KiB is not for anyone",
            path: "/open",
            credentials: .none,
            body: .text(pad(65_536)),
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        Row(
            name: "chunks over 64 KiB are not for anyone",
            path: "/open",
            credentials: .none,
            body: .chunked(pad(65_536)),
            status: 401,
            contains: #""error":"unauthorized""#
        ),
        open("a body over 64 KiB is read with a token", .text(pad(65_536)), 200, credentials: .open),
    ]

    private static func result(
        _ name: String,
        _ body: String = call("pay"),
        credentials: Row.Credentials = .none,
        accept: String? = nil,
        contains: String,
        field: (String, String?) = ("content-type", "application/json")
    ) -> Row {
        Row(
            name: name,
            path: "/results",
            credentials: credentials,
            fields: accept.map { [("Accept", $0)] } ?? [],
            body: .text(body),
            status: 200,
            isFromLibrary: true,
            contains: contains,
            field: field
        )
    }

    private static func noResult(
        _ name: String,
        _ body: String,
        _ status: Int = 401,
        credentials: Row.Credentials = .none
    ) -> Row {
        Row(name: name, path: "/results", credentials: credentials, body: .text(body), status: status)
    }

    static let toolResults: [Row] = [
        result(
            "a call without a token gets a result with the challenge",
            contains: #""_meta":{"mcp/www_authenticate":["Bearer error=\"insufficient_scope\", scope=\"pay\", "#
        ),
        result(
            "a call without the scope gets a result that says so",
            credentials: .results,
            accept: "application/json, text/event-stream",
            contains: #""isError":true"#
        ),
        result(
            "a client that takes only events gets the result as one",
            accept: "text/event-stream",
            contains: "event: message\ndata: {",
            field: ("content-type", "text/event-stream")
        ),
        result(
            "a client that refuses JSON gets the result as an event",
            accept: "application/json;q=0, text/event-stream",
            contains: "event: message\ndata: {",
            field: ("content-type", "text/event-stream")
        ),
        result(
            "a client that refuses JSON and takes everything else gets the result as an event",
            accept: "*/*, application/json;q=0",
            contains: "event: message\ndata: {",
            field: ("content-type", "text/event-stream")
        ),
        result(
            "the result has the id of the call",
            call("pay").replacing(#""id":1"#, with: #""id":"a\u00e4\"""#),
            contains: #""id":"a\#u{e4}\"""#
        ),
        result("the result is not kept by caches", contains: #""isError":true"#, field: ("cache-control", "no-store")),
        Row(
            name: "a call that is allowed reaches the handler",
            path: "/results",
            credentials: .none,
            body: .text(good),
            status: 200
        ),
        noResult("a list gets a challenge and no result", list),
        noResult("a text after the call gets a challenge and no result", call("pay") + " x"),
        noResult("a batch gets a challenge and no result", "[\(call("pay"))]"),
        noResult("a notification gets a challenge and no result", call("pay").replacing(#""id":1,"#, with: "")),
        noResult(
            "an id that is an object gets a challenge and no result",
            call("pay").replacing(#""id":1"#, with: #""id":{}"#)
        ),
        noResult("a bad token gets a challenge and no result", call("pay"), credentials: .notes),
        noResult("a call that no scope allows gets a refusal", call("other"), 403, credentials: .results),
    ]
}
