// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Where authorization server metadata is published.
package enum WellKnown {
    /// The URL by RFC 8414 section 3.1: inserted between host and path, without a terminating slash of the path.
    package static func oauth(_ issuer: HTTPURL) -> HTTPURL? {
        HTTPURL(issuer.origin + "/.well-known/oauth-authorization-server" + pathWithoutTerminatingSlash(issuer))
    }

    /// The URL by OpenID Connect Discovery 1.0 section 4: appended to the path.
    package static func oidc(_ issuer: HTTPURL) -> HTTPURL? {
        HTTPURL(issuer.origin + pathWithoutTerminatingSlash(issuer) + "/.well-known/openid-configuration")
    }

    /// One place where MCP clients look.
    package struct Place: Sendable, Hashable {
        /// The discovery method, such as `RFC 8414`.
        package let way: String
        package let url: HTTPURL
    }

    /// The places where MCP clients look for the metadata of an issuer, in the order they use (MCP 2026-07-28,
    /// authorization server discovery): RFC 8414, then OpenID Connect with the path inserted, then with the path
    /// appended.
    package static func places(_ issuer: HTTPURL) -> [Place] {
        let path = pathWithoutTerminatingSlash(issuer)
        let inserted = HTTPURL(issuer.origin + "/.well-known/openid-configuration" + path)
        let all = [("RFC 8414", oauth(issuer)), ("OpenID Connect", inserted), ("OpenID Connect", oidc(issuer))]
        return all.reduce(into: []) { places, place in
            guard let url = place.1, !places.contains(where: { $0.url == url }) else { return }
            places.append(Place(way: place.0, url: url))
        }
    }

    /// A place where some servers publish RFC 8414 metadata, but no MCP client looks; `nil` for an issuer without path.
    package static func oauthAppended(_ issuer: HTTPURL) -> HTTPURL? {
        let path = pathWithoutTerminatingSlash(issuer)
        guard !path.isEmpty else { return nil }
        return HTTPURL(issuer.origin + path + "/.well-known/oauth-authorization-server")
    }

    private static func pathWithoutTerminatingSlash(_ issuer: HTTPURL) -> String {
        issuer.path.hasSuffix("/") ? String(issuer.path.dropLast()) : issuer.path
    }
}
