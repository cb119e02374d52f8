// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthPolicy

/// A resource, narrowed for some routes of an application, in the configuration in force.
final class RouteRestriction: Sendable {
    /// The narrowed resource of the engine in force.
    private struct Made {
        /// The engine whose resource was narrowed.
        var engine: AuthorizationEngine?
        /// `nil` when the configuration of the engine has no such resource.
        var resource: ProtectedResource?
    }

    private let identifier: ResourceIdentifier
    private let audiences: AcceptedAudiences
    private let requiredScopes: ScopeSet
    private let live: LiveConfiguration
    private let made = Lock(Made())

    /// - Throws: `ConfigurationError` when there is no such resource, or a scope is not valid.
    init(_ name: String, audience: [String], requiredScopes: [String], of live: LiveConfiguration) throws {
        identifier = try ResourceIdentifier(name)
        audiences = AcceptedAudiences(audience)
        let scopes = ScopeSet(requiredScopes)
        guard scopes.count == Set(requiredScopes).count else {
            throw ConfigurationError(.invalidValue, "a required scope has a character that scopes cannot have")
        }
        self.requiredScopes = scopes
        self.live = live
        _ = try live.current.resource(identifier, named: name)
    }

    /// The narrowed resource; `nil` when the configuration in force no longer has it.
    @Sendable func current() -> ProtectedResource? {
        let engine = live.engine
        return made.withLock { made in
            if made.engine !== engine {
                made.engine = engine
                made.resource = engine.resources.first { $0.identifier == identifier }
                    .map { Self.narrow($0, audiences, requiredScopes) }
            }
            return made.resource
        }
    }

    private static func narrow(
        _ resource: ProtectedResource,
        _ audiences: AcceptedAudiences,
        _ requiredScopes: ScopeSet
    ) -> ProtectedResource {
        resource.copy(
            audiences: audiences.isEmpty ? nil : audiences,
            policy: resource.policy.requiring(requiredScopes),
            routeScopes: requiredScopes
        )
    }
}

extension PolicyEvaluator {
    /// This policy, which also requires these scopes for every operation.
    func requiring(_ scopes: ScopeSet) -> any PolicyEvaluator {
        guard !scopes.isEmpty else { return self }
        let required = CompiledPolicy.requiring(scopes)
        switch self {
        case let policies as PolicySet: return policies.adding(required)
        // A valid token is enough, so only the scopes are left to ask for.
        case is AuthenticatedPolicy: return PolicySet([required])
        // There is no other evaluator. One that is added must say here how scopes narrow it.
        default: return PolicySet([])
        }
    }
}
