// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks what a resource says of its issuers, before anything is made of it.
enum ResourceCheck {
    /// What is allowed and probably not meant.
    ///
    /// - Throws: ``ConfigurationError`` for what is not allowed.
    static func warnings(about resource: ResourceConfiguration) throws -> [String] {
        let name = resource.metadata.resource.description.printable
        var seen = Set<IssuerIdentifier>()
        for server in resource.authorizationServers {
            guard seen.insert(server.issuer).inserted else {
                let issuer = server.issuer.description.printable
                throw ConfigurationError(.duplicate, "the issuer `\(issuer)` is named twice for the resource `\(name)`")
            }
            try check(server)
        }
        try checkBounds(of: resource, name)
        try checkPrefixes(of: resource, name)
        let trusted = resource.trustedIssuers
        guard trusted.count > 1 else { return [] }
        return trusted.filter { resource.allowedScopes[$0] == nil }.map { issuer in
            "`\(name)` trusts several issuers and `\(issuer.description.printable)` may grant any scope"
        }
    }

    private static func check(_ server: AuthorizationServer) throws {
        let issuer = server.issuer.description.printable
        guard (0...300).contains(server.leeway) else {
            throw ConfigurationError(.invalidValue, "the leeway of `\(issuer)` must be 0 to 300 seconds")
        }
        guard !server.algorithms.isEmpty else {
            throw ConfigurationError(.invalidValue, "the issuer `\(issuer)` may use no algorithm at all")
        }
        guard let introspection = server.introspection else { return }
        guard (0...3600).contains(introspection.cacheSeconds), (0...3600).contains(introspection.negativeCacheSeconds)
        else {
            throw ConfigurationError(.invalidValue, "introspection of `\(issuer)` may be kept 0 to 3600 seconds")
        }
        guard introspection.maximumConcurrency > 0, introspection.maximumPerSecond > 0 else {
            throw ConfigurationError(.invalidValue, "introspection of `\(issuer)` must be allowed at least one request")
        }
        guard server.hmacSecrets.isEmpty || introspection.tokens == .opaque else {
            throw ConfigurationError(
                .conflict,
                "the JWTs of `\(issuer)` are shown to it, so its HMAC secrets would never be used"
            )
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

    /// Issuers that are shown JWTs only are told apart by `iss`, all others by how their tokens begin.
    private static func checkPrefixes(of resource: ResourceConfiguration, _ name: String) throws {
        let introspections = resource.authorizationServers.compactMap(\.introspection)
        let prefixes = introspections.filter { $0.tokens != .jwt }.map(\.tokenPrefix)
        for (index, prefix) in prefixes.enumerated() {
            let others = prefixes.enumerated().filter { $0.offset != index }.map(\.element)
            guard !others.contains(where: { $0.utf8.starts(with: prefix.utf8) }) else {
                throw ConfigurationError(
                    .conflict,
                    "several issuers of `\(name)` introspect: each needs a token prefix that no other one's begins with"
                )
            }
        }
    }
}

extension ResourceConfiguration {
    /// The authorization servers in their order, then the issuers of modules and functions, each once.
    var trustedIssuers: [IssuerIdentifier] {
        let others = modules.map(\.issuer) + verifiers.map(\.issuer)
        return others.reduce(into: authorizationServers.map(\.issuer)) { trusted, issuer in
            if !trusted.contains(issuer) { trusted.append(issuer) }
        }
    }
}
