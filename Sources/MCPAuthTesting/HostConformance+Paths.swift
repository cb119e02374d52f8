// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Spellings of paths: those that could be taken for another path are refused, the others are one (RFC 3986 section 6.2).
extension HostConformance {
    private static func ambiguous(_ name: String, _ path: String, hostMayRefuse: Bool = false) -> Row {
        Row(
            name: name,
            method: "GET",
            path: path,
            credentials: .calendar,
            status: 400,
            hostMayRefuse: hostMayRefuse,
            contains: "ambiguous"
        )
    }

    /// A page of `/calendar`, which allows each but `closed` and `café`.
    private static func calendar(_ name: String, _ path: String, _ status: Int, ignoringCase: Int? = nil) -> Row {
        Row(
            name: name,
            method: "GET",
            path: "/calendar" + path,
            credentials: .calendar,
            status: status,
            statusIgnoringCase: ignoringCase
        )
    }

    /// A list at a path below `/notes`, with a token for `/notes`.
    private static func notes(_ name: String, _ path: String, _ status: Int, ignoringCase: Int? = nil) -> Row {
        Row(name: name, path: path, body: .text(list), status: status, statusIgnoringCase: ignoringCase)
    }

    private static let long = String(repeating: "x", count: 8182)

    static let paths: [Row] =
        [
            calendar("a page is allowed", "/x", 200), calendar("the page of the resource itself is allowed", "", 200),
            calendar("the resource itself with a slash is allowed", "/", 200),
            calendar("a denied page is denied", "/closed", 403),
            calendar("a denied page with a slash is denied", "/closed/", 403),
            calendar("a denied page with a query is denied", "/closed?x=1", 403),
            calendar("a denied page with an empty query is denied", "/closed?", 403),
            calendar("a query is no path", "/x?../../notes%00", 200),
            calendar("a path in the query does not make a page allowed", "/closed?/calendar/x", 403),
            calendar("a denied page in capitals is another page", "/CLOSED", 200, ignoringCase: 403),
            calendar("a denied page with a long s is another page", "/clo%C5%BFed", 200, ignoringCase: 403),
            calendar("a denied page with an accent is denied", "/caf%C3%A9", 403),
            calendar("a denied page with lower-case hexadecimal digits is denied", "/caf%c3%a9", 403),
            calendar(
                "a denied page with the accent as its own letter is another page",
                "/CAFE%CC%81",
                200,
                ignoringCase: 403
            ),
            calendar("a page two levels below is not allowed by a pattern for one", "/sub/X", 403),
            calendar("marks that need no encoding may be encoded", "/a%21%24%28b%29", 200),
            calendar("marks that browsers do not encode are read", "/a|b^c`d{e}\"<f>", 200),
            calendar("a page with dots in its name is a page", "/...", 200),
            calendar("a path of 8 KiB is read", "/" + long, 200),
            Row(
                name: "a resource in capitals is not found",
                method: "GET",
                path: "/Calendar",
                credentials: .calendar,
                status: 404
            ),
            Row(
                name: "a path that begins like a resource is not found",
                method: "GET",
                path: "/calendars",
                credentials: .calendar,
                status: 404
            ),
            Row(
                name: "a path that goes on with a dot is not found",
                method: "GET",
                path: "/calendar.json",
                credentials: .calendar,
                status: 404
            ),
            Row(
                name: "the beginning of a resource is not found",
                method: "GET",
                path: "/cal",
                credentials: .calendar,
                status: 404
            ),
            Row(
                name: "a resource behind another segment is not found",
                method: "GET",
                path: "/x/calendar",
                credentials: .calendar,
                status: 404
            ),
            notes("a resource with a slash is the same resource", "/notes/", 200),
            notes("a path that begins like an inner resource belongs to the outer one", "/notes/administrator", 200),
            notes("an inner resource needs its own token", "/notes/admin", 401),
            notes("a path below an inner resource needs its own token", "/notes/admin/x", 401),
            notes("an inner resource in capitals belongs to the outer one", "/notes/ADMIN", 200, ignoringCase: 404),
            notes(
                "a path below an inner resource in capitals belongs to the outer one",
                "/notes/Admin/x",
                200,
                ignoringCase: 404
            ),
            notes("capitals elsewhere change nothing", "/notes/Other", 200),
        ] + ambiguousPaths

