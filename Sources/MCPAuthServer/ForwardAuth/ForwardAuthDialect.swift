// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuth
package import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON

/// How one proxy describes the request of a client in the request with which it asks about it.
///
/// A dialect names exactly one source for the method, the target and the authority of the client's request. Fields that
/// another proxy would send for the same purpose come from the client and mean nothing.
package struct ForwardAuthDialect: Sendable {
    /// Where the client's request is described.
    enum Source: Sendable {
        /// In three fields, each of which the proxy sets; the request itself is a GET of the verify path.
        case fields(method: HTTPField.Name, target: HTTPField.Name, authority: HTTPField.Name)
        /// In the request line and `Host`: the verify path is put in front of the target.
        ///
        /// - Parameter partialBody: Says whether the whole body was sent, where the proxy sends bodies; `nil` if it sends
        ///   whole bodies only.
        case requestLine(partialBody: HTTPField.Name?)
    }

    let source: Source
    /// Whether the proxy puts the query of the client's request behind the verify path, where it means nothing.
    let keepsQuery: Bool
    /// The statuses that the proxy passes on to clients; `nil` for all.
    let relayed: Set<Int>?
    private let separation: FieldSeparation

    /// The dialect of a proxy; `nil` for one that does not ask over HTTP.
    init?(of proxy: ForwardAuthSettings.Proxy) {
        switch proxy {
        case .nginx: self = .nginx
        case .caddy: self = .caddy
        case .traefik: self = .traefik
        case .haproxy: self = .haproxy
        case .envoy: self = .envoy
        case .apache: return nil
        }
    }

    init(
        source: Source,
        keepsQuery: Bool = false,
        relayed: Set<Int>? = nil
    ) {
        self.source = source
        self.keepsQuery = keepsQuery
        self.relayed = relayed
        switch source {
        case .fields(let method, let target, let authority):
            separation = FieldSeparation(own: [method, target, authority])
        case .requestLine(let partialBody): separation = FieldSeparation(own: partialBody.map { [$0] } ?? [])
        }
    }

    /// The request of the client.
    ///
    /// - Parameters:
    ///   - asked: The request of the proxy.
    ///   - path: The verify path.
    package func clientRequest(_ asked: HTTPRequest, path: String) -> Checked<HTTPRequest> {
        switch source {
        case .fields:
            let askedPath = keepsQuery ? RequestReading.path(of: asked) : asked.path
            guard asked.method == .get, askedPath == path else { return .denied(Self.notTheVerifyPath(path)) }
            let fields = separation.separate(asked.headerFields)
            switch (fields.own[0].value, fields.own[1].value, fields.own[2].value) {
            case (.denied(let denial), _, _), (_, .denied(let denial), _), (_, _, .denied(let denial)):
                return .denied(denial)
            case (.passed(let methodText), .passed(let targetText), .passed(let authorityText)):
                return Self.request(methodText, targetText, authorityText, fields.client)
            }
        case .requestLine:
            guard let target = asked.path, target.utf8.starts(with: path.utf8),
                target.utf8.dropFirst(path.utf8.count).first == UInt8(ascii: "/")
            else { return .denied(Self.notTheVerifyPath(path)) }
            let rest = String(decoding: target.utf8.dropFirst(path.utf8.count), as: UTF8.self)
            let fields = separation.separate(asked.headerFields).client
            return Self.request(asked.method.rawValue, rest, asked.authority ?? "", fields)
        }
    }

    /// Whether `asked` has the whole body of the client's request.
    func hasWholeBody(_ asked: HTTPRequest) -> Bool {
        guard case .requestLine(_?) = source else { return true }
        guard case .passed(let value)? = separation.separate(asked.headerFields).own.first?.value else { return false }
        return value.isExactly("false")
    }

    /// The status for the proxy: its own for a server that cannot decide, and 403 in place of others that it would not
    /// pass on.
    func status(_ status: Int) -> Int {
        guard let relayed, !relayed.contains(status), status < 500 else { return status }
        return 403
    }

    static func request(
        _ method: String,
        _ target: String,
        _ authority: String,
        _ fields: HTTPFields
    ) -> Checked<HTTPRequest> {
        // Proxies send CONNECT on with another target than the one that they describe, and answer TRACE themselves.
        guard let method = HTTPRequest.Method(method), method != .connect, method != .trace else {
            let expected = "a method other than CONNECT and TRACE"
            return .denied(unreadable("the method", expected: expected, found: "another text", method))
        }
        // Not `*`, an authority or a whole URL: the server behind the proxy may take those for another path.
        guard target.utf8.first == UInt8(ascii: "/") else {
            let expected = "a path that begins with `/`"
            let diagnosis = Diagnosis("the target", expected: expected, found: "another form", value: quoted(target))
            return .denied(Denial(.ambiguousTarget, status: 400, diagnosis: diagnosis))
        }
        return .passed(
            HTTPRequest(method: method, scheme: "https", authority: authority, path: target, headerFields: fields)
        )
    }

    private static func notTheVerifyPath(_ path: String) -> Denial {
        let expected = "a GET of `\(path.printable)`, as the proxy is configured to ask"
        let diagnosis = Diagnosis("the request of the proxy", expected: expected, found: "another one")
        return Denial(.noSuchResource, status: 404, diagnosis: diagnosis)
    }

    static func unreadable(
        _ subject: String,
        expected: String,
        found: String,
        _ value: String? = nil
    ) -> Denial {
        let diagnosis = Diagnosis(subject, expected: expected, found: found, value: value.map(quoted))
        return Denial(.unreadableForwarding, status: 400, diagnosis: diagnosis)
    }

    private static func quoted(_ text: String) -> String { "`\(text.printable)`" }
}
