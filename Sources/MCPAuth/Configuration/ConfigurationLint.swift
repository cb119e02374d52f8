// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthPolicy
package import MCPAuthPolicyTools

extension MCPAuthConfiguration {
    /// Settings of the configuration itself that are allowed but probably unintended.
    package var warnings: [ConfigurationError] {
        resources.flatMap { resource in
            let name = resource.metadata.resource.description.printable
            return resource.authorizationServers.compactMap { server -> ConfigurationError? in
                guard server.introspection?.assumedAudience != nil else { return nil }
                return ConfigurationError(
                    .missingAudience,
                    "`\(name)` accepts tokens of `\(server.issuer.description.printable)` that name no audience; "
                        + "only its introspection can tell which resource they are for"
                )
            }
        }
    }

    /// The policy files of the resources, each with the resources that use it.
    package var policyUses: [(path: String, uses: [PolicyLint.Use])] {
        var paths: [String] = []
        var uses: [String: [PolicyLint.Use]] = [:]
        for resource in resources {
            for policy in resource.policies {
                let path = policy.compiled.identity.file
                if !paths.contains(path) { paths.append(path) }
                uses[path, default: []].append(resource.lintUse)
            }
        }
        return paths.map { ($0, uses[$0] ?? []) }
    }
}

extension ResourceConfiguration {
    fileprivate var lintUse: PolicyLint.Use {
        PolicyLint.Use(
            resource: metadata.resource.description,
            scopesSupported: ScopeSet(metadata.scopesSupported),
            mappedClaims: Set(authorizationServers.flatMap { $0.claims.others.keys }),
            issuers: authorizationServers.map { server in
                PolicyLint.Use.Issuer(
                    identifier: server.issuerOfTokens.description,
                    allowedScopes: allowedScopes[server.issuerOfTokens],
                    allowedClaims: allowedClaims[server.issuerOfTokens] ?? [:]
                )
            }
        )
    }
}
