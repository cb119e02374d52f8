// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuth
package import MCPAuthCore
internal import MCPAuthHTTP

/// Answers Apache with `mod_authnz_fcgi`, which asks over FastCGI.
///
/// Apache has no module that asks over HTTP, and a sub-request through `ProxyPass` cannot decide about another request;
/// this module is part of Apache and asks before every other handler. It sends the method and the target as the client
/// wrote them, and the fields as `HTTP_*` parameters. It sends no body.
///
/// The caller is described in variables, such as `X_AUTH_SUBJECT`, from which `RequestHeader` makes fields.
package struct FastCGIEndpoint: Sendable {
    private let settings: ForwardAuthSettings
    private let proxyGuard: ProxyGuard

    package init(_ settings: ForwardAuthSettings, _ proxyGuard: ProxyGuard) {
        self.settings = settings
        self.proxyGuard = proxyGuard
    }

    /// The response, as records.
    ///
    /// - Parameter address: The address of the proxy; `nil` for a unix socket.
    package func response(
        to parameters: FastCGIRequest.Parameters,
        from address: String?,
        now: () -> NumericDate = NumericDate.now
    ) async -> [UInt8] {
        let answer: ProxyGuard.Answer
        let unknown = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil)
        switch Self.clientRequest(parameters.list) {
        case _ where !settings.trustedProxies.trusts(address):
            answer = proxyGuard.refuse(unknown, from: address ?? "", now: now)
        case .denied(let denial): answer = proxyGuard.refuse(unknown, denial, now: now)
        case .passed(let request): answer = await proxyGuard.answer(request, body: nil, now: now)
        }
        return FastCGIRequest.response(Self.text(of: answer), to: parameters.id)
    }

    private static func text(of answer: ProxyGuard.Answer) -> [UInt8] {
        switch answer {
        case .allow(_, let fields, _):
            var text = "Status: 200\r\n"
            for field in fields {
                let name = field.name.canonicalName.uppercased().replacing("-", with: "_")
                text += "Variable-\(name): \(field.value)\r\n"
            }
            return Array("\(text)\r\n".utf8)
        case .deny(let response):
            var text = "Status: \(response.head.status.code)\r\n"
            for field in response.head.headerFields { text += "\(field.name.rawName): \(field.value)\r\n" }
            return Array("\(text)\r\n".utf8) + response.body
        }
    }

    /// The request of the client.
    static func clientRequest(_ parameters: [(name: String, value: String)]) -> Checked<HTTPRequest> {
        var known: [String: String] = [:]
        var fields = HTTPFields()
        for (name, value) in parameters {
            guard known.updateValue(value, forKey: name) == nil else {
                return .denied(ForwardAuthDialect.unreadable("a parameter", expected: "one of a name", found: "two"))
            }
            guard name.hasPrefix("HTTP_") else { continue }
            guard let field = HTTPField.Name(name.dropFirst(5).lowercased().replacing("_", with: "-")),
                HTTPField.isValidValue(value)
            else {
                let subject = "a field of the client"
                return .denied(ForwardAuthDialect.unreadable(subject, expected: "a valid field", found: "another text"))
            }
            fields.append(HTTPField(name: field, value: value))
        }
        guard let method = known["REQUEST_METHOD"], let target = known["REQUEST_URI"] else {
            let expected = "`REQUEST_METHOD` and `REQUEST_URI`"
            return .denied(ForwardAuthDialect.unreadable("the parameters", expected: expected, found: "others"))
        }
        return ForwardAuthDialect.request(
            method,
            target,
            known["HTTP_HOST"] ?? "",
            Self.separation.separate(fields).client
        )
    }

    private static let separation = FieldSeparation()
}
