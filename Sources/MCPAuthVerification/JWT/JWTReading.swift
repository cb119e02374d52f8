// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

extension UnverifiedJWT {
    /// Reads what a token says of itself, believing nothing; `nil` when it is not a JWT.
    ///
    /// What stands behind the payload is not looked at. Other readers allow padding there, or one more dot, and would
    /// judge as a JWT what is none here; anybody can append that to a token.
    package static func read(_ token: AccessToken) -> UnverifiedJWT? {
        let dot = UInt8(ascii: ".")
        guard let first = token.bytes.index(of: dot, from: 0),
            let second = token.bytes.index(of: dot, from: first + 1)
        else { return nil }
        // With some signature, so that it is complete.
        let text: [UInt8] = Array(token.bytes[...second]) + [UInt8(ascii: "A"), UInt8(ascii: "A")]
        guard let jws = try? CompactJWS(parsing: text),
            let document = try? JSONDocument(parsing: jws.payload, limits: .token), document.root.kind == .object
        else { return nil }
        return UnverifiedJWT(type: jws.header.mediaType, claims: document.root)
    }
}
