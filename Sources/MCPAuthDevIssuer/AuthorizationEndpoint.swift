// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJSON
internal import MCPAuthSigning

/// The authorization endpoint (RFC 6749 section 4.1, RFC 7636, RFC 8707, RFC 9207) and its consent page.
extension DevIssuer {
    func authorize(_ query: String) -> IssuerResponse {
        guard let form = Form(query), !form.hasRepeatedParameter else {
            return .errorPage(
                "The request is malformed",
                "The query of the authorization request is not correctly encoded, or it repeats a parameter."
            )
        }
        guard let clientID = form["client_id"], let client = store.clients[clientID] else {
            return .errorPage(
                "Unknown client",
                "The client must register first, with a POST to \(issuer)/register (RFC 7591). "
                    + "This issuer forgets all clients when it stops, so it may have been restarted."
            )
        }
        guard let redirectURI = form["redirect_uri"], isRegistered(redirectURI, for: client) else {
            return .errorPage(
                "The redirect URI is not registered for this client",
                "`redirect_uri` must be one of those that the client registered, byte for byte; "
                    + "only the port of a loopback address may differ."
            )
        }
        let asked: AuthorizationRequest
        switch read(form, client) {
        case .success(let request): asked = request
        case .failure(let error): return redirect(to: redirectURI, form["state"], error)
        }
        let pending = IssuerStore.Pending(
            grant: .init(clientID: clientID, subject: "alice", scope: asked.scope, resources: asked.resources),
            redirectURI: redirectURI,
            challenge: asked.challenge,
            state: form["state"]
        )
        if configuration.autoConsent { return grant(pending) }
        let id = SecureRandom.token()
        store.pending[id] = pending
        return consentPage(id, pending, client.name)
    }

    /// What an authorization request asks for.
    private struct AuthorizationRequest {
        let scope: [String]
        let resources: [String]
        let challenge: String
    }

    /// Reads a request whose client is known; an error is returned to that client.
    private func read(_ form: Form, _ client: IssuerStore.Client) -> Result<AuthorizationRequest, OAuthError> {
        guard form["response_type"] == "code" else {
            return .failure(.init("unsupported_response_type", "only `response_type=code` is offered"))
        }
        guard client.configuration.grantTypes.contains("authorization_code") else {
            return .failure(.init("unauthorized_client", "the client did not register for `authorization_code`"))
        }
        guard form["code_challenge_method"] == "S256", let challenge = form["code_challenge"],
            Base64URL.decode(Array(challenge.utf8)[...])?.count == 32
        else {
            let description = "PKCE is required: `code_challenge` and `code_challenge_method=S256` (RFC 7636)"
            return .failure(.init("invalid_request", description))
        }
        let resources = form.all("resource")
        if let error = refusal(ofResources: resources) { return .failure(error) }
        let scope = form.scope ?? defaultScope(for: client)
        if let error = refusal(ofScope: scope, for: client) { return .failure(error) }
        return .success(AuthorizationRequest(scope: scope, resources: resources, challenge: challenge))
    }

    /// Handles the user's answer to a consent page; each page can be answered once.
    func consent(_ body: String) -> IssuerResponse {
        guard let form = Form(body), !form.hasRepeatedParameter, let id = form["id"],
            let pending = store.pending.removeValue(forKey: id)
        else {
            return .errorPage(
                "This consent page is no longer valid",
                "It was already answered, or the issuer was restarted. Start again in the client."
            )
        }
        guard form["answer"] == "allow" else {
            let error = OAuthError("access_denied", "the user denied access")
            return redirect(to: pending.redirectURI, pending.state, error)
        }
        return grant(pending)
    }

    private func grant(_ pending: IssuerStore.Pending) -> IssuerResponse {
        let code = SecureRandom.token()
        store.codes[code] = IssuerStore.Code(
            grant: pending.grant,
            redirectURI: pending.redirectURI,
            challenge: pending.challenge,
            expiresAt: now() + 60
        )
        return redirect(to: pending.redirectURI, pending.state, parameters: [("code", code)])
    }

    private func consentPage(_ id: String, _ pending: IssuerStore.Pending, _ name: String) -> IssuerResponse {
        let scopes = pending.grant.scope.map { "<li>\(IssuerResponse.escaped($0))</li>" }.joined()
        let resources = pending.grant.resources.map { "<li>\(IssuerResponse.escaped($0))</li>" }.joined()
        return .page(
            """
            <h1>\(IssuerResponse.escaped(name)) asks for access as alice</h1>
            <p>At:<ul>\(resources)</ul><p>To:<ul>\(scopes)</ul>
            <form method="post" action="\(IssuerResponse.escaped(configuration.path))/consent">
            <input type="hidden" name="id" value="\(IssuerResponse.escaped(id))">
            <button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form>
            """
        )
    }

    private func redirect(to uri: String, _ state: String?, _ error: OAuthError) -> IssuerResponse {
        let description = IssuerResponse.errorDescription(error.description)
        return redirect(to: uri, state, parameters: [("error", error.code), ("error_description", description)])
    }

    private func redirect(to uri: String, _ state: String?, parameters: [(String, String)]) -> IssuerResponse {
        var all = parameters
        if let state { all.append(("state", state)) }
        all.append(("iss", issuer))
        let query = all.map { "\($0.0)=\(Form.encoded($0.1))" }.joined(separator: "&")
        return .redirect(uri + (uri.contains("?") ? "&" : "?") + query)
    }

    private func isRegistered(_ uri: String, for client: IssuerStore.Client) -> Bool {
        client.configuration.redirectURIs.contains { RedirectURI.matches(uri, registered: $0) }
    }
}
#endif
