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
            return .error("invalid_client", "client authentication failed", status: 401)
        }
        guard let grantType = form["grant_type"] else {
            return .error("invalid_request", "`grant_type` is missing")
        }
        guard Self.grantTypes.contains(grantType) else {
            return .error("unsupported_grant_type", "that grant type is not offered")
        }
        guard client.configuration.grantTypes.contains(grantType) else {
            return .error("unauthorized_client", "the client is not registered for that grant type")
        }
        switch grantType {
        case "authorization_code": return redeemCode(form, client)
        case "refresh_token": return refresh(form, client)
        default: return clientCredentials(form, client)
        }
    }

    /// The grant types that are offered.
    static let grantTypes = ["authorization_code", "refresh_token", "client_credentials"]

    /// The client of a request, if it proved to be that client; a public one has nothing to prove.
    func authenticate(_ form: Form, _ authorization: String?) -> IssuerStore.Client? {
        let id: String?
        let secret: String?
        if let authorization {
            // RFC 6749 section 2.3: one way of authentication in a request, and one client.
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
        else { return .error("invalid_grant", "the code is not valid for this request") }
        return issue(code.grant, form, scope: code.grant.scope)
    }

    private func refresh(_ form: Form, _ client: IssuerStore.Client) -> IssuerResponse {
        guard let presented = form["refresh_token"], let grant = store.refreshTokens[presented],
            grant.clientID == client.configuration.id
        else { return .error("invalid_grant", "the refresh token is not valid for this client") }
        // RFC 6749 section 6: the new access token may do less, the new refresh token is worth what the old one was.
        let scope = form["scope"]?.split(separator: " ").map(String.init) ?? grant.scope
        guard scope.allSatisfy(grant.scope.contains) else {
            return .error("invalid_scope", "a scope was not granted")
        }
        let response = issue(grant, form, scope: scope)
        if response.status == 200 { store.refreshTokens[presented] = nil }
        return response
    }

    private func clientCredentials(_ form: Form, _ client: IssuerStore.Client) -> IssuerResponse {
        guard client.configuration.secret != nil else {
            return .error("unauthorized_client", "the client may not act for itself")
        }
        let scope = (form["scope"] ?? "").split(separator: " ").map(String.init)
        guard areOffered(scope, client) else { return .error("invalid_scope", "a scope is not offered") }
        let resources = form.all("resource")
        guard areAllowed(resources) else { return .error("invalid_target", "the resource is not known") }
        let grant = IssuerStore.Grant(
            clientID: client.configuration.id,
            subject: nil,
            scope: scope,
            resources: resources
        )
        return issue(grant, form, scope: scope)
    }

    /// Answers with an access token for the resources of the request, which must be among the authorized ones (RFC
    /// 8707 section 2.2), and a refresh token if a person agreed and the client is registered for it.
    private func issue(_ grant: IssuerStore.Grant, _ form: Form, scope: [String]) -> IssuerResponse {
        let authorized = grant.resources.isEmpty ? [configuration.resources.first ?? issuer] : grant.resources
        let asked = form.all("resource")
        guard asked.allSatisfy(authorized.contains) else {
            return .error("invalid_target", "the resource was not authorized")
        }
        guard let token = try? accessToken(grant, scope, asked.isEmpty ? authorized : asked) else {
            return .error("server_error", "no token could be signed", status: 500)
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

    private func accessToken(_ grant: IssuerStore.Grant, _ scope: [String], _ audience: [String]) throws -> String {
        let claims = claims(
            subject: grant.subject ?? grant.clientID,
            clientID: grant.clientID,
            scope: scope.joined(separator: " "),
            audience: audience,
            lifetime: configuration.tokenLifetime
        )
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
