// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension HostConformance {
    /// A request and the expected response.
    ///
    /// In the path and in the values of fields, `{authority}` stands for host and port, and `{notes}`, `{calendar}` and so
    /// on for a good token for that resource. In what is expected, `{base}` stands for the URL of the host.
    public struct Row: Sendable, CustomStringConvertible {
        /// Names a resource of the configuration by its path.
        enum Resource: String, CaseIterable {
            case notes = "/notes"
            case admin = "/notes/admin"
            case calendar = "/calendar"
            case pages = "/pages"
            case open = "/open"
            case results = "/results"

            /// What stands for a token for it.
            var placeholder: String { "{\(self)}" }
        }

        enum Body: Sendable {
            case none
            case text(String)
            /// A text in which tokens are filled in.
            case form(String)
            case bytes([UInt8])
            /// In chunks of 1000 bytes, without a `Content-Length`.
            case chunked(String)
            /// Framed by the fields of the row; tokens are filled in, and a handler sees this number of bytes.
            case framed(String, count: Int)
        }

        enum Credentials: Sendable {
            case none
            case token(Resource)
            case field(String)

            static let notes = Credentials.token(.notes)
            static let admin = Credentials.token(.admin)
            static let calendar = Credentials.token(.calendar)
            static let pages = Credentials.token(.pages)
            static let open = Credentials.token(.open)
            static let results = Credentials.token(.results)
        }

        let name: String
        package var method = "POST"
        package var path = "/notes"
        var version = "HTTP/1.1"
        var lineEnd = "\r\n"
        /// Whether a `Host` field is sent, unless `fields` has one.
        var hasHost = true
        var credentials = Credentials.notes
        var fields: [(String, String)] = []
        var body = Body.none
        /// The request is sent in pieces of this many bytes, with a pause after each.
        var pieceBytes: Int?
        /// The status; with 200, the response is that of the handler, unless `isFromLibrary`.
        package let status: Int
        /// The status on a host whose routes ignore case, when it differs.
        var statusIgnoringCase: Int?
        /// The status on a host that passes on only the last of several fields with one name, when it differs.
        var statusKeepingLast: Int?
        /// Whether a host may refuse the request itself: with any status of 400 or more, in any form, or by closing the
        /// connection.
        package var hostMayRefuse = false
        /// Whether this library responds, and not a handler, where the status is 200.
        package var isFromLibrary = false
        /// A text that the body must contain.
        var contains: String?
        /// A text that neither the body nor a field may contain.
        var lacks: String?
        /// A field of the response and a text that its value must contain; `nil` for a field that must be absent.
        var field: (name: String, value: String?)?

        /// The request and its answer in words.
        public var description: String { name }
    }

    /// A request that a handler must get, and what it must see.
    package struct AllowedRequest: Sendable {
        package let name: String
        package let method: String
        /// The path without query.
        package let path: String
        /// The names of the fields that the row adds to the request.
        package let fieldNames: [String]
        /// The identifier of the resource it belongs to.
        package let resource: String
        /// Whether that is an MCP server.
        package let speaksMCP: Bool
        /// The subject of the caller; `nil` for nobody.
        package let subject: String?
        package let byteCount: Int

        init(_ row: Row, at base: String) {
            name = row.name
            method = row.method
            path = row.pathOnly
            fieldNames = row.fields.map(\.0)
            resource = base + (row.resource?.rawValue ?? "")
            speaksMCP = row.resource != .calendar
            subject = row.hasToken ? "alice" : nil
            byteCount = row.byteCount
        }
    }

    /// Checks the response to an allowed request; throws when it is wrong.
    package typealias HandlerCheck = @Sendable (RawClient.Answer, AllowedRequest) throws -> Void
}

extension HostConformance.Row {
    /// The path of the target, without authority and query.
    var pathOnly: String {
        let origin = "http://{authority}"
        let target = path.hasPrefix(origin) ? String(path.dropFirst(origin.count)) : path
        return String(target.prefix { $0 != "?" })
    }

    /// The resource that the path belongs to, where it names one in the usual spelling.
    var resource: Resource? {
        Resource.allCases.filter { pathOnly == $0.rawValue || pathOnly.hasPrefix($0.rawValue + "/") }
            .max { $0.rawValue.utf8.count < $1.rawValue.utf8.count }
    }

