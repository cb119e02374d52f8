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
package struct ForwardAuthEndpoint: Sendable {
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

    /// The response to a proxy.
    ///
    /// - Parameters:
    ///   - asked: The request of the proxy.
    ///   - address: The address of the proxy; `nil` for a unix socket.
    ///   - body: Its whole body.
    package func response(
        to asked: HTTPRequest,
        from address: String?,
        body: [UInt8],
        now: () -> NumericDate = NumericDate.now
    ) async -> RenderedResponse {
        switch await answer(to: asked, from: address, body, now) {
        case .allow(_, var fields, let id):
            fields[.cacheControl] = "no-store"
            if let id { fields[DecisionID.fieldName] = id.description }
            return RenderedResponse(head: HTTPResponse(status: .ok, headerFields: fields), body: [])
        case .deny(let response):
            return relayed(response)
        }
    }

    private func answer(
        to asked: HTTPRequest,
        from address: String?,
        _ body: [UInt8],
        _ now: () -> NumericDate
    ) async -> ProxyGuard.Answer {
        guard settings.trustedProxies.trusts(address) else {
            return proxyGuard.refuse(asked, from: address ?? "", now: now)
        }
        switch dialect.clientRequest(asked, path: settings.path) {
        case .denied(let denial): return proxyGuard.refuse(asked, denial, now: now)
        case .passed(let request):
            let isWhole = settings.sendsBody && dialect.hasWholeBody(asked)
            return await proxyGuard.answer(request, body: isWhole ? body : nil, now: now)
        }
    }

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
