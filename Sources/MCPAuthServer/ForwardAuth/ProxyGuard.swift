// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
package import MCPAuthHTTP

/// Decides about the requests of clients that proxies ask about.
package struct ProxyGuard: Sendable {
    /// What a proxy is told.
    enum Answer: Sendable {
        /// The request may pass, with these fields about its caller; the id is that under which the decision is kept.
        case allow(AuthInfo?, HTTPFields, DecisionID?)
        /// The client gets this response.
        case deny(RenderedResponse)
    }

    private let requestGuard: RequestGuard
    private let identity: IdentityFields

    package init(_ requestGuard: RequestGuard, identity: IdentityFields) {
        self.requestGuard = requestGuard
        self.identity = identity
    }

    /// - Parameters:
    ///   - request: The request of the client.
    ///   - body: Its whole body; `nil` if the proxy keeps it.
    ///   - removesFields: Whether the proxy can be told to remove fields of the client, so that none must be refused.
    func answer(
        _ request: HTTPRequest,
        body: [UInt8]?,
        removesFields: Bool = false,
        now: () -> NumericDate
    ) async -> Answer {
        let fields = request.headerFields
        if !removesFields, let name = identity.others(in: fields).first ?? identity.assertionName(in: fields) {
            let diagnosis = Diagnosis(
                "field `\(name.rawName.printable)`",
                expected: "no field that a server could take for one about the caller",
                found: "one from the client"
            )
            return refuse(request, Denial(.identityField, status: 400, diagnosis: diagnosis), now: now)
        }
        var described = HTTPFields()
        let action = await requestGuard.check(forwarded: request, body: body, now: now) { caller in
            switch identity.fields(for: caller, now: now()) {
            case .passed(let fields): described = fields
            case .denied(let denial): return denial
            }
            return nil
        }
        switch action {
        case .respond(let response): return .deny(response)
        case .proceed(let caller, let id): return .allow(caller, described, id)
        }
    }

    /// Refuses a request for what the proxy sent.
    func refuse(_ request: HTTPRequest, _ denial: Denial, now: () -> NumericDate) -> Answer {
        .deny(requestGuard.refusal(ofForwarded: request, denial, at: now()))
    }

    /// Refuses a proxy whose address is not trusted.
    func refuse(_ request: HTTPRequest, from address: String, now: () -> NumericDate) -> Answer {
        refuse(request, Self.untrusted(address), now: now)
    }

    /// The refusal of a proxy whose address is not trusted.
    static func untrusted(_ address: String) -> Denial {
        let diagnosis = Diagnosis(
            "the address of the proxy",
            expected: "one of `trusted_proxies`",
            found: "another one",
            value: "`\(address.printable)`"
        )
        return Denial(.untrustedProxy, status: 403, diagnosis: diagnosis)
    }
}
