// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuth
package import MCPAuthCore
package import MCPAuthHTTP

/// Answers a proxy that asks whether the request of a client may pass.
///
/// Status 200, with the fields that describe the caller, means yes. Every other status means no; the response is the one
/// for the client. The token of the client is never part of a response.
package struct ForwardAuthEndpoint: Sendable {
    private let dialect: ForwardAuthDialect
    private let settings: ForwardAuthSettings
    private let identity: IdentityFields
    private let requestGuard: RequestGuard

    package init(_ settings: ForwardAuthSettings, identity: IdentityFields, requestGuard: RequestGuard) {
        self.settings = settings
        self.identity = identity
        self.requestGuard = requestGuard
        dialect =
            switch settings.proxy {
            case .nginx: .nginx
            case .caddy: .caddy
            case .traefik: .traefik
            case .haproxy: .haproxy
            case .envoy: .envoy
            }
    }

    /// Whether a connection from this address may ask; `nil` for a unix socket.
    package func trusts(_ address: String?) -> Bool {
        guard let address else { return true }
        return settings.trustedProxies.contains { $0.contains(address) }
    }

    /// The response to a proxy.
    ///
    /// - Parameters:
    ///   - asked: The request of the proxy.
    ///   - body: Its whole body.
    package func response(
        to asked: HTTPRequest,
        body: [UInt8],
        now: () -> NumericDate = NumericDate.now
    ) async -> RenderedResponse {
        let request: HTTPRequest
        switch dialect.clientRequest(asked, path: settings.path) {
        case .passed(let described): request = described
        case .denied(let denial): return refusal(of: asked, denial)
        }
        if let name = identity.impostor(in: request.headerFields) {
            let diagnosis = Diagnosis(
                "field `\(name.rawName.printable)`",
                expected: "no field that a server could take for one about the caller",
                found: "one from the client"
            )
            return refusal(of: request, Denial(.identityField, status: 400, diagnosis: diagnosis))
        }
        let isWhole = settings.sendsBody && dialect.hasWholeBody(asked)
        switch await requestGuard.check(forwarded: request, body: isWhole ? body : nil, now: now) {
        case .respond(let response, _): return relayed(response)
        case .proceed(let caller):
            switch identity.fields(for: caller) {
            case .denied(let denial): return refusal(of: request, denial)
            case .passed(var fields):
                fields[.cacheControl] = "no-store"
                return RenderedResponse(head: HTTPResponse(status: .ok, headerFields: fields), body: [])
            }
        }
    }

    /// The response to a proxy that is not trusted.
    package func refusal(of asked: HTTPRequest, from address: String) -> RenderedResponse {
        let diagnosis = Diagnosis(
            "the address of the proxy",
            expected: "one of `trusted_proxies`",
            found: "another one",
            value: "`\(address.printable)`"
        )
        return refusal(of: asked, Denial(.untrustedProxy, status: 403, diagnosis: diagnosis))
    }

    private func refusal(of request: HTTPRequest, _ denial: Denial) -> RenderedResponse {
        relayed(requestGuard.refusal(ofForwarded: request, denial))
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
