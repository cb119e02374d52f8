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
        if !removesFields, let denial = identityFieldDenial(request) { return refuse(request, denial, now: now) }
        var described = HTTPFields()
        let action = await requestGuard.check(forwarded: request, body: body, now: now) {
            describe($0, in: &described, now())
        }
        return Self.answer(action, described)
    }

    /// The answer for a request whose body the proxy keeps, if nothing must be waited for; `nil` if a verifier must be
    /// asked.
    func answerAtOnce(_ request: HTTPRequest, now: () -> NumericDate) -> Answer? {
        if let denial = identityFieldDenial(request) { return refuse(request, denial, now: now) }
        var described = HTTPFields()
        let action = requestGuard.checkAtOnce(forwarded: request, now: now) {
            describe($0, in: &described, now())
        }
        return action.map { Self.answer($0, described) }
    }

    /// The denial of a request with a field that a server could take for one about the caller.
    private func identityFieldDenial(_ request: HTTPRequest) -> Denial? {
        let fields = request.headerFields
        return (identity.others(in: fields).first ?? identity.assertionName(in: fields)).map { name in
            let diagnosis = Diagnosis(
                "field `\(name.rawName.printable)`",
                expected: "no field that a server could take for one about the caller",
                found: "one from the client"
            )
            return Denial(.identityField, status: 400, diagnosis: diagnosis)
        }
    }

    /// Describes an allowed caller; returns the denial of one that cannot be described.
    private func describe(_ caller: AuthInfo?, in described: inout HTTPFields, _ now: NumericDate) -> Denial? {
        switch identity.fields(for: caller, now: now) {
        case .passed(let fields):
            described = fields
            return nil
        case .denied(let denial): return denial
        }
    }

    private static func answer(_ action: RequestGuard.ForwardedAction, _ described: HTTPFields) -> Answer {
        switch action {
        case .respond(let response): .deny(response)
        case .proceed(let caller, let id): .allow(caller, described, id)
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
