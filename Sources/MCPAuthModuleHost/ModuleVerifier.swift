// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
package import MCPAuthCore
internal import MCPAuthJSON

/// A verifier that asks a module.
///
/// The verdict of the module is checked: the claims of an accepted token must be an object, name no issuer but the
/// configured one, name a subject or client, and have an expiry, or the verdict must have one. After any fault of the
/// module, the verdict is *unavailable*, never *verified*, and an event names the module and the fault.
///
/// The module runs on dedicated threads. A verdict that takes too long is *unavailable*, and a late one is ignored.
package struct ModuleVerifier: TokenVerifier {
    package let name: String
    private let context: ModuleContext
    private let instance: ModuleInstance
    private let issuer: IssuerIdentifier
    private let audience: String
    private let resource: String

    /// Creates an instance of a module.
    ///
    /// - Parameters:
    ///   - name: The name of the module in the configuration.
    ///   - issuer: The issuer of the tokens that the module accepts.
    ///   - audience: The audience of tokens that name none.
    ///   - secrets: Returns a secret that the operator gave to this instance, by its name.
    ///   - onEvent: Receives the lines that the module logs, the reasons of its verdicts, and its faults.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    package init(
        name: String,
        configuration: ModuleConfiguration,
        issuer: IssuerIdentifier,
        audience: String,
        resource: String,
        limits: ModuleLimits = ModuleLimits(),
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        onEvent: @escaping EngineEventHandler
    ) throws(ConfigurationError) {
        context = ModuleContext(
            name: name,
            strings: configuration.strings,
            limits: limits,
            secrets: secrets,
            onEvent: onEvent
        )
        instance = try ModuleInstance(
            library: configuration.library,
            configuration: configuration,
            context: context,
            limits: limits
        )
        self.name = "module \(name)"
        self.issuer = issuer
        self.audience = audience
        self.resource = resource
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> TokenVerdict {
        switch await instance.verify(token.bytes, at: resource, now: now) {
        case .abandoned: Self.unavailable
        case .fault(let fault): failed(fault)
        case .verdict(let verdict): answer(to: verdict)
        }
    }

    private func answer(to verdict: ModuleCalls.Verdict) -> TokenVerdict {
        switch verdict.kind {
        case MCP_AUTH_VERDICT_NONE: return failed(.emptyVerdict)
        case MCP_AUTH_VERDICT_NOT_MINE: return .notMine(.unrecognizedToken)
        case MCP_AUTH_VERDICT_ACCEPT: return accepted(verdict)
        case MCP_AUTH_VERDICT_REJECT:
            // Without a reason from the module, the event of the denial says everything.
            if !(verdict.reason + verdict.detail).isEmpty { explain(verdict, as: "rejected", MCP_AUTH_LOG_INFO) }
            return .rejected(.rejectedByModule)
        case MCP_AUTH_VERDICT_UNAVAILABLE:
            explain(verdict, as: "unavailable", MCP_AUTH_LOG_WARNING)
            return Self.unavailable
        default: return failed(.unknownVerdict(verdict.kind))
        }
    }

    private func explain(_ verdict: ModuleCalls.Verdict, as kind: String, _ level: Int32) {
        let words = [kind, verdict.reason, verdict.detail].filter { !$0.isEmpty }
        context.log(level, words.joined(separator: ": "))
    }

    private func failed(_ fault: ModuleFault) -> TokenVerdict {
        context.report(fault)
        return Self.unavailable
    }

    private static let unavailable = TokenVerdict.unavailable(.verifierUnavailable, retryAfter: 5)

    private func accepted(_ verdict: ModuleCalls.Verdict) -> TokenVerdict {
        guard let payload = verdict.claims else { return failed(.longClaims) }
        guard let document = try? JSONDocument(parsing: payload, limits: .token) else { return failed(.invalidClaims) }
        if let fault = fault(of: document.root, verdict) { return failed(fault) }
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: payload,
                notAfter: verdict.notAfter > 0 ? NumericDate(Double(verdict.notAfter)) : nil,
                audience: audience
            )
        )
    }

    /// The first fault of accepted claims; `nil` when there is none.
    ///
    /// A member that is `null` counts as absent.
    private func fault(of claims: JSONView, _ verdict: ModuleCalls.Verdict) -> ModuleFault? {
        guard claims.kind == .object else { return .otherClaims }
        if let named = claims.optional("iss"), !named.isString(issuer.description) { return .otherIssuer }
        guard verdict.notAfter >= 0 else { return .negativeEnd }
        guard ["exp", "nbf", "iat"].allSatisfy({ claims.optional($0).map { $0.number != nil } ?? true }) else {
            return .invalidDate
        }
        guard claims.optional("exp") != nil || verdict.notAfter > 0 else { return .noExpiry }
        let callers = ["sub", "client_id"].compactMap(claims.optional)
        guard !callers.isEmpty, callers.allSatisfy({ $0.string?.isEmpty == false }) else { return .noCaller }
        return nil
    }
}
