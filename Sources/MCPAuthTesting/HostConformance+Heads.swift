// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Heads of requests that are long, old or written in unusual ways (RFC 9112 sections 2 to 5).
extension HostConformance {
    /// A head that no host has to accept; one that does must find no caller in it.
    private static func withoutCaller(_ name: String, _ fields: [(String, String)], version: String = "HTTP/1.1") -> Row
    {
        Row(
            name: name,
            version: version,
            credentials: .none,
            fields: fields,
            body: .text(list),
            status: 401,
            hostMayRefuse: true
        )
    }

    static let heads: [Row] = [
        Row(name: "HTTP/1.0 with a Host field is read", version: "HTTP/1.0", body: .text(list), status: 200),
        Row(
            name: "HTTP/1.0 without a token is refused",
            version: "HTTP/1.0",
            credentials: .none,
            body: .text(list),
            status: 401
        ),
        Row(
            name: "HTTP/1.0 without a Host field belongs to no resource",
            version: "HTTP/1.0",
            hasHost: false,
            body: .text(list),
            status: 404,
            hostMayRefuse: true
        ),
        withoutCaller("a version that is not HTTP/1 finds no caller", [], version: "HTTP/3.0"),
        withoutCaller("a request line without a version finds no caller", [], version: ""),
        Row(
            name: "lines that end with LF alone are read, or not",
            lineEnd: "\n",
            body: .text(list),
            status: 200,
            hostMayRefuse: true
        ),
        withoutCaller("a bad token on a folded line is no credential", [("Authorization", "Bearer\r\n garbage")]),
        withoutCaller("a token behind a bare CR is no credential", [("X-Note", "a\rAuthorization: Bearer {notes}")]),
        withoutCaller("a token behind a NUL is no credential", [("X-Note", "a\0Authorization: Bearer {notes}")]),
        withoutCaller("a bad token is bad also with a space before the colon", [("Authorization ", "Bearer garbage")]),
        Row(
            name: "a NUL inside a token is malformed",
            credentials: .field("Bearer {notes}\0x"),
            body: .text(list),
            status: 400,
            hostMayRefuse: true
        ),
        Row(
            name: "a field without a name is skipped, or not",
            fields: [("", "x")],
            body: .text(list),
            status: 200,
            hostMayRefuse: true
        ),
        Row(
            name: "a field of 8 KiB is read",
            fields: [("X-Long", String(repeating: "x", count: 8192))],
            body: .text(list),
            status: 200
        ),
        Row(
            name: "sixty fields are read",
            fields: (0..<60).map { ("X-Field-\($0)", String(repeating: "x", count: 40)) },
            body: .text(list),
            status: 200
        ),
        Row(
            name: "a client that asks to close the connection gets its answer",
            fields: [("Connection", "close")],
            body: .text(list),
            status: 200
        ),
        Row(
            name: "a client that asks to close the connection gets its refusal",
            credentials: .none,
            fields: [("Connection", "close")],
            body: .text(list),
            status: 401
        ),
        Row(
            name: "a client that expects 100 Continue is refused all the same",
            credentials: garbage,
            fields: [("Expect", "100-continue")],
            body: .text(list),
            status: 401
        ),
    ]
}