    private static let ambiguousPaths = [
        ambiguous("dots to another resource are ambiguous", "/calendar/../notes"),
        ambiguous("dots at the end are ambiguous", "/calendar/x/.."),
        ambiguous("one dot is ambiguous", "/calendar/./x"),
        ambiguous("dots at the root are ambiguous", "/../calendar/x"),
        ambiguous("encoded dots are ambiguous", "/calendar/%2e%2e/notes"),
        ambiguous("half encoded dots are ambiguous", "/calendar/.%2E/notes"),
        ambiguous("dots that are encoded twice are ambiguous", "/calendar/%252e%252e/notes"),
        ambiguous("dots in overlong UTF-8 are ambiguous", "/calendar/%C0%AE%C0%AE/notes"),
        ambiguous("dots with a parameter are ambiguous", "/calendar/..;/notes"),
        ambiguous("a parameter is ambiguous", "/calendar/x;v=1"),
        ambiguous("an encoded parameter is ambiguous", "/calendar/x%3Bv=1"),
        ambiguous("two slashes are ambiguous", "/calendar//x"),
        ambiguous("two slashes at the start are ambiguous", "//calendar/x"),
        ambiguous("two slashes at the end are ambiguous", "/calendar/x//"),
        ambiguous("an encoded slash is ambiguous", "/calendar%2Fx"),
        ambiguous("an encoded slash after a denied page is ambiguous", "/calendar/closed%2f"),
        ambiguous("a slash in overlong UTF-8 is ambiguous", "/calendar/x%C0%AFy"),
        ambiguous("a backslash is ambiguous", #"/calendar/x\..\closed"#),
        ambiguous("an encoded backslash is ambiguous", "/calendar/x%5C..%5Cclosed"),
        ambiguous("a denied page with an encoded letter is ambiguous", "/calendar/%63losed"),
        ambiguous("an encoded tilde is ambiguous", "/calendar/%7Ex"),
        ambiguous("an encoded NUL is ambiguous", "/calendar/closed%00"),
        ambiguous("an encoded line break is ambiguous", "/calendar/x%0D%0AX-Auth-Subject:%20admin"),
        ambiguous("a percent sign alone is ambiguous", "/calendar/100%"),
        ambiguous("a percent sign before other letters is ambiguous", "/calendar/%zz"),
        ambiguous("percent-encoding that is cut off is ambiguous", "/calendar/%6"),
        ambiguous("percent-encoding of bytes that are not UTF-8 is ambiguous", "/calendar/%FF"),
        ambiguous("percent-encoding of half a surrogate pair is ambiguous", "/calendar/%ED%A0%80"),
        ambiguous("a fragment is ambiguous", "/calendar/x#/../closed"),
        ambiguous("a path of more than 8 KiB is ambiguous", "/calendar/x" + long),
        ambiguous("letters outside ASCII are ambiguous", "/calendar/caf\u{E9}", hostMayRefuse: true),
        ambiguous("a control character is ambiguous", "/calendar/x\u{1}y", hostMayRefuse: true),
        ambiguous("a control character at the end is ambiguous", "/calendar/x\u{1}", hostMayRefuse: true),
        ambiguous("a path without a slash is ambiguous", "calendar/x", hostMayRefuse: true),
        ambiguous("a scheme without an authority is ambiguous", "http:calendar/x", hostMayRefuse: true),
        ambiguous("another scheme is ambiguous", "x:/calendar/x", hostMayRefuse: true),
        ambiguous("an asterisk is ambiguous", "*", hostMayRefuse: true),
        Row(
            name: "a denied page with a space behind it stays denied",
            method: "GET",
            path: "/calendar/closed x",
            credentials: .calendar,
            status: 403,
            hostMayRefuse: true
        ),
    ]
}
