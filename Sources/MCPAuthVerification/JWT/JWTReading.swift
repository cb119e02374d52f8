// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

extension UnverifiedJWT {
    /// Reads the type and claims of a token without verifying it; `nil` when it is not a JWT.
    ///
    /// Everything after the payload is ignored. Other parsers accept padding or one more dot there, and would treat the
    /// token as a JWT where this library does not; anyone can append that to a token.
    package static func read(_ token: AccessToken) -> UnverifiedJWT? {
        let dot = UInt8(ascii: ".")
        guard let first = token.bytes.index(of: dot, from: 0),
            let second = token.bytes.index(of: dot, from: first + 1)
        else { return nil }
        // `CompactJWS` requires a signature, so a dummy one is appended.
        let text: [UInt8] = Array(token.bytes[...second]) + [UInt8(ascii: "A"), UInt8(ascii: "A")]
        guard let jws = try? CompactJWS(parsing: text),
            let document = try? JSONDocument(parsing: jws.payload, limits: .token), document.root.kind == .object
        else { return nil }
        return UnverifiedJWT(type: jws.header.mediaType, claims: document.root)
    }
}
