// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Authorization server metadata (RFC 8414 section 2), also served at the URL of OpenID Connect.
extension DevIssuer {
    func metadata() -> IssuerResponse {
        let issuer = issuer
        var members: [String: JSON] = [
            "issuer": .string(issuer), "jwks_uri": .string("\(issuer)/jwks"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": .array(Self.grantTypes.map(JSON.string)),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": true, "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [.string(configuration.algorithm.rawValue)],
        ]
        let endpoints = [
            ("authorization", "authorize"), ("token", "token"), ("registration", "register"),
            ("introspection", "introspect"),
        ]
        for (name, path) in endpoints { members["\(name)_endpoint"] = .string("\(issuer)/\(path)") }
        if !configuration.scopesSupported.isEmpty {
            members["scopes_supported"] = .array(configuration.scopesSupported.map(JSON.string))
        }
        return .json(.object(members))
    }
}
#endif
