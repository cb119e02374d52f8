// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Methods other than POST (RFC 9110 section 9).
extension HostConformance {
    private static func get(_ name: String, _ path: String, _ method: String = "GET") -> Row {
        Row(name: name, method: method, path: path, status: 200)
    }

    static let methods: [Row] = [
        get("the stream is opened", "/notes"), get("HEAD of the stream is allowed", "/notes", "HEAD"),
        get("a session may be ended", "/notes", "DELETE"),
        get("events reach the caller", "/notes/events?parts=3"),
        get("a download reaches the caller whole", "/notes/download?parts=3"),
        Row(
            name: "HEAD without a token has the fields of a refusal and no body",
            method: "HEAD",
            credentials: .none,
            status: 401,
            field: ("content-type", "application/json")
        ),
        Row(
            name: "HEAD with a bad token has a challenge",
            method: "HEAD",
            credentials: garbage,
            status: 401,
            field: ("www-authenticate", "invalid_token")
        ),
        Row(
            name: "HEAD of a page that is allowed is allowed",
            method: "HEAD",
            path: "/calendar/x",
            credentials: .calendar,
            status: 200
        ),
        Row(
            name: "HEAD of a page that is denied is denied",
            method: "HEAD",
            path: "/calendar/closed",
            credentials: .calendar,
            status: 403
        ),
        Row(
            name: "HEAD of an ambiguous path is refused",
            method: "HEAD",
            path: "/calendar//x",
            credentials: .calendar,
            status: 400
        ),
        Row(name: "HEAD of nothing is not found", method: "HEAD", path: "/nothing", credentials: .none, status: 404),
        Row(name: "PUT is no MCP operation", method: "PUT", status: 403),
        Row(name: "PUT with an allowed message is no MCP operation", method: "PUT", body: .text(good), status: 403),
        Row(name: "PUT without a token is refused", method: "PUT", credentials: .none, body: .text(good), status: 401),
        Row(
            name: "PUT is a method like others where the resource is not an MCP server",
            method: "PUT",
            path: "/calendar/x",
            credentials: .calendar,
            body: .text("x"),
            status: 200
        ),
        Row(name: "PATCH is no MCP operation", method: "PATCH", body: .text(good), status: 403, hostMayRefuse: true),
        Row(
            name: "TRACE without a token is refused",
            method: "TRACE",
            credentials: .none,
            status: 401,
            hostMayRefuse: true
        ),
        Row(
            name: "a method that is not of HTTP is refused",
            method: "PURGE",
            body: .text(good),
            status: 403,
            hostMayRefuse: true
        ),
        Row(
            name: "a method in lower case does not help",
            method: "post",
            body: .text(call("bad")),
            status: 403,
            hostMayRefuse: true
        ),
        Row(
            name: "OPTIONS that is no preflight needs a token",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .none,
            status: 401
        ),
        Row(
            name: "OPTIONS of a page that is no preflight needs a token",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .none,
            fields: [page],
            status: 401
        ),
        Row(
            name: "OPTIONS that asks about a method without a page needs a token",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .none,
            fields: [("Access-Control-Request-Method", "POST")],
            status: 401
        ),
        Row(
            name: "OPTIONS with a token reaches the handler",
            method: "OPTIONS",
            path: "/calendar/open",
            credentials: .calendar,
            status: 200
        ),
        Row(
            name: "a GET with the fields of a preflight needs a token",
            method: "GET",
            credentials: .none,
            fields: [
                page, ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization"),
            ],
            status: 401
        ),
    ]
}
