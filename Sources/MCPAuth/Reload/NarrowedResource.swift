// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock
internal import MCPAuthPolicy

/// A resource as one part of an application's routes sees it, in whatever configuration is in force.
final class NarrowedResource: Sendable {
    private struct Made {
        let generation: Int
        /// `nil` when that configuration has no such resource.
        let resource: ProtectedResource?
    }

    private let identifier: ResourceIdentifier
    private let audiences: [ResourceAudience]
    private let requiredScopes: ScopeSet
    private let live: LiveConfiguration
    private let made: Lock<Made>

    /// - Throws: ``ConfigurationError`` when there is no such resource, or a scope is none.
    init(_ name: String, audience: [String], requiredScopes: [String], of live: LiveConfiguration) throws {
        identifier = try ResourceIdentifier(name)
        audiences = audience.map(ResourceAudience.init)
        let scopes = ScopeSet(requiredScopes)
        guard scopes.count == Set(requiredScopes).count else {
            throw ConfigurationError(.invalidValue, "a required scope has a character that scopes cannot have")
        }
        self.requiredScopes = scopes
        self.live = live
        let generation = live.current
        let resource = try generation.resource(identifier, named: name)
        made = Lock(Made(generation: generation.number, resource: Self.narrow(resource, audiences, scopes)))
    }

    /// The resource now; `nil` when the configuration in force no longer has it.
    @Sendable func current() -> ProtectedResource? {
        let generation = live.current
        let known = made.withLock { $0 }
        if known.generation == generation.number { return known.resource }
        let resource = generation.engine.resources.first { $0.identifier == identifier }
            .map { Self.narrow($0, audiences, requiredScopes) }
        made.withLock { made in
            // Another request may have made a newer one meanwhile.
            if made.generation < generation.number {
                made = Made(generation: generation.number, resource: resource)
            }
        }
        return resource
    }

    private static func narrow(
        _ resource: ProtectedResource,
        _ audiences: [ResourceAudience],
        _ requiredScopes: ScopeSet
    ) -> ProtectedResource {
        var policy = resource.policy
        if !requiredScopes.isEmpty {
            let inCode = CompiledPolicy.requiring(requiredScopes)
            policy = (policy as? PolicySet)?.adding(inCode) ?? PolicySet([inCode])
        }
        let accepted = audiences.isEmpty ? resource.acceptedAudiences : audiences
        return resource.narrowed(acceptedAudiences: accepted, policy: policy)
    }
}
