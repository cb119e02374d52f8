// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Bodies whose end is written in two ways, or in none (RFC 9112 sections 6 and 7.1).
///
/// A proxy in front of the host could see another end, and take the rest for a request of its own. Hosts refuse these
/// requests themselves; where one does not, this library decides as usual.
extension HostConformance {
    private static let length = good.utf8.count
    private static let inChunks = "\(String(length, radix: 16))\r\n\(good)\r\n0\r\n\r\n"
    private static let smuggled = "0\r\n\r\nGET /calendar/open HTTP/1.1\r\nHost: h\r\n\r\n"

    private static func refused(_ name: String, _ fields: [(String, String)], _ body: String) -> Row {
        Row(name: name, fields: fields, body: .framed(body, count: 0), status: 400, hostMayRefuse: true)
    }

    private static let chunked = ("Transfer-Encoding", "chunked")

    static let framing: [Row] = [
        refused(
            "a length and chunks are refused, and what follows the chunks is no request",
            [("Content-Length", "\(smuggled.utf8.count)"), chunked],
            smuggled
        ),
        refused("chunks and a length are refused in this order too", [chunked, ("Content-Length", "5")], "0\r\n\r\n"),
        refused(
            "a length and chunks with a space before the colon are refused",
            [("Content-Length", "5"), ("Transfer-Encoding ", "chunked")],
            "0\r\n\r\n"
        ),
        refused("a coding after the chunks is refused", [("Transfer-Encoding", "chunked, gzip")], inChunks),
        refused("a coding that looks like chunks is refused", [("Transfer-Encoding", "xchunked")], inChunks),
        refused("a list of lengths is refused", [("Content-Length", "\(length), \(length)")], good),
        refused("a negative length is refused", [("Content-Length", "-1")], good),
        refused("a length in hexadecimal digits is refused", [("Content-Length", "0x10")], good),
        refused("a length beyond 64 bits is refused", [("Content-Length", "18446744073709551617")], good),
        refused("a chunk without a length is refused", [chunked], "zz\r\n\(good)\r\n0\r\n\r\n"),
        refused("a chunk with a negative length is refused", [chunked], "-5\r\n\(good)\r\n0\r\n\r\n"),
        refused(
            "a chunk with a length beyond 64 bits is refused",
            [chunked],
            "1FFFFFFFFFFFFFFFF\r\n\(good)\r\n0\r\n\r\n"
        ),
        refused("a chunk that is longer than its length is refused", [chunked], "5\r\n\(good)\r\n0\r\n\r\n"),
        Row(
            name: "the shorter of two lengths leaves no request behind",
            credentials: garbage,
            fields: [("Content-Length", "3"), ("Content-Length", "\(length)")],
            body: .framed(good, count: 0),
            status: 401,
            hostMayRefuse: true
        ),
        Row(
            name: "an extension of a chunk changes nothing",
            fields: [chunked],
            body: .framed(inChunks.replacing("\r\n{", with: ";a=b\r\n{"), count: length),
            status: 200
        ),
        Row(
            name: "a token behind the chunks is no credential",
            credentials: .none,
            fields: [chunked],
            body: .framed(
                inChunks.replacing("0\r\n\r\n", with: "0\r\nAuthorization: Bearer {notes}\r\n\r\n"),
                count: 0
            ),
            status: 401
        ),
        Row(
            name: "another caller behind the chunks changes nothing",
            fields: [chunked],
            body: .framed(inChunks.replacing("0\r\n\r\n", with: "0\r\nX-Auth-Subject: admin\r\n\r\n"), count: length),
            status: 200
        ),
        Row(
            name: "a method behind the chunks does not contradict the body",
            fields: [chunked],
            body: .framed(inChunks.replacing("0\r\n\r\n", with: "0\r\nMcp-Method: ping\r\n\r\n"), count: length),
            status: 200
        ),
    ]
}
