// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth

/// Who may do what with the notes.
public enum Protection {
    public static let resource = "https://notes.example.com/mcp"

    /// The resource with the policy of this module, for the tokens of `server`.
    public static func configuration(trusting server: AuthorizationServer) throws -> MCPAuthConfiguration {
        let notes = try ResourceConfiguration(
            resource,
            authorizationServers: [server],
            scopesSupported: ["read:notes", "write:notes"],
            policies: [try policy()]
        )
        return MCPAuthConfiguration(resources: [notes])
    }

    /// The file that the build has checked.
    private static func policy() throws -> Policy {
        let folder = Bundle.module.bundleURL.appending(path: "Policies")
        return try .file(folder.appending(path: "notes.json").path(percentEncoded: false))
    }
}
