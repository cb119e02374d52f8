// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

extension ProtectedResource {
    /// A resource that accepts no token, for tests of the steps before verification.
    package static func plain(
        _ name: String,
        metadata: ProtectedResourceMetadata? = nil
    ) throws -> ProtectedResource {
        let identifier = try ResourceIdentifier(name)
        return ProtectedResource(
            identifier: identifier,
            issuers: [],
            audiences: AcceptedAudiences([name]),
            verification: TokenVerification([]),
            policy: AuthenticatedPolicy(),
            metadata: metadata ?? ProtectedResourceMetadata(resource: identifier)
        )
    }
}
