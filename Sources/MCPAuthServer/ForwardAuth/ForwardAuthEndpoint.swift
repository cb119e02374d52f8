// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuth
package import MCPAuthCore
package import MCPAuthHTTP

/// Answers a proxy that asks over HTTP whether the request of a client may pass.
///
/// Status 200, with the fields that describe the caller, means yes. Every other status means no; the response is the one
/// for the client. The token of the client is never part of a response.
///
/// A class, so that each request copies one reference.
package final class ForwardAuthEndpoint: Sendable {
    /// The proxy at the other side of a connection.
    package struct Peer: Sendable {
        fileprivate let address: String?
        fileprivate let isTrusted: Bool
    }

    private let dialect: ForwardAuthDialect
    private let settings: ForwardAuthSettings
    private let proxyGuard: ProxyGuard

    /// - Returns: `nil` for a proxy that does not ask over HTTP.
    package init?(_ settings: ForwardAuthSettings, _ proxyGuard: ProxyGuard) {
        guard let dialect = ForwardAuthDialect(of: settings.proxy) else { return nil }
        self.settings = settings
        self.proxyGuard = proxyGuard
        self.dialect = dialect
    }

    /// The proxy at an address; `nil` for a unix socket.
    package func peer(at address: String?) -> Peer {
        Peer(address: address, isTrusted: settings.trustedProxies.trusts(address))
    }

    /// The response to a proxy.
    ///
    /// - Parameters:
    ///   - asked: The request of the proxy.
    ///   - body: Its whole body.
    package func response(
        to asked: HTTPRequest,
        from peer: Peer,
        body: [UInt8],
        now: () -> NumericDate = NumericDate.now
    ) async -> RenderedResponse {
        switch clientRequest(asked, from: peer) {
        case .denied(let denial): return rendered(proxyGuard.refuse(asked, denial, now: now))
        case .passed(let request):
            let body = hasWholeBody(asked) ? body : nil
            return await rendered(proxyGuard.answer(request, body: body, now: now))
        }
    }

    /// The response to a proxy, if nothing must be waited for; `nil` if the body must be read or a verifier be asked.
    package func responseAtOnce(
        to asked: HTTPRequest,
        from peer: Peer,
        now: () -> NumericDate = NumericDate.now
    ) -> RenderedResponse? {
        switch clientRequest(asked, from: peer) {
        case .denied(let denial): return rendered(proxyGuard.refuse(asked, denial, now: now))
        case .passed(let request):
            guard !hasWholeBody(asked) else { return nil }
            return proxyGuard.answerAtOnce(request, now: now).map(rendered)
        }
    }

    private func clientRequest(_ asked: HTTPRequest, from peer: Peer) -> Checked<HTTPRequest> {
        guard peer.isTrusted else { return .denied(ProxyGuard.untrusted(peer.address ?? "")) }
        return dialect.clientRequest(asked, path: settings.path)
    }

    private func hasWholeBody(_ asked: HTTPRequest) -> Bool {
        settings.sendsBody && dialect.hasWholeBody(asked)
    }

    private func rendered(_ answer: ProxyGuard.Answer) -> RenderedResponse {
        switch answer {
        case .allow(_, var fields, let id):
            fields.append(Self.noStore)
            if let id { fields.append(HTTPField(name: DecisionID.fieldName, value: id.description)) }
            return RenderedResponse(head: HTTPResponse(status: .ok, headerFields: fields), body: [])
        case .deny(let response):
            return relayed(response)
        }
    }

    private static let noStore = HTTPField(name: .cacheControl, value: "no-store")

    /// A response in the form that the proxy passes on.
    private func relayed(_ response: RenderedResponse) -> RenderedResponse {
        var head = response.head
        let status = dialect.status(head.status.code)
        if status != head.status.code {
            head.headerFields[ProxyFields.clientStatus] = String(head.status.code)
            head.status = .init(code: status)
        }
        return RenderedResponse(head: head, body: response.body)
    }
}
