// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuthJSON

/// Which web pages may read responses, and how preflights are answered (Fetch standard, CORS protocol).
///
/// All responses of this library, and all responses of the handlers behind it, get their CORS fields here. Nothing
/// depends on cookies, so credentials mode is never allowed. CORS protects the users of web pages, not the server: to
/// refuse the requests of web pages, a resource has its own allowed origins (``OriginRule``).
package struct CORSSettings: Sendable {
    private enum Origins: Sendable {
        case any
        /// As browsers send them.
        case only([String])
    }

    private let origins: Origins

    /// - Parameter allowedOrigins: `*` alone for every page; otherwise exact origins such as `https://app.example.com`.
    package init(allowedOrigins: [String] = ["*"]) {
        origins = allowedOrigins == ["*"] ? .any : .only(allowedOrigins)
    }

    /// Adds the fields that let the requesting page read the response, if it may.
    ///
    /// The response of a handler that sets `Access-Control-Allow-Origin` itself is not changed.
    package func addFields(to fields: inout HTTPFields, answering request: HTTPRequest) {
        guard !fields.contains(.accessControlAllowOrigin), addOrigin(to: &fields, answering: request) else { return }
        fields.append(Self.exposedFields)
    }

    /// The response to a preflight; `nil` if the request is not a preflight.
    ///
    /// It allows what the preflight asks for: the token decides what a caller may do, and MCP clients may send more
    /// fields than are listed here (`Mcp-Param-*`, tracing). For a page that may not read responses, it has no CORS
    /// fields.
    package func preflightResponse(to request: HTTPRequest) -> RenderedResponse? {
        guard Self.isPreflight(request) else { return nil }
        var head = HTTPResponse(status: .noContent)
        guard addOrigin(to: &head.headerFields, answering: request) else {
            return RenderedResponse(head: head, body: [])
        }
        let method = request.headerFields[.accessControlRequestMethod].map { [$0] } ?? []
        head.headerFields[.accessControlAllowMethods] = Self.list(Self.methods, and: method, ignoringCase: false)
        let asked = request.headerFields[values: .accessControlRequestHeaders].flatMap { $0.split(separator: ",") }
        head.headerFields[.accessControlAllowHeaders] = Self.list(
            Self.requestFields,
            and: asked.map { String($0).trimmingBlanks },
            ignoringCase: true
        )
        head.headerFields[.accessControlMaxAge] = "600"
        if let name = Self.requestPrivateNetwork, let answer = Self.allowPrivateNetwork,
            request.headerFields[name] == "true"
        {
            head.headerFields[answer] = "true"
        }
        return RenderedResponse(head: head, body: [])
    }

    /// Whether a request is a preflight; a preflight never carries credentials (Fetch standard, CORS-preflight
    /// request).
    package static func isPreflight(_ request: HTTPRequest) -> Bool {
        request.method == .options && request.headerFields.contains(.origin)
            && request.headerFields.contains(.accessControlRequestMethod)
    }

    /// Adds `Access-Control-Allow-Origin`, which is not there yet, if the page may read the response; returns whether it may.
    private func addOrigin(to fields: inout HTTPFields, answering request: HTTPRequest) -> Bool {
        if case .only = origins, !fields[values: .vary].contains(where: Self.namesOrigin) {
            fields.append(HTTPField(name: .vary, value: "Origin"))
        }
        guard let origin = allowedOrigin(of: request) else { return false }
        fields.append(HTTPField(name: .accessControlAllowOrigin, value: origin))
        return true
    }

    /// The value of `Access-Control-Allow-Origin`; `nil` if the page may not read the response.
    private func allowedOrigin(of request: HTTPRequest) -> String? {
        switch origins {
        case .any: return "*"
        case .only(let allowed):
            let sent = request.headerFields[values: .origin]
            guard sent.count == 1, allowed.contains(where: sent[0].isExactly) else { return nil }
            return sent[0]
        }
    }

    private static let exposedFields = HTTPField(
        name: .accessControlExposeHeaders,
        value: "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version"
    )
    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private static let requestFields = [
        "Authorization", "Content-Type", "Accept", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
        "Last-Event-ID",
    ]
    private static let requestPrivateNetwork = HTTPField.Name("Access-Control-Request-Private-Network")
    private static let allowPrivateNetwork = HTTPField.Name("Access-Control-Allow-Private-Network")

    /// The maximum number of names that are repeated, and their maximum length in bytes; browsers send few.
    private static let mostNames = 100
    private static let longestName = 128

    /// The names that are always allowed and the requested names, without duplicates; invalid names are left out.
    private static func list(_ known: [String], and asked: [String], ignoringCase: Bool) -> String {
        var names = known
        var seen = Set(known.map { ignoringCase ? $0.lowercased() : $0 })
        for name in asked.prefix(mostNames) where isToken(name) {
            if seen.insert(ignoringCase ? name.lowercased() : name).inserted { names.append(name) }
        }
        return names.joined(separator: ", ")
    }

    /// Whether a name is a token (RFC 9110 section 5.6.2) of at most the maximum length.
    private static func isToken(_ name: String) -> Bool {
        (1...longestName).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func namesOrigin(_ vary: String) -> Bool {
        vary.split(separator: ",").contains { ["*", "origin"].contains($0.lowercased().trimmingBlanks) }
    }
}

extension String {
    /// The text without spaces and tabs at both ends (RFC 9110 section 5.6.3).
    fileprivate var trimmingBlanks: String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = drop { blanks.contains($0) }
        let end = start.lastIndex { !blanks.contains($0) }
        return end.map { String(start[...$0]) } ?? ""
    }
}
