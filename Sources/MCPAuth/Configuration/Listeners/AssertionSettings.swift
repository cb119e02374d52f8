// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthSigning

/// How the caller is described to the server behind a proxy in a JWT that this server signs.
package struct AssertionSettings: Sendable, Hashable {
    /// The key that signs; its public half is published.
    package let key: SigningKey
    /// The `iss` of these JWTs.
    package let issuer: String
    /// Their `aud`; the identifier of the resource if `nil`.
    package let audience: String?
    /// How long they may be used, in seconds.
    package let seconds: Double

    package init(key: SigningKey, issuer: String, audience: String? = nil, seconds: Double = 60) {
        self.key = key
        self.issuer = issuer
        self.audience = audience
        self.seconds = seconds
    }

    /// The same key, whatever object has it, and the same settings.
    package static func == (left: AssertionSettings, right: AssertionSettings) -> Bool {
        left.key.publicJWK == right.key.publicJWK && left.issuer == right.issuer && left.audience == right.audience
            && left.seconds == right.seconds
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(key.keyID)
        hasher.combine(issuer)
        hasher.combine(audience)
        hasher.combine(seconds)
    }
}
