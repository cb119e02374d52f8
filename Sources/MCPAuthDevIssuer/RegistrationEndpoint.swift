// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJSON
internal import MCPAuthSigning

/// Dynamic client registration (RFC 7591), open to every program on this machine.
extension DevIssuer {
    func register(_ body: [UInt8]) -> IssuerResponse {
        guard let metadata = try? JSONDocument(parsing: body, limits: .fetched).root, metadata.kind == .object else {
            return .error("invalid_client_metadata", "the body is not a JSON object")
        }
        let redirectURIs = metadata["redirect_uris"]?.array?.map { $0.string ?? "" } ?? []
        guard !redirectURIs.isEmpty, redirectURIs.allSatisfy(RedirectURI.isAcceptable) else {
            return .error("invalid_redirect_uri", "redirect URIs are https, or http on this machine, without fragment")
        }
        let method = metadata["token_endpoint_auth_method"]?.string ?? "client_secret_basic"
        let methods = ["client_secret_basic", "client_secret_post", "none"]
        guard methods.contains(method) else {
            return .error(
                "invalid_client_metadata",
                "`token_endpoint_auth_method` is one of: \(methods.joined(separator: " "))"
            )
        }
        let id = SecureRandom.token()
        let secret = method == "none" ? nil : SecureRandom.token()
        // RFC 7591 section 3.2.1: grant types that are not offered are dropped, and the response lists the others.
        let grantTypes = (metadata["grant_types"]?.array?.compactMap(\.string) ?? ["authorization_code"])
            .filter(Self.grantTypes.contains)
        let scope = (metadata["scope"]?.string ?? "").split(separator: " ").map(String.init)
        let client = Configuration.Client(
            id: id,
            secret: secret,
            redirectURIs: redirectURIs,
            grantTypes: grantTypes
        )
        store.clients[id] = IssuerStore.Client(configuration: client, name: metadata["client_name"]?.string ?? id)
        var members: [String: JSON] = [
            "client_id": .string(id), "client_id_issued_at": .integer(Int64(now())),
            "redirect_uris": .array(redirectURIs.map(JSON.string)), "token_endpoint_auth_method": .string(method),
            "grant_types": .array(grantTypes.map(JSON.string)), "response_types": ["code"],
        ]
        members["client_name"] = metadata["client_name"].map(JSON.init)
        members["client_secret"] = secret.map(JSON.string)
        if secret != nil { members["client_secret_expires_at"] = 0 }
        if !scope.isEmpty { members["scope"] = .string(scope.joined(separator: " ")) }
        return .json(.object(members), status: 201)
    }
}
#endif
