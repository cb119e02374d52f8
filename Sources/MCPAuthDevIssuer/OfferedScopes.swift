// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
extension Form {
    /// The scopes of a request; `nil` when it names none.
    var scope: [String]? {
        let values = (self["scope"] ?? "").split(separator: " ").map(String.init)
        return values.isEmpty ? nil : values
    }
}

/// Which scopes and resources may be requested.
extension DevIssuer {
    /// The scopes of a client that requests none (RFC 6749 section 3.3): all offered scopes that it may have.
    func defaultScope(for client: IssuerStore.Client?) -> [String] {
        let own = client?.configuration.scopes ?? []
        let offered = configuration.scopesSupported
        return offered.isEmpty ? own : offered.filter { own.isEmpty || own.contains($0) }
    }

    /// The error for scopes that tokens must not have; `nil` when all are allowed.
    func refusal(ofScope scope: [String], for client: IssuerStore.Client?) -> OAuthError? {
        let offered = configuration.scopesSupported
        if !offered.isEmpty, let other = scope.first(where: { !offered.contains($0) }) {
            let known = offered.joined(separator: " ")
            return OAuthError("invalid_scope", "the scope `\(other)` is not offered; these are: \(known)")
        }
        let own = client?.configuration.scopes ?? []
        if !own.isEmpty, let other = scope.first(where: { !own.contains($0) }) {
            let known = own.joined(separator: " ")
            return OAuthError("invalid_scope", "this client may not have the scope `\(other)`, only: \(known)")
        }
        return nil
    }

    /// The error for resources that tokens must not be for; `nil` when all are allowed: absolute URIs without fragment
    /// (RFC 8707 section 2), and only configured ones if there are any.
    func refusal(ofResources resources: [String]) -> OAuthError? {
        for resource in resources {
            guard resource.utf8.contains(UInt8(ascii: ":")), !resource.utf8.contains(UInt8(ascii: "#")) else {
                return OAuthError("invalid_target", "`\(resource)` is not an absolute URI without fragment")
            }
            guard configuration.resources.isEmpty || configuration.resources.contains(resource) else {
                let known = configuration.resources.joined(separator: " ")
                return OAuthError("invalid_target", "there are no tokens for `\(resource)`, only for: \(known)")
            }
        }
        return nil
    }
}
#endif
