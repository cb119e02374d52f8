// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Requests of web pages and clients without a token (preflights, metadata, origins), and of targets in several
/// spellings.
extension HostConformance {
    private static func preflight(
        _ name: String,
        _ path: String,
        asking: String = "authorization,mcp-param-region",
        more: [(String, String)] = [],
        status: Int = 204,
        field: (String, String?)? = ("access-control-allow-headers", "mcp-param-region")
    ) -> Row {
        let asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", asking)]
        let origin = more.contains { $0.0 == "Origin" } ? [] : [page]
        return Row(
            name: name,
            method: "OPTIONS",
            path: path,
            credentials: .none,
            fields: origin + asked + more,
            status: status,
            field: field
        )
    }

    static let preflights = [
        preflight("a preflight", "/notes"), preflight("a preflight below", "/notes/a/b"),
        preflight("a preflight where there is OPTIONS", "/calendar/open"),
        preflight("a preflight where it is denied", "/calendar/closed"),
        preflight("a preflight of the metadata", "/.well-known/oauth-protected-resource/notes"),
        preflight("a preflight of other metadata", "/.well-known/oauth-authorization-server"),
        preflight(
            "a preflight of a private network",
            "/notes",
            more: [("Access-Control-Request-Private-Network", "true")],
            field: ("access-control-allow-private-network", "true")
        ),
        preflight(
            "a preflight of a foreign page",
            "/notes",
            more: [("Origin", "https://evil.example"), ("Access-Control-Request-Private-Network", "true")],
            status: 403,
            field: ("access-control-allow-private-network", nil)
        ),
        preflight("a preflight of an allowed page", "/pages", more: [("Origin", "https://app.example")]),
        preflight(
            "a preflight of a page that is not allowed",
            "/pages",
            more: [("Origin", "https://app2.example")],
            status: 403,
            field: nil
        ),
    ]

    static let metadata = [
        Row(
            name: "metadata",
            method: "GET",
            path: "/.well-known/oauth-protected-resource/notes",
            credentials: .none,
            status: 200,
            contains: "/notes\""
        ),
        Row(
            name: "metadata with a slash",
            method: "GET",
            path: "/.well-known/oauth-protected-resource/notes/",
            credentials: .none,
            status: 200,
            contains: "/notes\""
        ),
        Row(
            name: "metadata of a page",
            method: "GET",
            path: "/.well-known/oauth-protected-resource/calendar",
            credentials: .none,
            fields: [("Origin", "https://evil.example")],
            status: 200,
            contains: "/calendar\""
        ),
        Row(
            name: "metadata, POST",
            method: "POST",
            path: "/.well-known/oauth-protected-resource/notes",
            credentials: .none,
            body: .text("{}"),
            status: 405,
            field: ("allow", "GET, HEAD, OPTIONS")
        ),
        Row(
            name: "other metadata",
            method: "GET",
            path: "/.well-known/oauth-protected-resource/other",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
        Row(
            name: "metadata at the root, with several resources",
            method: "GET",
            path: "/.well-known/oauth-protected-resource",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
        Row(
            name: "legacy metadata",
            method: "GET",
            path: "/.well-known/oauth-authorization-server",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
        Row(
            name: "legacy metadata of a path",
            method: "GET",
            path: "/.well-known/openid-configuration/notes",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
        Row(
            name: "no resource",
            method: "GET",
            path: "/register",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
        Row(
            name: "no resource at the root",
            method: "GET",
            path: "/",
            credentials: .none,
            status: 404,
            contains: "not_found"
        ),
    ]

    static let origins = [
        Row(name: "a page of this machine", fields: [page], body: .text(list), status: 200),
        Row(
            name: "a foreign page",
            fields: [("Origin", "https://evil.example")],
            body: .text(list),
            status: 403,
            contains: "origin"
        ),
        Row(name: "a page without origin", fields: [("Origin", "null")], body: .text(list), status: 403),
        Row(
            name: "a foreign page, no token",
            credentials: .none,
            fields: [("Origin", "https://evil.example")],
            body: .text(list),
            status: 403
        ),
        Row(name: "a foreign host", fields: [("Host", "evil.example")], body: .text(list), status: 404),
        Row(
            name: "an allowed page",
            method: "GET",
            path: "/pages",
            credentials: .none,
            fields: [("Origin", "https://app.example")],
            status: 401
        ),
        Row(
            name: "a page that is not allowed",
            method: "GET",
            path: "/pages",
            credentials: .none,
            fields: [("Origin", "https://app.example.evil")],
            status: 403
        ),
    ]

    static let targets = [
        Row(name: "dots", method: "GET", path: "/calendar/../notes", status: 400, contains: "ambiguous"),
        Row(name: "two slashes", method: "GET", path: "/notes//x", status: 400),
        Row(name: "an encoded slash", method: "GET", path: "/notes%2Fx", status: 400),
        Row(
            name: "a path that is allowed",
            method: "GET",
            path: "/calendar/x",
            credentials: .calendar,
            status: 200
        ),
        Row(
            name: "a path that is denied",
            method: "GET",
            path: "/calendar/closed",
            credentials: .calendar,
            status: 403
        ),
        Row(
            name: "a path that is denied, in capitals",
            method: "GET",
            path: "/calendar/CLOSED",
            credentials: .calendar,
            status: 200,
            statusIgnoringCase: 403
        ),
        Row(
            name: "a path that is denied, with another s",
            method: "GET",
            path: "/calendar/clo%C5%BFed",
            credentials: .calendar,
            status: 200,
            statusIgnoringCase: 403
        ),
        Row(
            name: "a path that is denied, with another accent",
            method: "GET",
            path: "/calendar/CAFE%CC%81",
            credentials: .calendar,
            status: 200,
            statusIgnoringCase: 403
        ),
        Row(
            name: "a path that is denied, with a slash",
            method: "GET",
            path: "/calendar/closed/",
            credentials: .calendar,
            status: 403
        ),
        Row(
            name: "an allow in capitals",
            method: "GET",
            path: "/calendar/sub/X",
            credentials: .calendar,
            status: 403
        ),
        Row(
            name: "the resource in capitals",
            method: "GET",
            path: "/Calendar",
            credentials: .calendar,
            status: 404
        ),
        Row(
            name: "the resource inside, with a token of the outer one",
            path: "/notes/admin",
            body: .text(list),
            status: 401
        ),
        Row(
            name: "the resource inside in capitals, with a token of the outer one",
            path: "/notes/ADMIN",
            body: .text(list),
            status: 200,
            statusIgnoringCase: 404
        ),
        Row(
            name: "below the resource inside in capitals",
            path: "/notes/Admin/x",
            body: .text(list),
            status: 200,
            statusIgnoringCase: 404
        ),
        Row(
            name: "the outer resource with a capital elsewhere",
            path: "/notes/Other",
            body: .text(list),
            status: 200
        ),
    ]
}
