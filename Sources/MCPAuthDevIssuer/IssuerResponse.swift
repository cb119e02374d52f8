// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// An HTTP response of the authorization server, independent of the HTTP library.
struct IssuerResponse: Sendable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    /// Any web page may read it: nothing here depends on cookies.
    static func json(_ value: JSON, status: Int = 200) -> IssuerResponse {
        // RFC 6749 section 5.1: responses that may contain tokens must not be stored.
        let fields = [
            ("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Access-Control-Allow-Origin", "*"),
        ]
        return IssuerResponse(status: status, fields: fields, body: value.encoded())
    }

    /// An OAuth error (RFC 6749 section 5.2).
    static func error(_ code: String, _ description: String, status: Int = 400) -> IssuerResponse {
        let members: JSON = ["error": .string(code), "error_description": .string(errorDescription(description))]
        var response = json(members, status: status)
        if status == 401 { response.fields.append(("WWW-Authenticate", "Basic realm=\"dev\"")) }
        return response
    }

    static let noSignature = error("server_error", "no key could be made or used", status: 500)

    /// The text with `?` for characters that `error_description` must not have (RFC 6749 sections 4.1.2.1 and 5.2).
    static func errorDescription(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : 0x3F },
            as: UTF8.self
        )
    }

    /// The response to a CORS preflight, for MCP clients that are web pages.
    static let preflight = IssuerResponse(
        status: 204,
        fields: [
            ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version"),
            ("Access-Control-Max-Age", "600"),
        ],
        body: []
    )

    static func redirect(_ url: String) -> IssuerResponse {
        IssuerResponse(status: 302, fields: [("Location", url), ("Cache-Control", "no-store")], body: [])
    }

    /// A page that explains why a request failed, and what to do about it.
    static func errorPage(_ title: String, _ advice: String) -> IssuerResponse {
        page("<h1>\(escaped(title))</h1><p>\(escaped(advice))", status: 400)
    }

    /// A page without scripts, which no other page may frame.
    static func page(_ html: String, status: Int = 200) -> IssuerResponse {
        let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
        return IssuerResponse(
            status: status,
            fields: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy),
                ("Cache-Control", "no-store"),
            ],
            body: Array("<!doctype html><meta charset=utf-8><title>Development issuer</title>\(html)".utf8)
        )
    }

    /// Escapes text for HTML.
    static func escaped(_ text: String) -> String {
        // By scalar: a quote with a combining mark is another `Character`, but browsers still read it as a quote.
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "<": "&lt;"
            case ">": "&gt;"
            case "&": "&amp;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: String(scalar)
            }
        }.joined()
    }
}
