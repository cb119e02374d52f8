// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning

/// The token endpoint (RFC 6749 section 3.2).
extension DevIssuer {
    func token(_ body: String, _ authorization: String?) -> IssuerResponse {
        guard let form = Form(body), !form.hasRepeatedParameter else {
            return .error("invalid_request", "the form is malformed or repeats a parameter")
        }
        guard let client = authenticate(form, authorization) else {
            return .error("invalid_client", Self.badAuthentication, status: 401)
        }
        guard let grantType = form["grant_type"] else {
            return .error("invalid_request", "`grant_type` is missing")
        }
        guard Self.grantTypes.contains(grantType) else {
            let known = Self.grantTypes.joined(separator: " ")
            return .error("unsupported_grant_type", "`\(grantType)` is not offered; these are: \(known)")
        }
        guard client.configuration.grantTypes.contains(grantType) else {
            return .error("unauthorized_client", "the client did not register for `\(grantType)`")
        }
        switch grantType {
        case "authorization_code": return redeemCode(form, client)
        case "refresh_token": return refresh(form, client)
        default: return clientCredentials(form, client)
        }
    }

    static let badAuthentication =
        "the client is unknown, its secret is wrong, or it authenticates in two ways; "
        + "this issuer forgets all clients when it stops"

    /// The grant types that are offered.
    static let grantTypes = ["authorization_code", "refresh_token", "client_credentials"]

    /// The client of a request, if it authenticated; a public client has no secret to authenticate with.
    func authenticate(_ form: Form, _ authorization: String?) -> IssuerStore.Client? {
        let id: String?
        let secret: String?
        if let authorization {
            // RFC 6749 section 2.3: only one authentication method in a request.
            guard let pair = Self.basicCredentials(authorization), form["client_secret"] == nil,
                form["client_id"].map({ $0 == pair.id }) ?? true
            else { return nil }
            (id, secret) = (pair.id, pair.secret)
        } else {
            (id, secret) = (form["client_id"], form["client_secret"])
        }
        guard let client = id.flatMap({ store.clients[$0] }) else { return nil }
        switch (client.configuration.secret, secret) {
        case (nil, nil): return client
        case (let expected?, let given?): return Digest.isEqual(Array(expected.utf8), Array(given.utf8)) ? client : nil
        default: return nil
        }
    }

    private func redeemCode(_ form: Form, _ client: IssuerStore.Client) -> IssuerResponse {
        guard let code = form["code"].flatMap({ store.codes.removeValue(forKey: $0) }), now() < code.expiresAt,
            code.grant.clientID == client.configuration.id, code.redirectURI == form["redirect_uri"],
            let verifier = form["code_verifier"], (43...128).contains(verifier.utf8.count),
            Base64URL.encode(Digest.sha256(verifier.utf8)) == code.challenge
        else {
            let description =
                "the code was used, is older than a minute, or is not for this client, `redirect_uri` and `code_verifier`"
            return .error("invalid_grant", description)
        }
        return issue(code.grant, form, scope: code.grant.scope)
    }

    private func refresh(_ form: Form, _ client: IssuerStore.Client) -> IssuerResponse {
        guard let presented = form["refresh_token"], let grant = store.refreshTokens[presented],
            grant.clientID == client.configuration.id
        else { return .error("invalid_grant", "the refresh token was used, or belongs to another client") }
        // RFC 6749 section 6: the new access token may have fewer scopes; the new refresh token keeps all of them.
        let scope = form.scope ?? grant.scope
        guard scope.allSatisfy(grant.scope.contains) else {
            return .error(
                "invalid_scope",
                "only granted scopes can be requested: \(grant.scope.joined(separator: " "))"
            )
        }
        let response = issue(grant, form, scope: scope)
        if response.status == 200 { store.refreshTokens[presented] = nil }
        return response
    }

    private func clientCredentials(_ form: Form, _ client: IssuerStore.Client) -> IssuerResponse {
        guard client.configuration.secret != nil else {
            return .error("unauthorized_client", "a client without a secret may not act for itself")
        }
        let scope = form.scope ?? defaultScope(for: client)
        if let error = refusal(ofScope: scope, for: client) { return .error(error) }
        let resources = form.all("resource")
        if let error = refusal(ofResources: resources) { return .error(error) }
        let grant = IssuerStore.Grant(
            clientID: client.configuration.id,
            subject: nil,
            scope: scope,
            resources: resources
        )
        return issue(grant, form, scope: scope)
    }

    /// Responds with an access token for the resources of the request, which must be among the authorized ones (RFC
    /// 8707 section 2.2), and with a refresh token if a user consented and the client is registered for it.
    private func issue(_ grant: IssuerStore.Grant, _ form: Form, scope: [String]) -> IssuerResponse {
        let authorized = grant.resources.isEmpty ? [configuration.resources.first ?? issuer] : grant.resources
        let asked = form.all("resource")
        guard asked.allSatisfy(authorized.contains) else {
            let known = authorized.joined(separator: " ")
            return .error("invalid_target", "only authorized resources can be requested: \(known)")
        }
        guard let token = try? accessToken(grant, scope, asked.isEmpty ? authorized : asked) else {
            return .noSignature
        }
        var members: [String: JSON] = [
            "access_token": .string(token), "token_type": "Bearer",
            "expires_in": .integer(Int64(configuration.tokenLifetime)),
            "scope": .string(scope.joined(separator: " ")),
        ]
        let client = store.clients[grant.clientID]
        if grant.subject != nil, client?.configuration.grantTypes.contains("refresh_token") ?? false {
            let refreshToken = SecureRandom.token()
            store.refreshTokens[refreshToken] = grant
            members["refresh_token"] = .string(refreshToken)
        }
        return .json(.object(members))
    }

    /// A JWT, or a random string for resources with opaque tokens; `extraClaims` replace standard claims.
    func accessToken(
        _ grant: IssuerStore.Grant,
        _ scope: [String],
        _ audience: [String],
        extraClaims: [String: JSON] = [:]
    ) throws -> String {
        let standard = claims(
            subject: grant.subject ?? grant.clientID,
            clientID: grant.clientID,
            scope: scope.joined(separator: " "),
            audience: audience,
            lifetime: configuration.tokenLifetime
        )
        let claims = standard.merging(extraClaims) { $1 }
        guard audience.contains(where: configuration.opaqueResources.contains) else { return try sign(claims) }
        let token = SecureRandom.token()
        store.accessTokens[token] = claims
        return token
    }

    /// RFC 6749 section 2.3.1: both parts are form-encoded inside the Basic scheme.
    private static func basicCredentials(_ authorization: String) -> (id: String, secret: String)? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let bytes = Base64.decode(String(parts[1])) else {
            return nil
        }
        let pair = String(decoding: bytes, as: UTF8.self).split(
            separator: ":",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard pair.count == 2, let id = Form.decoded(pair[0]), let secret = Form.decoded(pair[1]) else { return nil }
        return (id, secret)
    }
}
#endif
