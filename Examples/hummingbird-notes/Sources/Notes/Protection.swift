// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth

/// Who may do what with the notes.
public enum Protection {
    public static let resource = "https://notes.example.com/api"

    /// A job of the company, which works for one tenant until a time in seconds since 1970.
    public struct Job: Sendable {
        let tenant: String
        let end: Int64

        public init(tenant: String, end: Int64) {
            self.tenant = tenant
            self.end = end
        }
    }

    /// The resource, for the tokens of `server` and for those that the job runner of the company presents.
    ///
    /// - Parameter jobs: The tokens of running jobs, and the tenant that each works for.
    public static func configuration(
        trusting server: AuthorizationServer,
        jobs: [String: Job] = [:]
    ) throws -> MCPAuthConfiguration {
        var api = try ResourceConfiguration(
            resource,
            authorizationServers: [server],
            scopesSupported: ["notes:read", "notes:write"],
            speaksMCP: false,
            policies: [try policy()]
        )
        api.transformers = [KeycloakRoles()]
        api.verifiers = [AttachedVerifier(jobRunner(jobs), issuer: "urn:example:jobs")]
        return MCPAuthConfiguration(resources: [api])
    }

    /// A policy in code: the same language as in a file, checked when the configuration is.
    private static func policy() throws -> Policy {
        try .json([
            "version": 1,
            "scope_implies": ["notes:write": ["notes:read"]],
            "rules": [
                // Every caller belongs to a tenant.
                ["id": "tenant", "effect": "require", "targets": "any", "when": ["claim": "/tenant", "exists": true]],
                ["id": "read", "effect": "allow", "http_methods": ["GET"], "scopes": ["all": ["notes:read"]]],
                ["id": "write", "effect": "allow", "http_methods": ["POST"], "scopes": ["all": ["notes:write"]]],
                [
                    "id": "erase", "effect": "allow", "http_methods": ["DELETE"],
                    "when": ["claim": "/roles", "contains": "admin"],
                ],
            ],
        ])
    }

    /// Verifies the tokens of jobs, which are not JWTs and belong to no authorization server.
    private static func jobRunner(_ jobs: [String: Job]) -> FunctionVerifier {
        FunctionVerifier("job-runner") { token, _ in
            let text = token.dangerouslyRevealed
            guard text.hasPrefix("job_") else { return .notMine() }
            guard let job = jobs[text] else { return .rejected() }
            return try .verified(claims: [
                "sub": "job", "aud": .string(resource), "scope": "notes:read", "tenant": .string(job.tenant),
                "exp": .integer(job.end),
            ])
        }
    }
}

/// Keycloak lists the roles of a user in `realm_access`; policies and handlers read `roles`.
struct KeycloakRoles: ClaimTransformer {
    let name = "keycloak-roles"

    func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) -> [String: JSON] {
        var claims = claims
        claims["roles"] = claims["realm_access"]?["roles"] ?? claims["roles"]
        return claims
    }
}
