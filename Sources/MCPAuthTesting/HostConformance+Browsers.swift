// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Preflights and origins of web pages (Fetch standard, CORS protocol; MCP transports, DNS rebinding).
extension HostConformance {
    private static func preflight(
        _ name: String,
        _ path: String,
        method: String = "POST",
        asking: String = "authorization,mcp-param-region",
        more: [(String, String)] = [],
        status: Int = 204,
        field: (String, String?)? = ("access-control-allow-headers", "mcp-param-region")
    ) -> Row {
        let asked = [("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", asking)]
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

    static let preflights: [Row] = [
        preflight("a preflight needs no token", "/notes"),
        preflight("a preflight below a resource needs no token", "/notes/a/b"),
        preflight("a preflight is answered also where there is a route for OPTIONS", "/calendar/open"),
        preflight("a preflight does not tell what is denied", "/calendar/closed"),
        preflight("a preflight of the metadata is answered", "\(wellKnown)/notes"),
        preflight("a preflight of metadata that is not there is answered", "/.well-known/oauth-authorization-server"),
        preflight("a preflight with a bad token is answered", "/notes", more: [("Authorization", "Bearer garbage")]),
        preflight(
            "a preflight may ask about any method",
            "/notes",
            method: "PURGE",
            field: ("access-control-allow-methods", "PURGE")
        ),
        preflight(
            "a preflight gets no name that is not one of a field",
            "/notes",
            asking: "x-one, x two, (three), x-four",
            field: ("access-control-allow-headers", "x-one, x-four")
        ),
        preflight("a preflight allows no cookies", "/notes", field: ("access-control-allow-credentials", nil)),
        preflight("a preflight may be kept for ten minutes", "/notes", field: ("access-control-max-age", "600")),
        preflight(
            "a preflight into a private network is answered",
            "/notes",
            more: [("Access-Control-Request-Private-Network", "true")],
            field: ("access-control-allow-private-network", "true")
        ),
        preflight(
            "a preflight of a foreign page into a private network is refused",
            "/notes",
            more: [foreignPage, ("Access-Control-Request-Private-Network", "true")],
            status: 403,
            field: ("access-control-allow-private-network", nil)
        ),
        preflight("a preflight of a listed page is answered", "/pages", more: [("Origin", "https://app.example")]),
        preflight(
            "a preflight of a page that is not listed is refused",
            "/pages",
            more: [("Origin", "https://app2.example")],
            status: 403,
            field: nil
        ),
        preflight(
            "a preflight for another host is refused",
            "/notes",
            more: [("Host", "evil.example")],
            status: 403,
            field: nil
        ),
    ]

    private static func origin(_ name: String, _ origin: String, _ status: Int) -> Row {
        Row(
            name: name,
            fields: [("Origin", origin)],
            body: .text(list),
            status: status,
            contains: status == 403 ? "origin" : nil
        )
    }

    private static func listed(_ name: String, _ origin: String, _ status: Int) -> Row {
        Row(name: name, method: "GET", path: "/pages", credentials: .none, fields: [("Origin", origin)], status: status)
    }

    static let origins: [Row] = [
        origin("a page of this machine is allowed", "http://localhost:6274", 200),
        origin("a page at another loopback address is allowed", "http://127.1.2.3", 200),
        origin("a page at the IPv6 loopback address is allowed", "http://[::1]:8080", 200),
        origin("a foreign page is refused", "https://evil.example", 403),
        origin("a page without an origin is refused", "null", 403),
        origin("an empty origin is refused", "", 403),
        origin("a page whose name begins like this machine is refused", "http://localhost.evil.example", 403),
        origin("a page with this machine as its user is refused", "http://localhost@evil.example", 403),
        origin("a page with a Cyrillic letter in its name is refused", "http://l\u{43E}calhost:6274", 403),
        origin("a page on an address of the local network is refused", "http://192.168.0.1", 403),
        origin("an origin of another scheme is refused", "file://localhost", 403),
        origin("two origins in one field are refused", "http://localhost:6274, https://evil.example", 403),
        Row(
            name: "a second origin counts too",
            fields: [page, foreignPage],
            body: .text(list),
            status: 403,
            contains: "origin"
        ),
        Row(
            name: "a foreign page is refused before its token is read",
            credentials: garbage,
            fields: [foreignPage],
            body: .text(list),
            status: 403
        ),
        Row(
            name: "a foreign page is refused before its token is asked for",
            credentials: .none,
            fields: [foreignPage],
            body: .text(list),
            status: 403
        ),
        Row(
            name: "a referrer is no origin",
            fields: [("Referer", "https://evil.example/")],
            body: .text(list),
            status: 200
        ),
        listed("a listed page needs a token", "https://app.example", 401),
        listed("a page whose name begins like a listed one is refused", "https://app.example.evil", 403),
        listed("a listed page with its default port is another origin", "https://app.example:443", 403),
        listed("a listed page in capitals is another origin", "HTTPS://APP.EXAMPLE", 403),
        listed("a listed page with a slash is another origin", "https://app.example/", 403),
        listed("a listed page over plain HTTP is another origin", "http://app.example", 403),
        listed("a page of this machine needs no entry in the list", "http://localhost:6274", 401),
    ]

    private static func host(_ name: String, _ host: String, hostMayRefuse: Bool = false) -> Row {
        Row(name: name, fields: [("Host", host)], body: .text(list), status: 404, hostMayRefuse: hostMayRefuse)
    }

    static let hosts: [Row] = [
        host("another host has no resource", "evil.example"),
        host("another name of this machine has no resource", "localhost"),
        host("the host without its port has no resource", "127.0.0.1"),
        host("the host with another port has no resource", "127.0.0.1:1"),
        host("the host with a user has no resource", "user@{authority}", hostMayRefuse: true),
        host("a host with a space and another one has no resource", "{authority} evil.example", hostMayRefuse: true),
        host("a list of hosts has no resource", "{authority}, evil.example", hostMayRefuse: true),
        host("an empty host has no resource", "", hostMayRefuse: true),
        Row(
            name: "a request without a Host field has no resource",
            hasHost: false,
            body: .text(list),
            status: 404,
            hostMayRefuse: true
        ),
        Row(
            name: "a second host is refused",
            fields: [("Host", "{authority}"), ("Host", "evil.example")],
            body: .text(list),
            status: 400,
            hostMayRefuse: true
        ),
        Row(
            name: "a second host is refused also if it is the right one",
            fields: [("Host", "evil.example"), ("Host", "{authority}")],
            body: .text(list),
            status: 400,
            statusKeepingLast: 200,
            hostMayRefuse: true
        ),
        Row(
            name: "a whole URL as the target is read, or not",
            path: "http://{authority}/notes",
            body: .text(list),
            status: 200,
            hostMayRefuse: true
        ),
    ]
}
