// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import HTTPTypes
internal import MCPAuthConcurrency
package import MCPAuthCore
internal import MCPAuthJSON

/// A verifier that asks a module.
///
/// The verdict of the module is checked: the claims of an accepted token must be an object, name no issuer but the
/// configured one, name a subject or client, and have an expiry, or the verdict must have one. After any fault of the
/// module, the verdict is *unavailable*, never *verified*, and an event names the module and the fault.
///
/// A verdict that takes too long is *unavailable*, and a late one is ignored.
package struct HostedVerifier: TokenVerifier, FetchingVerifier {
    package let name: String
    private let instance: any ModuleInstance
    private let events: ModuleEvents
    private let component: ModuleComponent
    private let issuer: IssuerIdentifier
    private let resource: ResourceIdentifier
    private let resourceText: [UInt8]
    private let readIssuer: @Sendable (AccessToken) -> String?
    private let clock = Lock(SteadyClock.system)

    /// Creates an instance of a verifier.
    ///
    /// - Parameters:
    ///   - name: The name of the module in the configuration.
    ///   - issuer: The issuer of the tokens that the module accepts.
    ///   - resource: The resource that the instance is for; the audience of tokens that name none.
    ///   - hosts: The hosts from which it may fetch.
    ///   - readIssuer: Reads the unverified issuer of a JWT.
    ///   - secrets: The secrets that the operator gave to this instance, by name.
    ///   - onEvent: Receives the lines that the module logs, the reasons of its verdicts, and its faults.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    package init(
        name: String,
        configuration: ModuleConfiguration,
        issuer: IssuerIdentifier,
        resource: ResourceIdentifier,
        hosts: [String] = [],
        limits: ModuleLimits = ModuleLimits(),
        readIssuer: @escaping @Sendable (AccessToken) -> String? = { _ in nil },
        secrets: [String: [UInt8]],
        onEvent: @escaping EngineEventHandler
    ) throws(ConfigurationError) {
        events = ModuleEvents(name: name, onEvent: onEvent)
        instance = try configuration.instance(hosts: hosts, secrets: secrets, limits: limits, events: events)
        component = configuration.component
        self.name = "module \(name)"
        self.issuer = issuer
        self.resource = resource
        self.readIssuer = readIssuer
        resourceText = Array(resource.description.utf8)
    }

    package var needsOperation: Bool { component.needsOperation }

    package func use(_ fetcher: any HTTPFetcher) {
        instance.context.fetches.use(fetcher)
        clock.withLock { $0 = fetcher.steadyClock }
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> TokenVerdict {
        switch await end(token, request, now) {
        case .abandoned: Self.unavailable
        case .fault(let fault): failed(fault)
        case .verdict(let verdict): answer(to: verdict)
        }
    }

    private func end(
        _ token: AccessToken,
        _ request: ProtectedResourceRequest,
        _ now: NumericDate
    ) async -> ModuleCall.End {
        if component.isPure, !component.needsIssuer,
            let end = await instance.verifyInline(token.bytes, at: resourceText, now: now)
        {
            return end
        }
        return await instance.verify(described(token, request), now: now)
    }

    /// What the module is told.
    ///
    /// A pure verifier is told nothing that may differ between requests with the same token.
    private func described(_ token: AccessToken, _ request: ProtectedResourceRequest) -> ModuleRequest {
        let issuer = component.needsIssuer ? readIssuer(token) ?? "" : ""
        guard !component.isPure else {
            return ModuleRequest(resource: resourceText, token: token.bytes, issuer: issuer)
        }
        let fields = component.requestFields.flatMap { name in
            HTTPField.Name(name).map { request.fields[values: $0].map { (name: name, value: $0) } } ?? []
        }
        return ModuleRequest(
            resource: resourceText,
            token: token.bytes,
            issuer: issuer,
            method: request.method.rawValue,
            url: "\(resource.url.scheme)://\(request.authority ?? resource.url.authority)\(request.path)",
            operation: component.needsOperation ? Self.text(of: request.operation) : [],
            fields: fields
        )
    }

    private static func text(of operation: RequestOperation) -> [UInt8] {
        guard case .mcp(let messages) = operation else { return Array("null".utf8) }
        let values = messages.map { message -> JSON in
            guard case .call(let method, let name, _) = message else { return ["message": .string("\(message)")] }
            var members: [String: JSON] = ["method": .string(method)]
            members["name"] = name.map(JSON.string)
            return .object(members)
        }
        return JSON.array(values).encoded()
    }

    private func answer(to verdict: ModuleVerdict) -> TokenVerdict {
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

    private func explain(_ verdict: ModuleVerdict, as kind: String, _ level: Int32) {
        let words = [kind, verdict.reason, verdict.detail].filter { !$0.isEmpty }
        events.log(level, words.joined(separator: ": "))
    }

    private func failed(_ fault: ModuleFault) -> TokenVerdict {
        events.report(fault)
        return Self.unavailable
    }

    private static let unavailable = TokenVerdict.unavailable(.verifierUnavailable, retryAfter: 5)

    private func accepted(_ verdict: ModuleVerdict) -> TokenVerdict {
        guard let payload = verdict.claims else { return failed(.longClaims) }
        guard let document = try? JSONDocument(parsing: payload, limits: .token) else { return failed(.invalidClaims) }
        if let fault = fault(of: document.root, verdict) { return failed(fault) }
        return .verified(
            TokenEvidence(
                issuer: issuer,
                document: document,
                payload: payload,
                notAfter: verdict.notAfter > 0 ? NumericDate(Double(verdict.notAfter)) : nil,
                audience: resource.description,
                reuse: reuse(verdict)
            )
        )
    }

    /// The maximum seconds for which a verdict may be kept, so that a mistake of a module does not last.
    private static let mostCacheSeconds: Int64 = 3600

    private func reuse(_ verdict: ModuleVerdict) -> TokenEvidence.Reuse {
        guard component.isPure, verdict.cacheSeconds > 0 else { return .never }
        let seconds = Double(min(verdict.cacheSeconds, Self.mostCacheSeconds))
        return .until(clock.withLock { $0 }.now.adding(seconds))
    }

    /// The first fault of accepted claims; `nil` when there is none.
    ///
    /// A member that is `null` counts as absent.
    private func fault(of claims: JSONView, _ verdict: ModuleVerdict) -> ModuleFault? {
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
