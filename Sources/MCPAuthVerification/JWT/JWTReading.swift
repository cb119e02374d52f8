// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

extension UnverifiedJWT {
    /// Reads what a token says of itself, believing nothing; `nil` when it is not a JWT.
    package static func read(_ token: AccessToken) -> UnverifiedJWT? {
        guard let jws = try? CompactJWS(parsing: token.bytes),
            let document = try? JSONDocument(parsing: jws.payload, limits: .token), document.root.kind == .object
        else { return nil }
        return UnverifiedJWT(type: jws.header.mediaType, claims: document.root)
    }
}
