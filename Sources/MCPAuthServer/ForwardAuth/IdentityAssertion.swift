// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthSigning

/// A JWT that describes the caller of one request to the server behind a proxy.
///
/// The server verifies it with the published keys, so that it need not trust every program that can reach it. It is for
/// that server only: its `typ` and its issuer are not those of an access token. It ends at the latest when the token of
/// the caller does.
struct IdentityAssertion: Sendable {
    private let settings: AssertionSettings

    init(_ settings: AssertionSettings) {
        self.settings = settings
    }

    /// The `typ` of these JWTs.
    static let type = "mcp-auth-identity+jwt"

    /// The signed JWT for a caller.
    ///
    /// - Parameter claims: The claims that are passed on, by the names of their fields.
    /// - Throws: When OpenSSL cannot sign.
    func text(for caller: AuthInfo, _ claims: [String: JSON], now: NumericDate) throws -> String {
        let end = min(now.adding(settings.seconds), caller.expiresAt)
        var members: [String: JSON] = [
            "iss": .string(settings.issuer), "aud": .string(settings.audience ?? caller.resource.description),
            "iat": .integer(Int64(now.secondsSinceEpoch)), "exp": .integer(Int64(end.secondsSinceEpoch)),
            "jti": .string(SecureRandom.token()), "token_iss": .string(caller.issuer.description),
            "scope": .string(caller.scopes.description),
        ]
        members["sub"] = caller.subject.map(JSON.string)
        members["client_id"] = caller.clientID.map(JSON.string)
        if !claims.isEmpty { members["claims"] = .object(claims) }
        return try settings.key.sign(header: ["typ": .string(Self.type)], claims: .object(members))
    }
}
