// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Where authorization server metadata is published.
package enum WellKnown {
    /// RFC 8414 section 3.1: inserted between host and path; a terminating slash of the path is dropped.
    package static func oauth(_ issuer: HTTPURL) -> HTTPURL? {
        HTTPURL(issuer.origin + "/.well-known/oauth-authorization-server" + pathWithoutTerminatingSlash(issuer))
    }

    /// OpenID Connect Discovery 1.0 section 4: appended to the path.
    package static func oidc(_ issuer: HTTPURL) -> HTTPURL? {
        HTTPURL(issuer.origin + pathWithoutTerminatingSlash(issuer) + "/.well-known/openid-configuration")
    }

    private static func pathWithoutTerminatingSlash(_ issuer: HTTPURL) -> String {
        issuer.path.hasSuffix("/") ? String(issuer.path.dropLast()) : issuer.path
    }
}
