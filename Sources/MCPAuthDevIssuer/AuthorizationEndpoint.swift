// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJOSE
internal import MCPAuthSigning

/// The authorization endpoint (RFC 6749 section 4.1, RFC 7636, RFC 8707, RFC 9207) and its consent page.
extension DevIssuer {
    func authorize(_ query: String) -> IssuerResponse {
        guard let form = Form(query), !form.hasRepeatedParameter else {
            return .page("<h1>The request is malformed or repeats a parameter</h1>", status: 400)
        }
        guard let clientID = form["client_id"], let client = store.clients[clientID] else {
            return .page("<h1>Unknown client</h1>", status: 400)
        }
        guard let redirectURI = form["redirect_uri"], isRegistered(redirectURI, for: client) else {
            return .page("<h1>The redirect URI is not registered for this client</h1>", status: 400)
        }
        let state = form["state"]
        guard form["response_type"] == "code" else {
            return redirect(to: redirectURI, state, error: "unsupported_response_type")
        }
        guard client.configuration.grantTypes.contains("authorization_code") else {
            return redirect(to: redirectURI, state, error: "unauthorized_client")
        }
        guard form["code_challenge_method"] == "S256", let challenge = form["code_challenge"],
            Base64URL.decode(Array(challenge.utf8)[...])?.count == 32
        else {
            return redirect(to: redirectURI, state, error: "invalid_request")
        }
        let resources = form.all("resource")
        guard areAllowed(resources) else { return redirect(to: redirectURI, state, error: "invalid_target") }
        let scope = (form["scope"] ?? "").split(separator: " ").map(String.init)
        guard areOffered(scope, client) else { return redirect(to: redirectURI, state, error: "invalid_scope") }
        let pending = IssuerStore.Pending(
            grant: .init(clientID: clientID, subject: "alice", scope: scope, resources: resources),
            redirectURI: redirectURI,
            challenge: challenge,
            state: state
        )
        if configuration.autoConsent { return grant(pending) }
        let id = SecureRandom.token()
        store.pending[id] = pending
        return consentPage(id, pending, client.name)
    }

    /// The person's answer; each question can be answered once.
    func consent(_ body: String) -> IssuerResponse {
        guard let form = Form(body), !form.hasRepeatedParameter, let id = form["id"],
            let pending = store.pending.removeValue(forKey: id)
        else { return .page("<h1>This question is no longer open</h1>", status: 400) }
        guard form["answer"] == "allow" else {
            return redirect(to: pending.redirectURI, pending.state, error: "access_denied")
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

    private func redirect(to uri: String, _ state: String?, error: String) -> IssuerResponse {
        redirect(to: uri, state, parameters: [("error", error)])
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

    /// Whether tokens may be asked for these resources: absolute URIs without fragment (RFC 8707 section 2), of the
    /// configured ones where there are any.
    func areAllowed(_ resources: [String]) -> Bool {
        resources.allSatisfy { resource in
            resource.utf8.contains(UInt8(ascii: ":")) && !resource.utf8.contains(UInt8(ascii: "#"))
                && (configuration.resources.isEmpty || configuration.resources.contains(resource))
        }
    }

    func areOffered(_ scope: [String], _ client: IssuerStore.Client) -> Bool {
        let offered = configuration.scopesSupported
        let own = client.configuration.scopes
        return scope.allSatisfy { (offered.isEmpty || offered.contains($0)) && (own.isEmpty || own.contains($0)) }
    }
}
#endif
