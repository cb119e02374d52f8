// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Which JWTs count as access tokens (RFC 8725 section 3.11).
public enum AccessTokenProfile: String, Sendable, CaseIterable {
    /// What most issuers send: `typ` is absent, `JWT` or `at+jwt`, and nothing marks it as another kind of token.
    case lenient
    /// RFC 9068 to the letter: `typ` is `at+jwt`, and every claim of its section 2.2 is present.
    case rfc9068

    /// Whether header and claims are those of an access token.
    func accepts(_ header: JOSEHeader, _ claims: JSONValue) -> Bool {
        guard !Self.isMarkedAsAnotherKind(claims) else { return false }
        switch self {
        case .lenient:
            return header.mediaType.map { $0 == "jwt" || $0 == "at+jwt" } ?? true
        case .rfc9068:
            return header.mediaType == "at+jwt" && Self.hasEveryRequiredClaim(claims)
        }
    }

    /// The marks of ID tokens (OpenID Connect Core section 2), security event tokens (RFC 8417 section 2.2), and of
    /// the refresh and ID tokens that issuers tell apart by a claim.
    private static func isMarkedAsAnotherKind(_ claims: JSONValue) -> Bool {
        // Most tokens have none of these, which one pass over the names tells.
        guard claims.hasMember(among: marks) else { return false }
        if ["nonce", "at_hash", "c_hash", "s_hash", "events"].contains(where: { claims[$0] != nil }) { return true }
        if let use = claims["token_use"], !use.isString("access") { return true }
        if let type = claims["typ"] {
            let known = ["bearer", "dpop", "jwt", "at+jwt", "access", "access_token"]
            if type.string.map({ !known.contains($0.lowercased()) }) ?? true { return true }
        }
        let otherKinds = ["refresh_token", "id_token", "refresh", "id"]
        return claims["type"]?.string.map { otherKinds.contains($0.lowercased()) } ?? false
    }

    private static let marks = ["nonce", "at_hash", "c_hash", "s_hash", "events", "token_use", "typ", "type"].map {
        Array($0.utf8)
    }

    /// RFC 9068 section 2.2; `iss`, `exp` and `aud` are checked for every token.
    private static func hasEveryRequiredClaim(_ claims: JSONValue) -> Bool {
        ["sub", "client_id", "jti"].allSatisfy { claims[$0]?.string.map { !$0.isEmpty } ?? false }
            && claims["iat"]?.number != nil
    }
}