    /// Whether the operation of the request is in its body: a POST to an MCP server.
    package var isOperationInBody: Bool { method == "POST" && resource != nil && resource != .calendar }

    /// Whether browsers ask this before a request of a page.
    package var isPreflight: Bool {
        let names = fields.map { $0.0.lowercased() }
        return method == "OPTIONS" && names.contains("origin") && names.contains("access-control-request-method")
    }

    /// Whether it is for the metadata of resources, or another document below `/.well-known/`.
    package var isWellKnown: Bool { path.hasPrefix("/.well-known/") }

    /// Whether an `Authorization` field has a good token for some resource.
    package var hasToken: Bool {
        let texts = fields.filter { $0.0.lowercased() == "authorization" }.map(\.1)
        return switch credentials {
        case .token: true
        case .none: texts.contains(where: Self.hasPlaceholder)
        case .field(let text): (texts + [text]).contains(where: Self.hasPlaceholder)
        }
    }

    private static func hasPlaceholder(_ text: String) -> Bool {
        Resource.allCases.contains { text.contains($0.placeholder) }
    }

    /// The number of bytes in the body.
    package var byteCount: Int {
        switch body {
        case .none: 0
        case .text(let text), .form(let text), .chunked(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .framed(_, let count): count
        }
    }

    /// Whether no other request follows on the connection (RFC 9112 section 9.3).
    var asksToClose: Bool {
        version != "HTTP/1.1" || fields.contains { $0.0.lowercased() == "connection" && $0.1.contains("close") }
    }

    /// Whether the row is about the bytes of a request, and not only about what they mean.
    package var isAboutBytes: Bool {
        if case .framed = body { return true }
        return hostMayRefuse
    }

    /// The body without its framing.
    var content: [UInt8] {
        switch body {
        case .none: []
        case .text(let text), .form(let text), .chunked(let text), .framed(let text, _): Array(text.utf8)
        case .bytes(let bytes): bytes
        }
    }

    // MARK: Bytes

    /// The request as it is sent.
    ///
    /// - Parameters:
    ///   - authority: Host and port of the host under test.
    ///   - token: Creates a token for a resource.
    func bytes(at authority: String, _ token: HostConformance.TokenSource) async throws -> [UInt8] {
        var tokens: [Resource: String] = [:]
        func filled(_ text: String) async throws -> String {
            var text = text.replacing("{authority}", with: authority)
            for resource in Resource.allCases where text.contains(resource.placeholder) {
                if tokens[resource] == nil {
                    tokens[resource] = try await token("http://\(authority)\(resource.rawValue)")
                }
                text = text.replacing(resource.placeholder, with: tokens[resource] ?? "")
            }
            return text
        }
        var head = "\(method) \(try await filled(path)) \(version)\(lineEnd)"
        if hasHost, !fields.contains(where: { $0.0.lowercased() == "host" }) { head += "Host: \(authority)\(lineEnd)" }
        switch credentials {
        case .none: break
        case .token(let resource): head += "Authorization: Bearer \(try await filled(resource.placeholder))\(lineEnd)"
        case .field(let value): head += "Authorization: \(try await filled(value))\(lineEnd)"
        }
        for (name, value) in fields { head += "\(name): \(try await filled(value))\(lineEnd)" }
        switch body {
        case .none: return Array((head + lineEnd).utf8)
        case .text(let text): return Array("\(head)Content-Length: \(text.utf8.count)\(lineEnd)\(lineEnd)\(text)".utf8)
        case .form(let text):
            let text = try await filled(text)
            return Array("\(head)Content-Length: \(text.utf8.count)\(lineEnd)\(lineEnd)\(text)".utf8)
        case .bytes(let bytes):
            return Array("\(head)Content-Length: \(bytes.count)\(lineEnd)\(lineEnd)".utf8) + bytes
        case .chunked(let text): return Array("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8) + Self.chunks(of: text)
        case .framed(let text, _): return Array("\(head)\(lineEnd)\(try await filled(text))".utf8)
        }
    }

    /// The text in chunks of 1000 bytes, with the last chunk.
    private static func chunks(of text: String) -> [UInt8] {
        var sent: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(1000)
            sent += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
            rest = rest.dropFirst(chunk.count)
        }
        return sent + Array("0\r\n\r\n".utf8)
    }
}
