// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Large, slow and encoded bodies, and bodies that nobody reads.
extension HostConformance {
    private static func unreadable(_ name: String, _ field: (String, String)) -> Row {
        Row(name: name, fields: [field], body: .text(good), status: 415, field: ("accept-encoding", "identity"))
    }

    static let bodies: [Row] =
        [
            Row(name: "a body in chunks is read", body: .chunked(pad(50_000)), status: 200),
            Row(name: "a body of almost 1 MiB is read", body: .text(pad(900_000)), status: 200),
            Row(
                name: "a body of more than 1 MiB is too large",
                body: .text(pad(1_100_000)),
                status: 413,
                contains: #""error":"request_too_large""#
            ),
            Row(
                name: "chunks of more than 1 MiB together are too large",
                body: .chunked(pad(1_100_000)),
                status: 413,
                contains: #""error":"request_too_large""#
            ),
            Row(
                name: "a large body without a token is not read",
                credentials: .none,
                body: .text(pad(1_000_000)),
                status: 401
            ),
            Row(
                name: "a large body with a bad token is not read",
                credentials: garbage,
                body: .text(pad(1_000_000)),
                status: 401
            ),
            Row(
                name: "chunks with a bad token are not read",
                credentials: garbage,
                body: .chunked(pad(1_000_000)),
                status: 401
            ),
            Row(
                name: "a request in the body of a refused request is not answered",
                credentials: garbage,
                body: .text("GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
                status: 401
            ),
            Row(
                name: "a request in the chunks of a refused request is not answered",
                credentials: garbage,
                body: .chunked("\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
                status: 401
            ),
            Row(
                name: "the very large body of a refused request does not keep its answer back",
                credentials: garbage,
                body: .text(pad(2_500_000)),
                status: 401
            ),
            Row(
                name: "spaces after a message count, so that a body of 2.5 MB is too large",
                body: .text(call("bad") + String(repeating: " ", count: 2_500_000)),
                status: 413
            ),
            Row(
                name: "a denied call with 900 KB of spaces is denied",
                body: .text(call("bad") + String(repeating: " ", count: 900_000)),
                status: 403
            ),
            Row(
                name: "a body that this library does not read reaches the handler whole",
                path: "/calendar/open",
                credentials: .calendar,
                body: .text(pad(1_500_000)),
                status: 200
            ),
            Row(
                name: "the body of a GET reaches the handler too",
                method: "GET",
                path: "/calendar/open",
                credentials: .calendar,
                body: .text("hello"),
                status: 200
            ),
            Row(name: "a request in small pieces is read", body: .text(good), pieceBytes: 16, status: 200),
            Row(
                name: "a refused request in small pieces gets its answer",
                credentials: garbage,
                body: .text(good),
                pieceBytes: 16,
                status: 401
            ),
            Row(
                name: "a denied call in small pieces is denied",
                body: .chunked(call("bad")),
                pieceBytes: 16,
                status: 403
            ),
        ] + encodings

    private static let encodings = [
        unreadable("gzip is not read", ("Content-Encoding", "gzip")),
        unreadable("a second content coding counts", ("Content-Encoding", "identity, br")),
        unreadable("another character set is not read", ("Content-Type", "application/json; charset=utf-7")),
        unreadable("UTF-16 as a character set is not read", ("Content-Type", #"application/json; Charset="UTF-16""#)),
        unreadable(
            "an extended character set is not read",
            ("Content-Type", "application/json; charset*=utf-8''utf-8")
        ),
        Row(
            name: "identity is no content coding",
            fields: [("Content-Encoding", "Identity"), ("Content-Type", #"application/json; charset="UTF-8""#)],
            body: .text(good),
            status: 200
        ),
        Row(
            name: "the type of a body does not change what it is",
            fields: [("Content-Type", "text/plain")],
            body: .text(call("bad")),
            status: 403
        ),
        Row(
            name: "a large body in gzip is not read",
            fields: [("Content-Encoding", "gzip")],
            body: .text(pad(900_000)),
            status: 415
        ),
        Row(
            name: "gzip without a token is refused for the token",
            credentials: .none,
            fields: [("Content-Encoding", "gzip")],
            body: .text(good),
            status: 401
        ),
    ]
}
