// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthPolicy

/// Checks the configuration of a resource, before the resource is built.
enum ResourceCheck {
    /// Settings that are allowed but probably unintended.
    ///
    /// - Throws: `ConfigurationError` for a setting that is not allowed.
    static func warnings(
        about resource: ResourceConfiguration,
        dangerouslyAllowHTTP: Bool
    ) throws -> [ConfigurationError] {
        let name = resource.metadata.resource.description.printable
        try checkNames(of: resource, name)
        for server in resource.authorizationServers {
            try ServerCheck.check(server)
        }
        try checkBounds(of: resource, name)
        try checkPrefixes(of: resource, name)
        var warnings = publication(of: resource, name)
        for server in resource.authorizationServers {
            warnings += ServerCheck.warnings(about: server, dangerouslyAllowHTTP: dangerouslyAllowHTTP)
        }
        let trusted = resource.trustedIssuers
        guard trusted.count > 1 else { return warnings }
        return warnings
            + trusted.filter { resource.allowedScopes[$0] == nil }.map { issuer in
                let issuer = issuer.description.printable
                let message = "`\(name)` trusts several issuers and `\(issuer)` may grant any scope"
                return ConfigurationError(.unboundedIssuer, message)
            }
    }

    /// Settings that make the resource unusable for some or all clients.
    private static func publication(of resource: ResourceConfiguration, _ name: String) -> [ConfigurationError] {
        var findings = PublishedMetadata.findings(about: resource)
        if resource.trustedIssuers.isEmpty {
            let message =
                "nobody can reach `\(name)`: it trusts no issuer, and has no module and no verifier of the application"
            findings.append(ConfigurationError(.unreachableResource, message))
        }
        if !Optional(resource.metadata.resource.url).isSecure {
            let message = "`\(name)` is plain http, which exposes tokens to the network; RFC 9728 requires https"
            findings.append(ConfigurationError(.plainHTTP, message))
        }
        if resource.authorizationServers.isEmpty, resource.speaksMCP, !resource.trustedIssuers.isEmpty {
            let message = "`\(name)` names no authorization server, so MCP clients cannot find where to get a token"
            findings.append(ConfigurationError(.unsuitableServer, message))
        }
        if !resource.policies.isEmpty, let reason = PolicySet(resource.policies.map(\.compiled)).reasonNothingIsAllowed
        {
            findings.append(ConfigurationError(.nothingAllowed, "nobody may do anything at `\(name)`: \(reason)"))
        }
        if resource.metadata.scopesSupported.contains("offline_access") {
            let message =
                "`\(name)` lists `offline_access`, which is between a client and its authorization server: leave it out"
            findings.append(ConfigurationError(.unsuitableScope, message))
        }
        return findings
    }

    private static func checkNames(of resource: ResourceConfiguration, _ name: String) throws {
        var published = Set<IssuerIdentifier>()
        var signing = Set<IssuerIdentifier>()
        for server in resource.authorizationServers {
            guard published.insert(server.issuer).inserted else {
                let issuer = server.issuer.description.printable
                throw ConfigurationError(.duplicate, "the issuer `\(issuer)` is named twice for the resource `\(name)`")
            }
            guard signing.insert(server.issuerOfTokens).inserted else {
                let issuer = server.issuerOfTokens.description.printable
                throw ConfigurationError(
                    .duplicate,
                    "tokens of two issuers of the resource `\(name)` name the issuer `\(issuer)`"
                )
            }
        }
    }

    private static func checkBounds(of resource: ResourceConfiguration, _ name: String) throws {
        let trusted = resource.trustedIssuers
        for issuer in trusted {
            for claim in (resource.allowedClaims[issuer] ?? [:]).keys.sorted()
            where ResourceConfiguration.claimsWithoutBounds.contains(claim) {
                throw ConfigurationError(
                    .conflict,
                    "the claim `\(claim)` of `\(issuer.description.printable)` cannot be bounded at `\(name)`"
                )
            }
        }
        let bounded = Set(resource.allowedScopes.keys).union(resource.allowedClaims.keys)
        if let stranger = bounded.subtracting(trusted).min(by: { $0.description < $1.description }) {
            throw ConfigurationError(
                .unknownName,
                "`\(name)` has bounds for `\(stranger.description.printable)`, which it does not trust"
            )
        }
    }

    /// Issuers that introspect only JWTs are distinguished by `iss`, all others by the prefix of their tokens.
    private static func checkPrefixes(of resource: ResourceConfiguration, _ name: String) throws {
        let introspections = resource.authorizationServers.compactMap(\.introspection)
        let prefixes = introspections.filter { $0.tokens != .jwt }.map(\.tokenPrefix)
        for (index, prefix) in prefixes.enumerated() {
            let others = prefixes.enumerated().filter { $0.offset != index }.map(\.element)
            guard !others.contains(where: { $0.utf8.starts(with: prefix.utf8) }) else {
                throw ConfigurationError(
                    .conflict,
                    "several issuers of `\(name)` introspect: no token prefix may be the beginning of another one"
                )
            }
        }
    }
}

extension ResourceConfiguration {
    /// The `iss` of accepted tokens: of the authorization servers in order, then of modules and verifiers, each once.
    var trustedIssuers: [IssuerIdentifier] {
        let others = modules.map(\.issuer) + verifiers.map(\.issuer)
        return others.reduce(into: authorizationServers.map(\.issuerOfTokens)) { trusted, issuer in
            if !trusted.contains(issuer) { trusted.append(issuer) }
        }
    }
}
