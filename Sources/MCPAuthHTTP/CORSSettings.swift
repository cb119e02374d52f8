// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuthJSON

/// Which web pages may read answers, and what their preflights are told (Fetch standard, CORS protocol).
///
/// The one place for it: every answer that this library makes, and every answer of a handler behind it, gets its fields
/// here. Nothing depends on cookies, so credentials mode is never allowed. CORS protects the pages' users, not the
/// server: a resource that must refuse requests of foreign pages has allowed origins of its own (``OriginRule``).
package struct CORSSettings: Sendable {
    private enum Origins: Sendable {
        case any
        /// In the form in which browsers send them.
        case only([String])
    }

    private let origins: Origins

    /// - Parameter allowedOrigins: `*` alone for every page; otherwise exact origins such as `https://app.example.com`.
    package init(allowedOrigins: [String] = ["*"]) {
        origins = allowedOrigins == ["*"] ? .any : .only(allowedOrigins)
    }

    /// Adds the fields that let the page that sent a request read the answer; none for a page that may not.
    ///
    /// A handler that sets `Access-Control-Allow-Origin` itself is left alone.
    package func addFields(to fields: inout HTTPFields, answering request: HTTPRequest) {
        guard fields[.accessControlAllowOrigin] == nil, addOrigin(to: &fields, answering: request) else { return }
        fields.append(HTTPField(name: .accessControlExposeHeaders, value: Self.exposedFields))
    }

    /// The answer to a preflight; `nil` when the request is not one.
    ///
    /// It allows what was asked for: what a caller may do is for the token to say, and the list of what MCP clients send
    /// is open (`Mcp-Param-*`, tracing). A page that may not read answers gets one without CORS fields.
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

    /// Whether a request is a preflight, which carries no credentials by design (Fetch standard, CORS-preflight request).
    package static func isPreflight(_ request: HTTPRequest) -> Bool {
        request.method == .options && request.headerFields[.origin] != nil
            && request.headerFields[.accessControlRequestMethod] != nil
    }

    /// Adds `Access-Control-Allow-Origin` where the page may read the answer, and says whether it may.
    private func addOrigin(to fields: inout HTTPFields, answering request: HTTPRequest) -> Bool {
        if case .only = origins, !fields[values: .vary].contains(where: Self.namesOrigin) {
            fields.append(HTTPField(name: .vary, value: "Origin"))
        }
        let origin = allowedOrigin(of: request)
        fields[.accessControlAllowOrigin] = origin
        return origin != nil
    }

    /// What `Access-Control-Allow-Origin` says; `nil` when the page may not read the answer.
    private func allowedOrigin(of request: HTTPRequest) -> String? {
        switch origins {
        case .any: return "*"
        case .only(let allowed):
            let sent = request.headerFields[values: .origin]
            guard sent.count == 1, allowed.contains(where: sent[0].isExactly) else { return nil }
            return sent[0]
        }
    }

    private static let exposedFields = "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version"
    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private static let requestFields = [
        "Authorization", "Content-Type", "Accept", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
        "Last-Event-ID",
    ]
    private static let requestPrivateNetwork = HTTPField.Name("Access-Control-Request-Private-Network")
    private static let allowPrivateNetwork = HTTPField.Name("Access-Control-Allow-Private-Network")

    /// The most names that are repeated, and the longest of them in bytes; browsers send a few.
    private static let mostNames = 100
    private static let longestName = 128

    /// The names that are always allowed and those that were asked for, each once; what is not a name is left out.
    private static func list(_ known: [String], and asked: [String], ignoringCase: Bool) -> String {
        var names = known
        var seen = Set(known.map { ignoringCase ? $0.lowercased() : $0 })
        for name in asked.prefix(mostNames) where isToken(name) {
            if seen.insert(ignoringCase ? name.lowercased() : name).inserted { names.append(name) }
        }
        return names.joined(separator: ", ")
    }

    /// A token of RFC 9110 section 5.6.2, not too long.
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
    /// Without the blanks and tabs at both ends (RFC 9110 section 5.6.3).
    fileprivate var trimmingBlanks: String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = drop { blanks.contains($0) }
        let end = start.lastIndex { !blanks.contains($0) }
        return end.map { String(start[...$0]) } ?? ""
    }
}
