// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJSON

/// Token introspection (RFC 7662), for clients that have a secret.
extension DevIssuer {
    func introspect(_ body: String, _ authorization: String?) -> IssuerResponse {
        guard let form = Form(body), !form.hasRepeatedParameter else {
            return .error("invalid_request", "the form is malformed or repeats a parameter")
        }
        guard let client = authenticate(form, authorization), client.configuration.secret != nil else {
            return .error("invalid_client", Self.badAuthentication, status: 401)
        }
        guard let token = form["token"] else { return .error("invalid_request", "`token` is missing") }
        // Refresh tokens are stored elsewhere and so are not active here: a resource server must not accept them.
        guard let claims = store.accessTokens[token], isLive(claims) else { return .json(["active": false]) }
        return .json(.object(claims.merging(["active": true, "token_type": "Bearer"]) { $1 }))
    }

    private func isLive(_ claims: [String: JSON]) -> Bool {
        switch claims["exp"] {
        case .integer(let expiry): now() < Double(expiry)
        case .number(let expiry): now() < expiry
        default: false
        }
    }
}
#endif
