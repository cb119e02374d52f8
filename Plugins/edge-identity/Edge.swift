// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthModule

/// A proxy that signs assertions, and what they look like.
enum Edge {
    /// Cloudflare Access ("Validate JWTs", "Application token"): `Cf-Access-Jwt-Assertion`.
    case cloudflareAccess(team: String)
    /// Google's Identity-Aware Proxy ("Securing your app with signed headers"): `X-Goog-Iap-Jwt-Assertion`.
    case googleIAP

    init(_ configuration: JSON) throws {
        let team = configuration["team"]?.string
        guard configuration["provider"]?.string == "cloudflare-access" else {
            guard team == nil else { throw ModuleConfigurationError("`team` is for `cloudflare-access` only") }
            self = .googleIAP
            return
        }
        guard let team, let url = HTTPURL(team), url.path.isEmpty || url.path == "/", url.query == nil else {
            throw ModuleConfigurationError(
                "`team` must be the team domain, such as https://example.cloudflareaccess.com, without a path"
            )
        }
        self = .cloudflareAccess(team: team.hasSuffix("/") ? String(team.dropLast()) : team)
    }

    var issuer: String {
        switch self {
        case .cloudflareAccess(let team): team
        case .googleIAP: "https://cloud.google.com/iap"
        }
    }

    var keys: String {
        switch self {
        case .cloudflareAccess(let team): team + "/cdn-cgi/access/certs"
        case .googleIAP: "https://www.gstatic.com/iap/verify/public_key-jwk"
        }
    }

    var algorithm: SignatureAlgorithm {
        switch self {
        case .cloudflareAccess: .rs256
        case .googleIAP: .es256
        }
    }

    /// Whether the token is one for an application, and not the session token of an organisation, which is valid for
    /// every application.
    func isAssertion(_ claims: [String: JSON]) -> Bool {
        switch self {
        case .cloudflareAccess: claims["type"]?.string == "app"
        case .googleIAP: true
        }
    }

    /// The claims without those that were checked here.
    ///
    /// The assertion of a service token of Cloudflare has an empty `sub` and the name of the client in `common_name`.
    func caller(_ claims: [String: JSON]) -> [String: JSON] {
        var claims = claims
        for name in ["iss", "aud"] { claims[name] = nil }
        guard case .cloudflareAccess = self, claims["sub"]?.string?.isEmpty ?? true else { return claims }
        claims["sub"] = nil
        claims["client_id"] = claims["common_name"]
        return claims
    }
}
