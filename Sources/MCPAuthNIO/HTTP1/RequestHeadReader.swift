// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
internal import MCPAuthHTTP
internal import MCPAuthJSON
internal import NIOHTTP1

/// Reads the heads of the requests of one HTTP/1.1 connection.
///
/// A request must have one `Host` field (RFC 9112 section 3.2). Its target must be a path, `*`, or an absolute URL, whose
/// authority then counts and not that of `Host` (section 3.2.2). NIO's own conversion reads the target as a URL with
/// Foundation, and drops the authority of an absolute one.
struct RequestHeadReader {
    private let scheme: String
    /// The names of fields by their place in the last request: the next one often has the same.
    private var names: [Known] = []

    private static let mostNames = 32
    private static let longestName = 64
    private static let host = HTTPField.Name.constant("Host")

    /// A name, and what it means here.
    private struct Known {
        enum Meaning { case host, upgrade, other }

        let name: HTTPField.Name
        let meaning: Meaning

        init(_ name: HTTPField.Name) {
            self.name = name
            meaning = name == RequestHeadReader.host ? .host : name == .upgrade ? .upgrade : .other
        }
    }

    init(scheme: String) {
        self.scheme = scheme
    }

    /// What was read.
    struct Read {
        let request: HTTPRequest
        let form: RequestForm
        /// Whether the connection can be used for another request.
        let keepsAlive: Bool
    }

    /// The request; `nil` if the head can be read in two ways.
    mutating func read(_ head: HTTPRequestHead) -> Read? {
        guard let method = Self.method(head.method) else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var host: String?
        var isUpgrade = false
        var place = 0
        for (text, value) in head.headers {
            guard let known = name(text, at: place) else { return nil }
            place += 1
            if known.meaning == .host {
                guard host == nil else { return nil }
                host = value
            } else {
                if known.meaning == .upgrade { isUpgrade = true }
                fields.append(HTTPField(name: known.name, value: value))
            }
        }
        guard let host else { return nil }
        let authority: String
        let path: String
        if head.uri.utf8.first == UInt8(ascii: "/") || head.uri == "*" {
            (authority, path) = (host, head.uri)
        } else {
            guard let absolute = Self.absolute(head.uri) else { return nil }
            (authority, path) = absolute
        }
        let request = HTTPRequest(
            method: method,
            scheme: scheme,
            authority: authority,
            path: path,
            headerFields: fields
        )
        // After an upgrade or CONNECT NIO's decoder parses nothing more. Clients of HTTP/1.0 would have to be told that the
        // connection stays open.
        let isHTTP10 = head.version.minor == 0
        let keepsAlive = head.isKeepAlive && !isHTTP10 && head.method != .CONNECT && !isUpgrade
        let form = RequestForm(isHead: head.method == .HEAD, isHTTP10: isHTTP10)
        return Read(request: request, form: form, keepsAlive: keepsAlive)
    }

    private static func method(_ method: HTTPMethod) -> HTTPRequest.Method? {
        switch method {
        case .GET: .get
        case .POST: .post
        default: HTTPRequest.Method(method.rawValue)
        }
    }

    /// The name of a field; `nil` if it is not a token, which the parser refused before.
    private mutating func name(_ text: String, at place: Int) -> Known? {
        if place < names.count, names[place].name.rawName.isExactly(text) { return names[place] }
        guard let name = HTTPField.Name(text).map(Known.init) else { return nil }
        guard text.utf8.count <= Self.longestName else { return name }
        if place < names.count {
            names[place] = name
        } else if place < Self.mostNames {
            names.append(name)
        }
        return name
    }

    /// The authority and the path of an absolute `http` or `https` URL.
    private static func absolute(_ target: String) -> (authority: String, path: String)? {
        let bytes = target.utf8
        for start in ["http://", "https://"] {
            let count = start.utf8.count
            guard bytes.count > count, zip(bytes, start.utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) else {
                continue
            }
            let rest = bytes.dropFirst(count)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard !authority.isEmpty else { return nil }
            let path = String(decoding: rest.dropFirst(authority.count), as: UTF8.self)
            let text = String(decoding: authority, as: UTF8.self)
            return (text, path.utf8.first == UInt8(ascii: "/") ? path : "/" + path)
        }
        return nil
    }
}
#endif
