// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin
package import MCPAuthCore
package import MCPAuthJSON

/// A verifier module as one of a resource's verifiers.
///
/// What the module says is checked again: an accepted token needs claims that are an object, name no other issuer than
/// the configured one, name a subject or client, and end. Anything else a module does wrong is *unavailable*, never
/// an acceptance.
package struct PluginVerifier: TokenVerifier {
    package let name: String
    private let context: PluginContext
    private let instance: PluginInstance
    private let issuer: IssuerIdentifier
    private let audience: String
    private let resource: String

    /// Makes an instance of a module.
    ///
    /// - Parameters:
    ///   - configuration: Checked against `properties` and `required` of the module's schema.
    ///   - issuer: The issuer the module speaks for.
    ///   - audience: The audience of tokens that name none.
    ///   - secrets: The secrets the operator gave to this instance.
    ///   - log: Takes the lines the module writes and the reasons of its refusals, made printable, with their level
    ///     (`MCP_AUTH_LOG_*`, 0 for debug to 3 for error).
    /// - Throws: ``ConfigurationError``.
    package init(
        library: PluginLibrary,
        name: String,
        configuration: JSON,
        issuer: IssuerIdentifier,
        audience: String,
        resource: String,
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        log: @escaping @Sendable (_ level: Int32, _ line: String) -> Void = { _, _ in }
    ) throws(ConfigurationError) {
        let configuration = try PluginConfiguration(configuration, for: library)
        context = PluginContext(strings: configuration.strings, secrets: secrets, log: log)
        instance = try PluginInstance(library: library, configuration: configuration, context: context)
        self.name = "module \(name)"
        self.issuer = issuer
        self.audience = audience
        self.resource = resource
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> VerifierAnswer {
        guard let verdict = instance.verify(token.bytes, of: request, resource: resource, now: now) else {
            return Self.fault
        }
        switch verdict.kind {
        case MCP_AUTH_VERDICT_NOT_MINE: return .notMine(.unrecognizedToken)
        case MCP_AUTH_VERDICT_ACCEPT: return accepted(verdict)
        case MCP_AUTH_VERDICT_REJECT:
            explain(verdict, as: "rejected", MCP_AUTH_LOG_INFO)
            return .rejected(.rejectedByModule)
        default:
            explain(verdict, as: "unavailable", MCP_AUTH_LOG_WARNING)
            return Self.fault
        }
    }

    private func explain(_ verdict: PluginCalls.Verdict, as kind: String, _ level: Int32) {
        guard !(verdict.reason.isEmpty && verdict.detail.isEmpty) else { return }
        context.log(level, Array("\(kind): ".utf8) + verdict.reason + Array(" ".utf8) + verdict.detail)
    }

    private static let fault = VerifierAnswer.unavailable(.verifierUnavailable, retryAfter: 5)

    private func accepted(_ verdict: PluginCalls.Verdict) -> VerifierAnswer {
        guard let document = try? JSONDocument(parsing: verdict.claims, limits: .token), document.root.kind == .object
        else { return Self.fault }
        let claims = document.root
        if let named = claims["iss"], !named.isString(issuer.description) { return Self.fault }
        guard claims["exp"].map({ $0.number != nil }) ?? (verdict.notAfter > 0) else { return Self.fault }
        guard ["sub", "client_id"].contains(where: { claims[$0]?.string?.isEmpty == false }) else { return Self.fault }
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: verdict.claims,
                notAfter: verdict.notAfter > 0 ? NumericDate(Double(verdict.notAfter)) : nil,
                audience: audience
            )
        )
    }
}
