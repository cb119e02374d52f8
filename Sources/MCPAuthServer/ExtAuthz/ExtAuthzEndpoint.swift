// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuth
package import MCPAuthCore

/// Answers Envoy, and what is built on it, over gRPC (`envoy.service.auth.v3.Authorization`).
///
/// The token of the client does not reach the server behind the proxy, unless the settings say so.
package struct ExtAuthzEndpoint: Sendable {
    private let settings: ExtAuthzSettings
    private let proxyGuard: ProxyGuard
    private let identity: IdentityFields

    private let tokenFields: @Sendable () -> [String]

    /// - Parameter tokenFields: The fields that have tokens in place of `Authorization`.
    package init(
        _ settings: ExtAuthzSettings,
        _ proxyGuard: ProxyGuard,
        identity: IdentityFields,
        tokenFields: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.tokenFields = tokenFields
        self.settings = settings
        self.proxyGuard = proxyGuard
        self.identity = identity
    }

    /// - Parameters:
    ///   - check: What the proxy sent; `nil` if that is not a `CheckRequest`.
    ///   - address: The address of the proxy; `nil` for a unix socket.
    package func response(
        to check: CheckRequest?,
        from address: String?,
        now: () -> NumericDate = NumericDate.now
    ) async -> CheckResponse {
        let unknown = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil)
        let answer: ProxyGuard.Answer
        var removed: [String] = []
        switch (check, check?.clientRequest()) {
        case _ where !settings.trustedProxies.trusts(address):
            answer = proxyGuard.refuse(unknown, from: address ?? "", now: now)
        case (nil, _), (_, nil):
            let diagnosis = Diagnosis(
                "the message of the proxy",
                expected: "a `CheckRequest`",
                found: "another message"
            )
            answer = proxyGuard.refuse(unknown, Denial(.malformedRequest, status: 400, diagnosis: diagnosis), now: now)
        case (_, .denied(let denial)?): answer = proxyGuard.refuse(unknown, denial, now: now)
        case (let check?, .passed(let request)?):
            let isWhole = settings.sendsBody && check.hasWholeBody
            answer = await proxyGuard.answer(request, body: isWhole ? check.body : nil, removesFields: true, now: now)
            removed = identity.others(in: request.headerFields).map(\.canonicalName)
            if !settings.passesToken { removed += ["authorization"] + tokenFields() }
        }
        switch answer {
        case .deny(let response): return .denied(response)
        case .allow(let caller, let fields, let id):
            return .allowed(fields, removing: removed, metadata: Self.metadata(of: caller, id))
        }
    }

    private static func metadata(of caller: AuthInfo?, _ id: DecisionID?) -> [(name: String, value: String)] {
        let values = [
            ("issuer", caller?.issuer.description), ("resource", caller?.resource.description),
            ("scope", caller?.scopes.description), ("subject", caller?.subject), ("client_id", caller?.clientID),
            ("decision_id", id?.description),
        ]
        return values.compactMap { name, value in value.map { (name: name, value: $0) } }
    }
}
