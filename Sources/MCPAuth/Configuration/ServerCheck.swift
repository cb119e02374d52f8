// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks the configuration of one authorization server.
enum ServerCheck {
    /// - Throws: `ConfigurationError` for a setting that is not allowed.
    static func check(_ server: AuthorizationServer) throws {
        let issuer = server.issuer.description.printable
        let leeway = NumberSetting.leewaySeconds
        guard leeway.contains(server.leeway) else {
            throw ConfigurationError(.invalidValue, "the leeway of `\(issuer)` must be \(leeway.rangeText) seconds")
        }
        guard !server.algorithms.isEmpty else {
            throw ConfigurationError(.invalidValue, "the issuer `\(issuer)` has no allowed algorithm")
        }
        if let advice = sharedTenant(server.issuer) ?? sharedTenant(server.issuerOfTokens) {
            throw ConfigurationError(.invalidValue, advice)
        }
        if let unknown = server.accessTokenMarks.subtracting(TokenMarks.allNames).min() {
            throw ConfigurationError(.unknownName, "`\(issuer)`: \(unknownMark(unknown))")
        }
        if let name = server.claims.others.keys.filter(ClaimMapping.unmappable.contains).min() {
            throw ConfigurationError(
                .invalidValue,
                "`\(issuer)`: RFC 7519 defines `\(name)`, so it cannot be mapped; remove it from the claim mapping"
            )
        }
        guard let introspection = server.introspection else { return }
        for (setting, value) in [
            (NumberSetting.cacheSeconds, introspection.cacheSeconds),
            (.negativeCacheSeconds, introspection.negativeCacheSeconds),
            (.maxConcurrent, Double(introspection.maximumConcurrency)),
            (.maxPerSecond, Double(introspection.maximumPerSecond)),
        ] where !setting.contains(value) {
            let message = "introspection of `\(issuer)`: `\(setting.key)` must be \(setting.rangeText)"
            throw ConfigurationError(.invalidValue, message)
        }
        let longest = NumberSetting.secondsWithoutExpiry
        if let seconds = introspection.maximumSecondsWithoutExpiry,
            !(Double(longest.lowerBound)...Double(longest.upperBound)).contains(seconds)
        {
            let range = "\(longest.lowerBound) to \(longest.upperBound)"
            let message = "introspection of `\(issuer)`: `max_seconds_without_exp` must be \(range)"
            throw ConfigurationError(.invalidValue, message)
        }
        guard server.hmacSecrets.isEmpty || introspection.tokens == .opaque else {
            throw ConfigurationError(
                .conflict,
                "the JWTs of `\(issuer)` are introspected, so its HMAC secrets would never be used"
            )
        }
    }

    /// Settings that are allowed but probably unintended, and settings that clients cannot use.
    static func warnings(
        about server: AuthorizationServer,
        dangerouslyAllowHTTP: Bool
    ) -> [ConfigurationError] {
        var findings: [ConfigurationError] = []
        if let reason = reasonNoClientCanUse(server, dangerouslyAllowHTTP) {
            findings.append(ConfigurationError(.unusableMetadata, reason))
        }
        var urls = [server.issuer.description]
        if case .metadataURL(let url) = server.discovery { urls.append(url) }
        if let endpoint = server.introspection?.endpoint { urls.append(endpoint) }
        for text in urls where dangerouslyAllowHTTP {
            guard let url = HTTPURL(text), !Optional(url).isSecure else { continue }
            let message =
                "`\(text.printable)` is plain http: others on the network can replace keys and read secrets and tokens"
            findings.append(ConfigurationError(.plainHTTP, message))
        }
        for tenant in [server.issuer, server.issuerOfTokens].compactMap(namedTenant) {
            let message =
                "`\(tenant.printable)` is not the identifier of an Entra tenant: tokens name their tenant by its GUID"
            findings.append(ConfigurationError(.unsuitableServer, message))
        }
        var seen = Set<String>()
        return findings.filter { seen.insert($0.description).inserted }
    }

    /// The message for an unknown mark.
    static func unknownMark(_ name: String) -> String {
        let known = TokenMarks.allNames.sorted()
        let list = known.map { "`\($0)`" }.joined(separator: ", ")
        let suggestion = Suggestion.text(for: name, among: known)
        return "no token mark is named `\(name.printable)`, expected one of \(list)\(suggestion)"
    }

    /// Why clients that read the published metadata cannot use this issuer; `nil` when they can.
    private static func reasonNoClientCanUse(_ server: AuthorizationServer, _ allowsHTTP: Bool) -> String? {
        let text = server.issuer.description
        let url = HTTPURL(text)
        let hint =
            server.tokenIssuer == nil
            ? "; if tokens name a different issuer than clients discover, set it as `token_issuer`" : ""
        guard let url else {
            return "`\(text.printable)` is published among `authorization_servers` and is not a URL, so clients cannot "
                + "read the metadata (RFC 8414 section 2)\(hint)"
        }
        guard Optional(url).isSecure || allowsHTTP else {
            return "`\(text.printable)` is published among `authorization_servers` and is not https, so clients do not "
                + "use it (RFC 8414 section 2)\(hint)"
        }
        guard url.query == nil else {
            return "`\(text.printable)` is published among `authorization_servers`, and an issuer identifier has no "
                + "query (RFC 8414 section 2)"
        }
        return nil
    }

    private static let entraHosts: Set<String> = [
        "login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn",
        "login.windows.net", "sts.windows.net", "sts.chinacloudapi.cn",
    ]

    /// Whether an issuer, which may contain `{tenant}`, belongs to Entra.
    static func isOfEntra(_ template: String) -> Bool {
        let url = HTTPURL(template.replacing("{tenant}", with: "tenant"))
        return url.map { entraHosts.contains($0.host) } ?? false
    }

    /// The tenant in an issuer of Entra; `nil` for other issuers.
    private static func entraTenant(_ issuer: IssuerIdentifier) -> String? {
        guard let url = HTTPURL(issuer.description), entraHosts.contains(url.host) else { return nil }
        return url.path.split(separator: "/").first.map(String.init)
    }

    /// The message for an issuer of Entra that stands for many tenants; `nil` for any other issuer.
    static func sharedTenant(_ issuer: IssuerIdentifier) -> String? {
        guard let tenant = entraTenant(issuer)?.lowercased() else { return nil }
        return sharedTenantAdvice(tenant)
    }

    /// The message for an Entra tenant name that stands for many tenants; `nil` for any other name.
    static func sharedTenantAdvice(_ tenant: String) -> String? {
        switch tenant.lowercased() {
        case "common", "organizations":
            "`\(tenant)` stands for every tenant of Entra and no token names it: list the GUID of each tenant that is "
                + "allowed"
        case "consumers":
            "`consumers` stands for personal accounts and no token names it: to allow every personal account, "
                + "set the tenant 9188040d-6c67-4c5b-b112-36a304b66dad"
        default: nil
        }
    }

    /// The tenant in an issuer of Entra, when it is not a GUID but a domain name.
    private static func namedTenant(_ issuer: IssuerIdentifier) -> String? {
        guard let tenant = entraTenant(issuer) else { return nil }
        let groups = tenant.split(separator: "-", omittingEmptySubsequences: false).map(\.count)
        let isGUID = groups == [8, 4, 4, 4, 12] && tenant.allSatisfy { $0.isHexDigit || $0 == "-" }
        return isGUID ? nil : tenant
    }
}
